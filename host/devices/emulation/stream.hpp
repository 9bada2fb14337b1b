#pragma once
/// Streams of the runtime double: queues whose work runs only when somebody waits for it, so that a missing wait shows
/// as memory that has not been written.

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <stdexcept>

namespace kronvec::emulation {

/// The caller of a CUDA function violated its contract in a way that a GPU may not notice.
class Misuse : public std::runtime_error {
public:
  using runtime_error::runtime_error;
};

/// Throws Misuse if the stream does not exist, or no longer exists.
void check_stream(const char *call, cudaStream_t stream);

/// Adds work to a stream. Work for the null stream runs immediately, after all other work.
void enqueue(cudaStream_t stream, std::function<void()> work);

/// Whether the stream captures its work into a graph.
bool captures(cudaStream_t stream);

/// Number of pieces of work that wait in a stream: launches, copies, library calls.
std::size_t waiting(cudaStream_t stream);

/// The status that cudaLaunchKernel would return.
cudaError_t check_launch(const void *kernel, dim3 grid, dim3 block, std::size_t shared_bytes);

/// Throws Misuse unless the bytes lie in one live block of device memory. `call` names the function.
void require_device_memory(const char *call, const char *argument, const void *data, std::size_t bytes);
/// The same for an operand of work in a stream. Also throws Misuse if another stream allocated the memory and nobody
/// has waited for that stream since: the memory may not exist yet. Not checked while the stream captures, because the
/// graph may be launched in any stream.
void require_operand(cudaStream_t stream, const char *call, const char *argument, const void *data, std::size_t bytes);
/// The same for every word of an argument that is an address of device memory, whatever the argument's type.
void require_operands(cudaStream_t stream, const char *call, const void *argument, std::size_t bytes);
/// Like `require_device_memory`, but called while work of a stream runs, for addresses that lie in device memory. A
/// block that the caller has freed since then still exists until the stream reaches the free.
void require_memory_at_work(const char *call, const char *argument, const void *data, std::size_t bytes);

} // namespace kronvec::emulation

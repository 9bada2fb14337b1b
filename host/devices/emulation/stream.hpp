#pragma once
/// Streams of the runtime double: queues whose work is done only when somebody waits for it, so that a missing wait
/// shows as memory that nobody has written.

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <stdexcept>

namespace kronvec::emulation {

/// The caller of a CUDA function broke its contract in a way that a GPU may or may not notice.
class Misuse : public std::runtime_error {
public:
  using runtime_error::runtime_error;
};

/// Throws Misuse where there is no such stream, or no longer.
void check_stream(const char *call, cudaStream_t stream);

/// Adds work to a stream; for the null stream it is done at once, after all other work.
void enqueue(cudaStream_t stream, std::function<void()> work);

/// Whether work for the stream goes to a graph.
bool captures(cudaStream_t stream);

/// Pieces of work that wait in a stream: launches, copies, calls of libraries.
std::size_t waiting(cudaStream_t stream);

/// What cudaLaunchKernel would answer.
cudaError_t check_launch(const void *kernel, dim3 grid, dim3 block, std::size_t shared_bytes);

/// Throws Misuse unless the bytes lie in one live block of device memory. `call` names the function.
void require_device_memory(const char *call, const char *argument, const void *data, std::size_t bytes);
/// The same for what work in a stream uses, which must not be memory that another stream has allocated and may not have
/// yet: throws Misuse also where nobody has waited for that one since. What a stream captures is done in whichever
/// stream the graph is launched in, and not looked at.
void require_operand(cudaStream_t stream, const char *call, const char *argument, const void *data, std::size_t bytes);
/// The same for all addresses of device memory among the words of an argument, whatever it is made of.
void require_operands(cudaStream_t stream, const char *call, const void *argument, std::size_t bytes);
/// As `require_device_memory` while work of a stream is done, to which addresses come in device memory: a block that
/// the caller has freed since is there until the stream comes to it.
void require_memory_at_work(const char *call, const char *argument, const void *data, std::size_t bytes);

} // namespace kronvec::emulation

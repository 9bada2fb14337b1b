#pragma once
/// Declarations shared by the files of the runtime double.

#include "devices/emulation/stream.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace kronvec::emulation {

constexpr std::size_t memory_size = std::size_t(4) << 30; ///< bytes of the device
constexpr std::size_t max_pitch = 0x7fffffff;             ///< max pitch of a copy of several runs
constexpr std::size_t max_shared_memory = 227 << 10;      ///< per block, on an sm_90

/// Work in order. It can run more than once.
using Works = std::vector<std::function<void()>>;

/// Locked by every call of the runtime.
std::recursive_mutex &mutex();
/// Records the status for cudaGetLastError, and returns it.
cudaError_t result(cudaError_t status);
/// Throws Misuse if the stream captures: the call would become a node of the graph, or an error.
void refuse_in_capture(const char *call, cudaStream_t stream);

} // namespace kronvec::emulation

struct CUstream_st {
  std::deque<std::function<void()>> work;
  std::size_t waits = 0;                               ///< number of waits for all of the stream's work
  std::unique_ptr<kronvec::emulation::Works> captured; ///< while the stream captures: the work of the graph
};

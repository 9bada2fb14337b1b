#pragma once
/// What the files of the runtime double share.

#include "devices/emulation/stream.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace kronvec::emulation {

constexpr std::size_t memory_size = std::size_t(4) << 30; ///< of the device
constexpr std::size_t most_pitch = 0x7fffffff;            ///< of a copy of several runs
constexpr std::size_t most_shared_memory = 227 << 10;     ///< of a block, on an sm_90

/// Work in order. It can be done more than once.
using Works = std::vector<std::function<void()>>;

/// Held by every call of the runtime.
std::recursive_mutex &mutex();
/// The status, which cudaGetLastError will report.
cudaError_t result(cudaError_t status);
/// Throws Misuse where the stream captures, which would make the call a node of the graph or an error.
void refuse_in_capture(const char *call, cudaStream_t stream);

} // namespace kronvec::emulation

struct CUstream_st {
  std::deque<std::function<void()>> work;
  std::size_t waits = 0;                               ///< how often somebody has waited for all of its work
  std::unique_ptr<kronvec::emulation::Works> captured; ///< what goes to the graph instead, while the stream captures
};

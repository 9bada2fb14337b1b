/// A test double of the CUDA runtime calls that kronvec makes. Device memory is filled with NaN and inaccessible to the
/// host, streams are queues that run only when somebody waits, and calls that would fail on a GPU are refused.

#include "devices/emulation/memory.hpp"
#include "devices/emulation/world.hpp"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <new>
#include <utility>

namespace kronvec::emulation {
namespace {

struct Allocation {
  std::size_t size;
  cudaStream_t stream; ///< stream in whose order it was allocated
  std::size_t waits;   ///< number of waits for that stream before the allocation
};
using Allocations = std::map<const char *, Allocation>; ///< by address

struct World {
  std::recursive_mutex mutex;
  Allocations blocks; ///< live device memory
  Allocations going;  ///< freed by a call, but present until the stream has done all earlier work
  std::vector<std::unique_ptr<CUstream_st>> streams;
  std::vector<std::unique_ptr<CUstream_st>> destroyed; ///< kept, so that no new stream gets the same handle
  std::size_t in_use = 0;
};
thread_local cudaError_t last_error = cudaSuccess; ///< the error that cudaGetLastError reports

World &world() {
  static World &one = *new World; // outlives every static object that may still free memory
  return one;
}

/// The block that contains the address, or the end iterator.
auto block_of(const Allocations &blocks, const void *data) {
  const auto *address = static_cast<const char *>(data);
  auto next = blocks.upper_bound(address);
  if (next == blocks.begin()) return blocks.end();
  --next;
  return address < next->first + next->second.size ? next : blocks.end();
}
bool is_device_memory(const void *data) { return block_of(world().blocks, data) != world().blocks.end(); }

/// Throws Misuse unless the bytes lie in one of the blocks.
void require_memory(const Allocations &blocks, const char *call, const char *argument, const void *data,
                    std::size_t bytes) {
  const auto block = block_of(blocks, data);
  if (block == blocks.end())
    throw Misuse(fmt::format("{}: {} is not in device memory (a host pointer, or freed)", call, argument));
  const auto *end = static_cast<const char *>(data) + bytes, *last = block->first + block->second.size;
  if (end > last) throw Misuse(fmt::format("{}: {} ends {} bytes beyond its block", call, argument, end - last));
}

/// Bytes in use, including freed blocks that a stream has not yet released.
std::size_t bytes_held() {
  std::size_t bytes = world().in_use;
  for (const auto &[begin, block] : world().going)
    bytes += block.size;
  return bytes;
}

void drain(CUstream_st &stream) {
  ++stream.waits;
  if (stream.work.empty()) return;
  const Access access;
  while (!stream.work.empty()) {
    const auto work = std::move(stream.work.front());
    stream.work.pop_front();
    work();
  }
}

void drain_all() {
  for (const auto &stream : world().streams)
    drain(*stream);
}

} // namespace

std::recursive_mutex &mutex() { return world().mutex; }

cudaError_t result(cudaError_t status) {
  if (status != cudaSuccess) last_error = status;
  return status;
}

void check_stream(const char *call, cudaStream_t stream) {
  const std::lock_guard lock(world().mutex);
  const auto among = [&](const auto &streams) {
    return std::any_of(streams.begin(), streams.end(), [&](const auto &s) { return s.get() == stream; });
  };
  if (!stream || among(world().streams)) return;
  throw Misuse(
      fmt::format("{}: {}", call, among(world().destroyed) ? "the stream has been destroyed" : "no such stream"));
}

void refuse_in_capture(const char *call, cudaStream_t stream) {
  check_stream(call, stream);
  if (stream && stream->captured) throw Misuse(fmt::format("{}: the stream captures", call));
}

void enqueue(cudaStream_t stream, std::function<void()> work) {
  const std::lock_guard lock(world().mutex);
  check_stream("a launch", stream);
  if (stream && stream->captured) {
    stream->captured->push_back(std::move(work));
  } else if (stream) {
    stream->work.push_back(std::move(work));
  } else {
    drain_all();
    const Access access;
    work();
  }
}

bool captures(cudaStream_t stream) {
  const std::lock_guard lock(world().mutex);
  check_stream("a question", stream);
  return stream && stream->captured;
}

std::size_t waiting(cudaStream_t stream) {
  const std::lock_guard lock(world().mutex);
  check_stream("a question", stream);
  return stream->work.size();
}

void require_device_memory(const char *call, const char *argument, const void *data, std::size_t bytes) {
  if (bytes == 0) return;
  const std::lock_guard lock(world().mutex);
  require_memory(world().blocks, call, argument, data, bytes);
}

void require_operand(cudaStream_t stream, const char *call, const char *argument, const void *data, std::size_t bytes) {
  const std::lock_guard lock(world().mutex);
  require_memory(world().blocks, call, argument, data, bytes);
  if (stream && stream->captured) return;
  const auto &[size, owner, waits] = block_of(world().blocks, data)->second;
  if (owner != stream && owner && owner->waits == waits)
    throw Misuse(
        fmt::format("{}: {} was allocated in another stream, which nobody has waited for since", call, argument));
}

void require_operands(cudaStream_t stream, const char *call, const void *argument, std::size_t bytes) {
  const std::lock_guard lock(world().mutex);
  for (std::size_t at = 0; at + sizeof(void *) <= bytes; at += sizeof(void *)) {
    const void *word = nullptr;
    std::memcpy(&word, static_cast<const char *>(argument) + at, sizeof word);
    if (is_device_memory(word) || block_of(world().going, word) != world().going.end())
      require_operand(stream, call, "what an argument points to", word, 1);
  }
}

void require_memory_at_work(const char *call, const char *argument, const void *data, std::size_t bytes) {
  if (bytes == 0) return;
  const std::lock_guard lock(world().mutex);
  const bool going = block_of(world().going, data) != world().going.end();
  require_memory(going ? world().going : world().blocks, call, argument, data, bytes);
}

} // namespace kronvec::emulation

using namespace kronvec::emulation;

extern "C" {

cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return last_error; }

/// Freed memory stays in the pool until the stream reaches the call that frees it.
cudaError_t cudaMemGetInfo(std::size_t *free, std::size_t *total) {
  const std::lock_guard lock(world().mutex);
  *total = memory_size, *free = memory_size - bytes_held();
  return cudaSuccess;
}

cudaError_t cudaDeviceGetMemPool(cudaMemPool_t *pool, int) { return *pool = nullptr, cudaSuccess; }

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t, cudaMemPoolAttr attribute, void *value) {
  const std::lock_guard lock(world().mutex);
  auto &bytes = *static_cast<std::uint64_t *>(value);
  switch (attribute) {
  case cudaMemPoolAttrReservedMemCurrent:
    return bytes = bytes_held(), cudaSuccess;
  case cudaMemPoolAttrUsedMemCurrent:
    return bytes = world().in_use, cudaSuccess;
  default:
    return result(cudaErrorInvalidValue);
  }
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
  const std::lock_guard lock(world().mutex);
  *stream = world().streams.emplace_back(std::make_unique<CUstream_st>()).get();
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const std::lock_guard lock(world().mutex);
  if (!stream) return result(cudaErrorInvalidResourceHandle);
  refuse_in_capture("cudaStreamDestroy", stream);
  drain(*stream);
  auto &streams = world().streams;
  const auto found = std::find_if(streams.begin(), streams.end(), [&](const auto &s) { return s.get() == stream; });
  world().destroyed.push_back(std::move(*found));
  streams.erase(found);
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const std::lock_guard lock(world().mutex);
  refuse_in_capture("cudaStreamSynchronize", stream);
  if (stream)
    drain(*stream);
  else
    drain_all();
  return cudaSuccess;
}

cudaError_t cudaMallocAsync(void **block, std::size_t bytes, cudaStream_t stream) {
  const std::lock_guard lock(world().mutex);
  refuse_in_capture("cudaMallocAsync", stream);
  if (bytes == 0) return result(cudaErrorInvalidValue);
  if (bytes > memory_size - world().in_use) return result(cudaErrorMemoryAllocation);
  *block = take_memory(bytes);
  if (!*block) return result(cudaErrorMemoryAllocation);
  world().blocks[static_cast<const char *>(*block)] = {bytes, stream, stream ? stream->waits : 0};
  world().in_use += bytes;
  return cudaSuccess;
}

/// The block is dead for every later call. Its memory is released when the stream has done all earlier work.
cudaError_t cudaFreeAsync(void *block, cudaStream_t stream) {
  const std::lock_guard lock(world().mutex);
  refuse_in_capture("cudaFreeAsync", stream);
  const auto found = world().blocks.find(static_cast<const char *>(block));
  if (found == world().blocks.end()) return result(cudaErrorInvalidValue);
  world().in_use -= found->second.size;
  const char *begin = found->first;
  world().going.insert(world().blocks.extract(found));
  enqueue(stream, [begin, block] { world().going.erase(begin), give_memory_back(block); });
  return cudaSuccess;
}

/// The real runtime waits for the whole device here. kronvec does not intend that, so work in flight is an error.
cudaError_t cudaFree(void *block) {
  const std::lock_guard lock(world().mutex);
  for (const auto &stream : world().streams)
    if (!stream->work.empty()) throw Misuse("cudaFree: a stream still has work, which may use this memory");
  return cudaFreeAsync(block, nullptr);
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes *attributes, const void *data) {
  const std::lock_guard lock(world().mutex);
  *attributes = {};
  attributes->type = is_device_memory(data) ? cudaMemoryTypeDevice : cudaMemoryTypeUnregistered;
  return cudaSuccess;
}

/// A copy from host memory reads its source immediately, as from pageable memory. A copy to host memory completes when
/// somebody waits, as to pinned memory; until then the target is NaN.
static cudaError_t copy_runs(void *to, std::size_t to_pitch, const void *from, std::size_t from_pitch,
                             std::size_t width, std::size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  const std::lock_guard lock(world().mutex);
  const char *call = "cudaMemcpy2DAsync";
  check_stream(call, stream);
  if (width == 0 || height == 0) return cudaSuccess;
  if (kind != cudaMemcpyDefault) throw Misuse("cudaMemcpy2DAsync: kronvec leaves the direction to the runtime");
  const bool to_device = is_device_memory(to), from_device = is_device_memory(from);
  if (to_device) require_operand(stream, call, "the target", to, to_pitch * (height - 1) + width);
  if (from_device) require_operand(stream, call, "the source", from, from_pitch * (height - 1) + width);
  if (!to_device || !from_device) refuse_in_capture("cudaMemcpy2DAsync of host memory", stream);
  const auto copy = [=](const char *source, std::size_t pitch) {
    for (std::size_t i = 0; i < height; ++i)
      std::memcpy(static_cast<char *>(to) + i * to_pitch, source + i * pitch, width);
  };
  const auto *source = static_cast<const char *>(from);
  if (!to_device)
    for (std::size_t i = 0; i < height; ++i)
      std::memset(static_cast<char *>(to) + i * to_pitch, 0xff, width);
  if (from_device) {
    enqueue(stream, [=] { copy(source, from_pitch); });
  } else {
    std::vector<char> staged(width * height);
    for (std::size_t i = 0; i < height; ++i)
      std::memcpy(staged.data() + i * width, source + i * from_pitch, width);
    enqueue(stream, [=, staged = std::move(staged)] { copy(staged.data(), width); });
  }
  return cudaSuccess;
}

cudaError_t cudaMemcpy2DAsync(void *to, std::size_t to_pitch, const void *from, std::size_t from_pitch,
                              std::size_t width, std::size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  if (std::min(to_pitch, from_pitch) < width || std::max(to_pitch, from_pitch) > max_pitch)
    return result(cudaErrorInvalidPitchValue);
  return copy_runs(to, to_pitch, from, from_pitch, width, height, kind, stream);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  return copy_runs(to, bytes, from, bytes, bytes, 1, kind, stream);
}

} // extern "C"

/// Memory of the host, and the pool of workspaces.

#include "devices/pool.hpp"

#include "kronvec/error.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <string>
#include <sys/mman.h>

namespace kronvec::inline KRONVEC_ABI {
namespace {

constexpr std::size_t page = 2 << 20; // a huge page
constexpr std::size_t line = 64;

std::size_t round_up(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

} // namespace

void *Memory::allocate(std::size_t bytes) {
  void *block = obtain(bytes);
  if (!block) throw out_of_memory("one block of memory", static_cast<double>(bytes), static_cast<double>(bytes_free()));
  const std::size_t now = in_use_ += bytes;
  for (std::size_t peak = peak_; now > peak && !peak_.compare_exchange_weak(peak, now);) {
  }
  return block;
}

void Memory::deallocate(void *block, std::size_t bytes) noexcept {
  release(block);
  in_use_ -= bytes;
}

void *HostMemory::obtain(std::size_t bytes) {
  const bool huge = bytes >= 2 * page;
  const std::size_t unit = huge ? page : line;
  if (huge && bytes > host_bytes_free()) return nullptr; // Linux would grant memory that it does not have
  void *block = std::aligned_alloc(unit, round_up(bytes, unit));
  if (block && huge) madvise(block, round_up(bytes, unit), MADV_HUGEPAGE);
  return block;
}

void HostMemory::release(void *block) noexcept { std::free(block); }

Blocks::Blocks(std::size_t bytes, std::size_t count) {
  if (bytes > 0 && count > 0) count_[Pool::block_size(bytes)] = count;
}

KRONVEC_API Blocks operator+(Blocks a, const Blocks &b) {
  for (const auto &[size, count] : b.count_)
    a.count_[size] += count;
  return a;
}

KRONVEC_API Blocks operator|(Blocks a, const Blocks &b) {
  for (const auto &[size, count] : b.count_)
    a.count_[size] = std::max(a.count_[size], count);
  return a;
}

std::size_t Blocks::bytes() const {
  std::size_t all = 0;
  for (const auto &[size, count] : count_)
    all += size * count;
  return all;
}

Pool::~Pool() { trim(); }

/// Requests of similar size share blocks: there are eight sizes between consecutive powers of two.
std::size_t Pool::block_size(std::size_t bytes) {
  if (bytes == 0) return 0;
  const std::size_t unit = std::max<std::size_t>(line, std::bit_floor(bytes) / 8);
  return round_up(bytes, unit);
}

Pool::Block Pool::take(std::size_t bytes) {
  if (bytes == 0) return {};
  const std::size_t size = block_size(bytes);
  {
    const std::lock_guard lock(mutex_);
    if (auto &blocks = free_[size]; !blocks.empty()) {
      void *block = blocks.back();
      blocks.pop_back();
      return {*this, block, size};
    }
  }
  try {
    return {*this, memory_.allocate(size), size};
  } catch (const OutOfMemory &) {
    trim(); // blocks kept for other sizes may be the memory that is missing
  }
  return {*this, memory_.allocate(size), size};
}

void Pool::give_back(void *data, std::size_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  try {
    free_[bytes].push_back(data);
  } catch (...) { // no memory to record the block: free it instead
    memory_.deallocate(data, bytes);
  }
}

void Pool::trim() {
  const std::lock_guard lock(mutex_);
  for (auto &[bytes, blocks] : free_) {
    for (void *block : blocks)
      memory_.deallocate(block, bytes);
    blocks.clear();
  }
}

} // namespace kronvec

#pragma once
/// The place of blocks of device memory; one backing for each kind of build (the reason is in memory.hpp).

#include <cstddef>

#if defined(KRONVEC_EMULATION_ASAN) || defined(KRONVEC_EMULATION_TSAN)

#include "devices/emulation/sanitizers.hpp"

#include <cstdlib>
#include <cstring>
#include <map>

namespace kronvec::emulation {

/// Blocks on the heap.
class Arena {
public:
  char *obtain(std::size_t bytes) {
    auto *data = static_cast<char *>(std::malloc(bytes));
    if (!data) return nullptr;
    std::memset(data, 0xff, bytes);
    blocks_[data] = bytes;
    sanitizer::poison(data, bytes);
    return data;
  }
  void release(char *data) {
    blocks_.erase(data);
    std::free(data);
  }
  void open() {
    for (const auto &[data, bytes] : blocks_)
      sanitizer::unpoison(data, bytes);
  }
  void close() {
    for (const auto &[data, bytes] : blocks_)
      sanitizer::poison(data, bytes);
  }

private:
  std::map<char *, std::size_t> blocks_;
};

} // namespace kronvec::emulation

#else

#include <deque>
#include <map>
#include <vector>

namespace kronvec::emulation {

class Arena {
public:
  Arena();
  char *obtain(std::size_t bytes);
  void release(char *data);
  void open();
  void close();
  bool holds(const void *address) const { return address >= base_ && address < base_ + size; }

private:
  static constexpr std::size_t size = std::size_t(16) << 30; ///< bytes of addresses; four times the device's memory

  /// The first gap that fits, from the arena's second page on.
  char *gap(std::size_t length, std::size_t alignment) const;
  void guard(char *pages, std::size_t length);
  void remove_guard(char *pages, std::size_t length);
  void wake();
  void fill();
  void move(char *from, char *to);
  void protect(int protection);
  char *now(char *pages) const;

  struct PageRange {
    char *begin;
    std::size_t length;
  };

  char *base_ = nullptr, *closed_ = nullptr;
  std::size_t used_ = 0;                 ///< bytes from the base on
  std::map<char *, std::size_t> places_; ///< begin and length, including the guard page at the end
  std::deque<char *> resting_;           ///< places of freed blocks
  std::vector<PageRange> fresh_;         ///< pages that are not yet filled with NaN
  int empty_file_ = -1;                  ///< used if the kernel has no guard pages
  bool open_ = false;
};

} // namespace kronvec::emulation

#endif

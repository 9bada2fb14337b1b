/// Places blocks of device memory, and opens and closes the arena.

#include "devices/emulation/arena.hpp"

#if !defined(KRONVEC_EMULATION_ASAN) && !defined(KRONVEC_EMULATION_TSAN)

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <new>
#include <sys/mman.h>
#include <system_error>

namespace kronvec::emulation {
namespace {

constexpr std::size_t page = 4096, huge_page = 2 << 20, alignment_of_cuda = 256;
constexpr std::size_t table = 1 << 30; ///< bytes that one entry of a page table's third level maps
constexpr std::size_t max_resting = 64;
constexpr int guard_install = 102, guard_remove = 103; ///< MADV_GUARD_INSTALL, MADV_GUARD_REMOVE: Linux 6.13 and later

char *round_up(char *address, std::size_t unit) {
  return address + (unit - reinterpret_cast<std::uintptr_t>(address) % unit) % unit;
}

void require(bool done, const char *what) {
  if (!done) throw std::system_error(errno, std::generic_category(), what);
}

} // namespace

/// Reserves two address ranges. Blocks have addresses in the first; while the arena is closed, their pages lie in the
/// second.
Arena::Arena() {
  void *memory = mmap(nullptr, 2 * size + table, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  base_ = round_up(static_cast<char *>(memory), table), closed_ = base_ + size;
  require(mmap(closed_, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) ==
              closed_,
          "device memory");
  (void)madvise(base_, 2 * size, MADV_HUGEPAGE);
  if (madvise(closed_, page, guard_install) == 0) return;
  require((empty_file_ = memfd_create("guard", MFD_CLOEXEC)) >= 0, "memfd_create");
  closed_ = base_;
}

char *Arena::gap(std::size_t length, std::size_t alignment) const {
  char *at = base_ + page;
  for (const auto &[begin, taken] : places_) {
    char *aligned = round_up(at, alignment);
    if (aligned <= begin && length <= static_cast<std::size_t>(begin - aligned)) return aligned;
    at = begin + taken;
  }
  char *aligned = round_up(at, alignment), *const end = base_ + size;
  return aligned < end && length <= static_cast<std::size_t>(end - aligned) ? aligned : nullptr;
}

char *Arena::obtain(std::size_t bytes) {
  const std::size_t length = std::max(page, (bytes + page - 1) / page * page);
  const auto place = [&] { return gap(length + page, length >= huge_page ? huge_page : page); };
  char *begin = place();
  for (; !begin && !resting_.empty(); begin = place())
    wake();
  if (!begin) return nullptr;
  guard(begin + length, page), remove_guard(begin, length);
  places_[begin] = length + page;
  used_ = std::max(used_, static_cast<std::size_t>(begin + length + page - base_));
  fresh_.push_back({begin, length});
  if (open_) fill();
  return begin + (length - bytes) / alignment_of_cuda * alignment_of_cuda;
}

void Arena::release(char *data) {
  const auto place = std::prev(places_.upper_bound(data));
  std::erase_if(fresh_, [&](const PageRange &range) { return range.begin == place->first; });
  guard(place->first, place->second);
  resting_.push_back(place->first);
  if (resting_.size() > max_resting) wake();
}

/// Makes the place that has rested longest available again.
void Arena::wake() {
  places_.erase(resting_.front());
  resting_.pop_front();
}

void Arena::open() {
  empty_file_ < 0 ? move(closed_, base_) : protect(PROT_READ | PROT_WRITE);
  open_ = true;
  fill();
}

void Arena::close() {
  if (empty_file_ < 0) move(base_, closed_);
  protect(PROT_NONE);
  open_ = false;
}

void Arena::fill() {
  for (const auto &[begin, length] : fresh_)
    std::memset(begin, 0xff, length);
  fresh_.clear();
}

/// Moves all pages. The old addresses get new pages without memory.
void Arena::move(char *from, char *to) {
  require(mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to) == to,
          "mremap of device memory");
}

void Arena::protect(int protection) {
  const std::size_t length = empty_file_ < 0 ? size : used_;
  if (length > 0) require(mprotect(base_, length, protection) == 0, "mprotect of device memory");
}

/// The current address of these pages.
char *Arena::now(char *pages) const { return open_ ? pages : closed_ + (pages - base_); }

/// Older kernels: maps pages of a file beyond its end. They cannot be accessed either, but each is a mapping of its
/// own.
void Arena::guard(char *pages, std::size_t length) {
  if (empty_file_ < 0) return require(madvise(now(pages), length, guard_install) == 0, "a guard page");
  require(mmap(pages, length, PROT_NONE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, empty_file_, pages - base_) == pages,
          "a guard page");
}

void Arena::remove_guard(char *pages, std::size_t length) {
  if (empty_file_ < 0) return require(madvise(now(pages), length, guard_remove) == 0, "a page behind guards");
  const int protection = open_ ? PROT_READ | PROT_WRITE : PROT_NONE;
  require(mmap(pages, length, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == pages,
          "a page behind guards");
}

} // namespace kronvec::emulation

#endif

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
constexpr std::size_t most_resting = 64;
constexpr int guard_install = 102, guard_remove = 103; ///< MADV_GUARD_INSTALL and _REMOVE, of Linux 6.13 and later

char *round_up(char *address, std::size_t unit) {
  return address + (unit - reinterpret_cast<std::uintptr_t>(address) % unit) % unit;
}

void require(bool done, const char *what) {
  if (!done) throw std::system_error(errno, std::generic_category(), what);
}

} // namespace

Arena::Arena() {
  void *memory = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  base_ = static_cast<char *>(memory);
  (void)madvise(base_, size, MADV_HUGEPAGE); // without, large blocks are slower to open
  if (madvise(base_, page, guard_install) != 0)
    require((empty_file_ = memfd_create("guard", MFD_CLOEXEC)) >= 0, "memfd_create");
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
  char *const begin = gap(length + page, length >= huge_page ? huge_page : page);
  if (!begin) return nullptr;
  guard(begin + length, page), remove_guard(begin, length);
  places_[begin] = length + page;
  used_ = std::max(used_, static_cast<std::size_t>(begin + length + page - base_));
  fresh_.push_back({begin, length});
  if (open_) open();
  return begin + (length - bytes) / alignment_of_cuda * alignment_of_cuda;
}

void Arena::release(char *data) {
  const auto [begin, length] = *std::prev(places_.upper_bound(data));
  std::erase_if(fresh_, [&](const Run &run) { return run.begin == begin; });
  guard(begin, length);
  resting_.push_back(begin);
  if (resting_.size() <= most_resting) return;
  places_.erase(resting_.front());
  resting_.pop_front();
}

void Arena::open() {
  open_ = true;
  protect(PROT_READ | PROT_WRITE);
  for (const auto &[begin, length] : fresh_)
    std::memset(begin, 0xff, length);
  fresh_.clear();
}

void Arena::close() {
  open_ = false;
  protect(PROT_NONE);
}

void Arena::protect(int protection) {
  if (used_ > 0) require(mprotect(base_, used_, protection) == 0, "mprotect of device memory");
}

/// On an older kernel: pages of a file behind its end, which cannot be touched either, but each a mapping of its own.
void Arena::guard(char *pages, std::size_t length) {
  if (empty_file_ < 0) return require(madvise(pages, length, guard_install) == 0, "a guard page");
  require(mmap(pages, length, PROT_NONE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, empty_file_, pages - base_) == pages,
          "a guard page");
}

void Arena::remove_guard(char *pages, std::size_t length) {
  if (empty_file_ < 0) return require(madvise(pages, length, guard_remove) == 0, "a page behind guards");
  require(mmap(pages, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == pages,
          "a page behind guards");
}

} // namespace kronvec::emulation

#endif

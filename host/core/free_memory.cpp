#include "core/free_memory.hpp"

#include "core/readable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <limits>

namespace kronvec::inline KRONVEC_ABI {
namespace {

std::size_t number_in(const char *path) {
  std::size_t number = std::numeric_limits<std::size_t>::max();
  std::ifstream(path) >> number; // the text "max" (no limit) leaves 0
  return number == 0 ? std::numeric_limits<std::size_t>::max() : number;
}

} // namespace

std::size_t host_bytes_free() {
  std::size_t free = std::numeric_limits<std::size_t>::max();
  std::ifstream info("/proc/meminfo");
  for (std::string key, unit; info >> key;) {
    if (std::size_t kib = 0; key == "MemAvailable:" && info >> kib) {
      free = kib * 1024;
      break;
    }
    std::getline(info, unit);
  }
  const std::size_t limit = number_in("/sys/fs/cgroup/memory.max");
  if (limit == std::numeric_limits<std::size_t>::max()) return free;
  const std::size_t current = number_in("/sys/fs/cgroup/memory.current");
  return std::min(free, limit > current ? limit - current : 0);
}

OutOfMemory out_of_memory(const std::string &what, double bytes, double free, double beside) {
  const std::string alone = readable_bytes(bytes), all = readable_bytes(bytes + beside);
  return OutOfMemory(fmt::format("{} would take {},{} {} are free", what, alone,
                                 all == alone ? "" : " " + all + " with what is held beside it;",
                                 readable_bytes(free)));
}

void require_host_memory(double bytes, const std::string &what) {
  constexpr double small = 1 << 20; // not worth the question
  if (bytes < small) return;
  if (const auto free = static_cast<double>(host_bytes_free()); bytes > free) throw out_of_memory(what, bytes, free);
}

} // namespace kronvec

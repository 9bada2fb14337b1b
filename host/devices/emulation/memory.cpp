/// Device memory, and the report of forbidden accesses.

#include "devices/emulation/memory.hpp"

#include "devices/emulation/arena.hpp"
#include "devices/emulation/world.hpp"

#include <fmt/format.h>

#include <array>
#include <csignal>
#include <execinfo.h>
#include <map>
#include <optional>
#include <string_view>
#include <unistd.h>

#if defined(KRONVEC_EMULATION_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif

namespace kronvec::emulation {
namespace {

struct MemoryBlock {
  const char *data = nullptr;
  std::size_t bytes = 0, number = 0; ///< number of the cudaMallocAsync call that made it
  std::size_t after(const char *address) const { return static_cast<std::size_t>(address - data); }
  bool has(const char *address) const { return address >= data && after(address) < bytes; }
};

struct DeviceHeap {
  Arena arena;
  std::map<const char *, MemoryBlock> blocks;
  std::array<MemoryBlock, 64> freed{}; ///< the latest freed blocks, as a ring
  std::size_t taken = 0, given_back = 0;
  int open = 0; ///< number of Access objects
};

void watch_for_touches();

DeviceHeap &memory() {
  static DeviceHeap &one = *[] {
    auto *made = new DeviceHeap;
    watch_for_touches();
    return made;
  }();
  return one;
}

/// The last live block that begins at or before the address, otherwise the first block.
const MemoryBlock *nearest(const char *address) {
  const auto &blocks = memory().blocks;
  if (blocks.empty()) return nullptr;
  const auto next = blocks.upper_bound(address);
  return &(next == blocks.begin() ? next : std::prev(next))->second;
}

const MemoryBlock *freed_block(const char *address) {
  const auto &freed = memory().freed;
  for (std::size_t k = 1; k <= freed.size(); ++k) // the latest first
    if (const MemoryBlock &b = freed[(memory().given_back - k) % freed.size()]; b.has(address)) return &b;
  return nullptr;
}

using Message = std::array<char, 512>;

/// Describes the place of the address. Writes to `text`, because a signal handler must not allocate.
std::string_view place_of(const char *address, Message &text) {
  const auto put = [&](auto format, const auto &...values) {
    const auto end = fmt::format_to_n(text.data(), text.size(), format, values...).out;
    return std::string_view(text.data(), static_cast<std::size_t>(end - text.data()));
  };
  const MemoryBlock *live = nearest(address), *freed = freed_block(address);
  if (live && live->has(address))
    return put(FMT_STRING("byte {} of a block of {} bytes (allocation {})"), live->after(address), live->bytes,
               live->number);
  if (freed)
    return put(FMT_STRING("byte {} of a block of {} bytes (allocation {}) that has been freed"), freed->after(address),
               freed->bytes, freed->number);
  if (!live) return "no block";
  if (address < live->data)
    return put(FMT_STRING("{} bytes before a block of {} bytes (allocation {})"), live->data - address, live->bytes,
               live->number);
  return put(FMT_STRING("{} bytes behind the end of a block of {} bytes (allocation {})"),
             live->after(address) - live->bytes, live->bytes, live->number);
}

void say(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// Reports an access to this address.
[[maybe_unused]] void report(const char *address) {
  Message text;
  const bool at_work = memory().open > 0;
  say(at_work ? "kronvec: work of a stream touched device memory that it must not: "
              : "kronvec: host code touched device memory: ");
  say(place_of(address, text));
  say(at_work ? ". A GPU would have reported an illegal address, or damaged what lies there.\n"
              : ". With a GPU the process would have crashed here: values come to the host by a copy.\n");
}

#if defined(KRONVEC_EMULATION_ASAN)

/// Ends the process after the address sanitizer has reported the access and the stacks.
void end_by_sanitizer() {
  if (!__asan_report_present()) return;
  const auto *address = static_cast<const char *>(__asan_get_report_address());
  const MemoryBlock *live = nearest(address);
  if (!freed_block(address) && !(live && live->has(address))) return;
  report(address);
  _exit(touched_status);
}

void watch_for_touches() { __sanitizer_set_death_callback(end_by_sanitizer); }

#elif defined(KRONVEC_EMULATION_TSAN)

void watch_for_touches() {}

#else

struct Watched {
  int signal;
  struct sigaction before;
};
std::array<Watched, 3> watched{{{SIGSEGV, {}}, {SIGBUS, {}}, {SIGILL, {}}}};

[[noreturn]] void end_with_stack() {
  std::array<void *, 64> stack{};
  backtrace_symbols_fd(stack.data(), backtrace(stack.data(), static_cast<int>(stack.size())), STDERR_FILENO);
  _exit(touched_status);
}

/// Handles faults. The compiler's alignment checks, which kernels have in every build, end in an illegal instruction.
void report_fault(int signal, siginfo_t *info, void *) {
  const auto *address = static_cast<const char *>(info->si_addr);
  const bool here = info->si_code > 0;
  if (here && signal == SIGILL && memory().open > 0) {
    say("kronvec: a kernel reads or writes at a misaligned address. A GPU would have reported it.\n");
    end_with_stack();
  }
  if (here && signal != SIGILL && memory().arena.holds(address)) {
    report(address);
    end_with_stack();
  }
  for (const Watched &w : watched) // the access repeats and then reaches the previous handler
    if (w.signal == signal) sigaction(signal, &w.before, nullptr);
  if (info->si_code <= 0) raise(signal);
}

void watch_for_touches() {
  std::array<void *, 1> first{};
  (void)backtrace(first.data(), 1); // loads libraries now, because the handler must not
  struct sigaction action = {};
  action.sa_sigaction = report_fault, action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (Watched &w : watched)
    sigaction(w.signal, &action, &w.before);
}

#endif

} // namespace

void *take_memory(std::size_t bytes) {
  DeviceHeap &m = memory();
  char *data = m.arena.obtain(bytes);
  if (data) m.blocks[data] = {data, bytes, ++m.taken};
  return data;
}

void give_memory_back(void *block) {
  DeviceHeap &m = memory();
  const auto found = m.blocks.find(static_cast<const char *>(block));
  m.freed[m.given_back++ % m.freed.size()] = found->second;
  m.blocks.erase(found);
  m.arena.release(static_cast<char *>(block));
}

Access::Access() {
  if (memory().open++ == 0) memory().arena.open();
}
Access::~Access() {
  if (--memory().open == 0) memory().arena.close();
}

} // namespace kronvec::emulation

#pragma once
/// The end of the command if there is no memory, not even for a message.

#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>
#include <unistd.h>

namespace kronvec::cli {

/// Says so, and returns the exit status.
inline int out_of_memory() noexcept {
  constexpr std::string_view message = "kronvec: out of memory\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, message.data(), message.size());
  return 3;
}

/// For std::set_terminate: where an allocation fails and no exception may leave, as while a library is loaded, the
/// process ends as it does elsewhere. Any other exception ends in std::abort.
[[noreturn]] inline void end_without_memory() {
  try {
    if (const auto error = std::current_exception()) std::rethrow_exception(error);
  } catch (const std::bad_alloc &) {
    _exit(out_of_memory());
  } catch (...) { // nothing is known of it
  }
  std::abort();
}

} // namespace kronvec::cli

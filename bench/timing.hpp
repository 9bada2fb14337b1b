#pragma once
/// Times of pieces of work that are compared.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <utility>
#include <vector>

namespace kronvec::bench {

/// Processor seconds of this process, over all its threads.
inline double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Wall-clock seconds; with KRONVEC_BENCH_CLOCK=cpu in the environment, processor seconds of this process: on one
/// thread, the time that an idle machine would take, even if this one is busy.
inline double now() {
  static const bool of_process = [] {
    const char *clock = std::getenv("KRONVEC_BENCH_CLOCK");
    return clock && std::string_view(clock) == "cpu";
  }();
  if (!of_process) return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  return processor_seconds();
}

inline double seconds(const auto &work) {
  const double start = now();
  work();
  return now() - start;
}

/// The median times of two pieces of work, measured in turn so that both see the same machine.
std::pair<double, double> interleaved(int runs, const auto &first, const auto &second) {
  first(), second(); // warm
  std::vector<double> a, b;
  for (int i = 0; i < runs; ++i)
    a.push_back(seconds(first)), b.push_back(seconds(second));
  std::nth_element(a.begin(), a.begin() + runs / 2, a.end());
  std::nth_element(b.begin(), b.begin() + runs / 2, b.end());
  return {a[static_cast<std::size_t>(runs / 2)], b[static_cast<std::size_t>(runs / 2)]};
}

} // namespace kronvec::bench

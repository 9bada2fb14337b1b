#pragma once
/// Measures how long a piece of work takes.

#include "kronvec/abi.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {

inline double seconds_of(const auto &work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The median time of up to five runs. Work whose first run takes `slow` seconds or more runs only once.
inline double median_seconds(double slow, const auto &work) {
  std::vector<double> times{seconds_of(work)};
  while (times.size() < 5 && times.front() < slow)
    times.push_back(seconds_of(work));
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

} // namespace kronvec

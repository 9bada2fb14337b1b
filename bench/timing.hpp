#pragma once
/// Times of pieces of work that are to be compared.

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace kronvec::bench {

inline double seconds(const auto &work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The median time of each of two pieces of work, taken in turn so that both see the same machine.
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

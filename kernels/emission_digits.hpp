#pragma once
/// Decoding of indices, for the emission kernels.

#include "kernels/emission.hpp"
#include "kernels/portability.hpp"

#include <cmath>

namespace kronvec::kernels {

/// ⌊a/b⌋ for a ≥ 0 and inverse = ⌊(2⁶⁴ − 1)/b⌋. The first estimate is ⌊a/b − ε⌋ with 0 ≤ ε < ½.
__device__ inline std::int64_t quotient(std::int64_t a, std::int64_t b, std::uint64_t inverse) {
  const auto estimate = static_cast<std::int64_t>(__umul64hi(static_cast<std::uint64_t>(a), inverse));
  return a - estimate * b < b ? estimate : estimate + 1;
}

/// The index at a position of a side: i + j·n for entry p of vech, where column j begins at s(j) = j·n − j(j − 1)/2.
/// Since (n + ½)² − 2·s(j) = (n + ½ − j)², the root is exact at column starts, for n < 2²⁵.
__device__ inline std::int64_t index_at(const EmissionSide &side, std::int64_t position) {
  const std::int64_t p = side.first + position, n = side.triangle;
  if (n == 0) return p;
  const double middle = static_cast<double>(n) + 0.5;
  const auto j = static_cast<std::int64_t>(middle - std::sqrt(middle * middle - 2 * static_cast<double>(p)));
  return p - (j * n - j * (j - 1) / 2) + j + j * n;
}

/// A key that agrees with no key of the other side.
__device__ inline int nowhere(int side) { return -1 - side; }

} // namespace kronvec::kernels

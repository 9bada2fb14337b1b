#pragma once
/// Builds products of an emission by hand, for tests and benchmarks.

#include "emission/emission.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace kronvec::testing {

/// Labels a, b, … are given by their extents, maps by their strides.
inline Product product(std::vector<Index> extent, std::vector<Index> row, std::vector<Index> col,
                       std::vector<std::pair<int, std::vector<Index>>> factors, double scale = 1) {
  Product p;
  p.labels = static_cast<int>(extent.size()), p.scale = scale;
  std::copy(extent.begin(), extent.end(), p.extent.begin());
  std::copy(row.begin(), row.end(), p.row.stride.begin());
  std::copy(col.begin(), col.end(), p.col.stride.begin());
  for (const auto &[buffer, strides] : factors) {
    p.factors.push_back({buffer, {}});
    std::copy(strides.begin(), strides.end(), p.factors.back().map.stride.begin());
  }
  return p;
}

} // namespace kronvec::testing

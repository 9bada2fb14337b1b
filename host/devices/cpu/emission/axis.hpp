#pragma once
/// Between the positions of an axis and the indices of the maps.

#include "devices/emission.hpp"

#include <algorithm>

namespace kronvec::cpu {

/// How many positions of an axis have an index below this one: its own position if it has one.
inline Index positions_below(const Axis &axis, Index index) {
  const Index n = axis.triangle;
  if (n == 0) return index;
  const Index i = index % n, j = index / n;
  return j * n - j * (j - 1) / 2 + std::max<Index>(i - j, 0);
}

inline bool has_position(const Axis &axis, Index index) {
  return axis.triangle == 0 || index % axis.triangle >= index / axis.triangle;
}

/// The indices from `first`'s to `last`'s position that lie on the axis, as a half-open range.
struct IndexRange {
  Index begin = 0, end = 0;
  Index size() const { return end - begin; }
};

inline IndexRange index_range(const Axis &axis, Index first, Index count) {
  if (count == 0) return {};
  return {axis.at(first).index, axis.at(first + count - 1).index + 1};
}

} // namespace kronvec::cpu

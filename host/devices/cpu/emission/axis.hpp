#pragma once
/// Ranges of the indices of an axis.

#include "devices/emission.hpp"

namespace kronvec::cpu {

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

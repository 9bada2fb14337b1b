#pragma once
/// Index ranges of an axis.

#include "emission/emission.hpp"

namespace kronvec::cpu {

/// The half-open range from the index at the first position of a window to the index at its last.
struct IndexRange {
  Index begin = 0, end = 0;
  Index size() const { return end - begin; }
};

inline IndexRange index_range(const Axis &axis, Index first, Index count) {
  if (count == 0) return {};
  return {axis.at(first).index, axis.at(first + count - 1).index + 1};
}

} // namespace kronvec::cpu

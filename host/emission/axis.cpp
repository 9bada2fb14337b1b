/// Positions and indices of an axis.

#include "emission/emission.hpp"

namespace kronvec::inline KRONVEC_ABI {

Axis::IndexRun Axis::at(Index position) const {
  if (triangle == 0) return {position, size - position};
  Index column = 0;
  while (position >= triangle - column)
    position -= triangle - column++;
  return {column + position + column * triangle, triangle - column - position};
}

} // namespace kronvec

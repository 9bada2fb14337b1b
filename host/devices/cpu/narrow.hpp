#pragma once
/// Sizes as BLAS and LAPACK represent them.

#include "kronvec/matrix.hpp"

#include <cblas.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace kronvec::cpu {

inline blasint narrow(Index size) {
  if (size > std::numeric_limits<blasint>::max())
    throw ShapeError(fmt::format("a side of {} is more than BLAS can count", size));
  return static_cast<blasint>(size);
}

/// BLAS requires a leading dimension of at least 1.
template <class T> blasint leading(MatrixView<T> m) { return narrow(std::max<Index>(m.ld(), 1)); }

} // namespace kronvec::cpu

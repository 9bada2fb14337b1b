#pragma once
/// When a matrix is singular to working precision, for every device.

#include "kronvec/error.hpp"
#include "kronvec/matrix.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace kronvec {

/// Throws DomainError where 1/(‖X‖₁·‖X⁻¹‖₁), the reciprocal condition number of X, is lost in rounding; NaN counts as
/// 0.
template <class T> void require_regular(Shape shape, T rcond) {
  if (rcond >= std::numeric_limits<T>::epsilon()) return;
  throw DomainError(fmt::format("inverse of a {} matrix that is singular to working precision (reciprocal condition "
                                "number {:.1e})",
                                to_string(shape), std::isnan(rcond) ? T(0) : rcond));
}

} // namespace kronvec

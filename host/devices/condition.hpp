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

/// Throws what a matrix without a Cholesky factor deserves; `minor` is the first leading minor that is not positive.
[[noreturn]] inline void refuse_indefinite(Shape shape, Index minor) {
  throw DomainError(
      fmt::format("Cholesky factor of a {} matrix that is not positive definite: its leading minor of order "
                  "{} is not positive",
                  to_string(shape), minor));
}

} // namespace kronvec

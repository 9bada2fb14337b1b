#pragma once
/// The common test of all devices for matrices that are singular to working precision.

#include "kronvec/error.hpp"
#include "kronvec/matrix.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace kronvec::inline KRONVEC_ABI {

/// Throws DomainError if the reciprocal condition number of X, 1/(‖X‖₁·‖X⁻¹‖₁), is below the rounding unit. NaN counts
/// as 0.
template <class T> void require_regular(Shape shape, T rcond) {
  if (rcond >= std::numeric_limits<T>::epsilon()) return;
  throw DomainError(fmt::format("inverse of a {} matrix that is singular to working precision (reciprocal condition "
                                "number {:.1e})",
                                to_string(shape), std::isnan(rcond) ? T(0) : rcond));
}

/// Throws the error for a matrix without a Cholesky factor. `minor` is the order of its first leading minor that is not
/// positive.
[[noreturn]] inline void refuse_indefinite(Shape shape, Index minor) {
  throw DomainError(
      fmt::format("Cholesky factor of a {} matrix that is not positive definite: its leading minor of order "
                  "{} is not positive",
                  to_string(shape), minor));
}

} // namespace kronvec

#pragma once
/// The errors of all devices for matrices without an inverse or a Cholesky factor.

#include "kronvec/error.hpp"
#include "kronvec/matrix.hpp"

#include <fmt/format.h>

#include <cmath>

namespace kronvec::inline KRONVEC_ABI {

/// Throws DomainError if X has no inverse: `singular` says that a pivot of its LU factors is 0, and `norm` is its
/// 1-norm. Any other X has one, however badly conditioned. NaN is let through: the inverse is NaN, too.
template <class T> void require_inverse(Shape shape, bool singular, T norm) {
  if (std::isnan(norm)) return;
  if (std::isinf(norm))
    throw DomainError(fmt::format("a {} matrix with infinite entries has no inverse", to_string(shape)));
  if (singular) throw DomainError(fmt::format("a {} matrix is singular and has no inverse", to_string(shape)));
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

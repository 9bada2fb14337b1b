#pragma once
/// A Jacobian inside the program of another: that of a function such as expm, whose own Jacobian has no terms.

#include "calculus/program/local_jacobian.hpp"
#include "kronvec/expression.hpp"

namespace kronvec::detail {

/// ∂vec F/∂(vec U)ᵀ, by columns.
std::shared_ptr<const LocalJacobian> local_jacobian(const Expression &f, const Symbol &u);

} // namespace kronvec::detail

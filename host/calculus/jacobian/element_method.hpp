#pragma once
/// The plainest reference (ledger M6): computes F entry by entry from the definitions, in double; each entry is a value
/// with its derivative by one xⱼ. It shares no code with the differential, the program or the devices.

#include "calculus/jacobian/plan.hpp"
#include "kronvec/derivative.hpp"

#include <functional>
#include <unordered_map>

namespace kronvec::detail {

/// The entries of each symbol, packed.
using ElementValues = std::unordered_map<const Node *, std::vector<double>>;

/// Computes the entries of column j of the plan's Jacobian, for any j. It refers to the plan, which must outlive it.
using ColumnOfJ = std::function<std::vector<double>(Index j)>;

ColumnOfJ element_method(const JacobianPlan &plan, ElementValues values);

/// The same by the complex step (ledger M4): Im F(X + ihEⱼ)/h, exact to rounding. Throws DomainError if F contains a
/// function that is not differentiable everywhere or has no complex form here.
ColumnOfJ complex_step(const JacobianPlan &plan, ElementValues values);

} // namespace kronvec::detail

#pragma once
/// The plainest reference (ledger M6): F computed entry by entry from the definitions, in double, each entry a value
/// with its derivative by one xⱼ. It shares no code with the differential, the program or the devices.

#include "calculus/jacobian_plan.hpp"
#include "kronvec/derivative.hpp"

#include <functional>
#include <unordered_map>

namespace kronvec::detail {

/// The entries of each symbol, packed.
using ElementValues = std::unordered_map<const Node *, std::vector<double>>;

/// The entries of column j of the plan's Jacobian, for any j. It belongs to the plan, which must live on.
using ColumnOfJ = std::function<std::vector<double>(Index j)>;

ColumnOfJ element_method(const JacobianPlan &plan, ElementValues values);

/// The same by the complex step (ledger M4): Im F(X + ihEⱼ)/h, exact to rounding. Throws DomainError for a function
/// that it does not allow: one with corners, or without a complex form here.
ColumnOfJ complex_step(const JacobianPlan &plan, ElementValues values);

} // namespace kronvec::detail

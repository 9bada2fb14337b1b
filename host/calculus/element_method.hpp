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

/// Called with Jᵢⱼ for every row i and column j of the plan's Jacobian.
using StoreEntry = std::function<void(Index i, Index j, double)>;

void element_method(const JacobianPlan &plan, const ElementValues &values, const Progress &progress,
                    const StoreEntry &store);

/// The same by the complex step (ledger M4): Im F(X + ihEⱼ)/h, exact to rounding. Throws DomainError for a function
/// that it does not allow: one with corners, or without a complex form here.
void complex_step(const JacobianPlan &plan, const ElementValues &values, const Progress &progress,
                  const StoreEntry &store);

} // namespace kronvec::detail

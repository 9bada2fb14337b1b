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

/// Calls `store(i, j, Jᵢⱼ)` for every row i and column j of the plan's Jacobian.
void element_method(const JacobianPlan &plan, const ElementValues &values, const Progress &progress,
                    const std::function<void(Index, Index, double)> &store);

} // namespace kronvec::detail

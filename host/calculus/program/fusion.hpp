#pragma once
/// Fuses emissions: an array that only one product reads, entry for entry, is not stored.

#include "calculus/program/program.hpp"

namespace kronvec::inline KRONVEC_ABI {

/// Moves a dense step that consists of one product into the only step that reads its result, if that step is one
/// product without sums. If the moved product sums, the reading step's factors are applied as each sum is written.
/// `roots` are read from outside.
void join_emissions(std::vector<Step> &steps, const std::vector<SlotId> &roots);

} // namespace kronvec

#pragma once
/// Emissions joined: an array that one product alone reads, entry for entry, is not stored.

#include "calculus/program.hpp"

namespace kronvec {

/// Moves a dense step that is one product into the one step that multiplies by it, where that sums nothing itself: the
/// factors of an array that is summed first are then applied as it is written. `roots` are read from outside.
void join_emissions(std::vector<Step> &steps, const std::vector<SlotId> &roots);

} // namespace kronvec

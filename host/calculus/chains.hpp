#pragma once
/// Entrywise steps of a program joined to chains, each one pass over memory.

#include "calculus/program.hpp"

namespace kronvec {

/// Joins steps of one shape where that saves reading or writing a matrix: a step goes into the chain that computes what
/// it reads, or that reads the same. Values that nobody outside their chain reads are stored no more.
void join_chains(std::array<std::vector<Step>, stage_count> &steps, std::vector<Slot> &slots,
                 const std::vector<SlotId> &read_outside);

} // namespace kronvec

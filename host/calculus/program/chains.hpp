#pragma once
/// Joins entrywise steps of a program to chains; each chain is one pass over memory.

#include "calculus/program/program.hpp"

namespace kronvec::inline KRONVEC_ABI {

/// Joins steps of equal shape if that saves reading or writing a matrix: a step joins the chain that computes one of
/// its operands, or that reads the same operand. A value that is read only inside its chain is no longer stored.
void join_chains(std::array<std::vector<Step>, stage_count> &steps, std::vector<Slot> &slots,
                 const std::vector<SlotId> &read_outside);

} // namespace kronvec

#pragma once
/// The coefficients of J: the values that products with J, and its terms, multiply by.

#include "calculus/program/program.hpp"

namespace kronvec::detail {

struct Coefficient {
  SlotId slot;
  bool depends = false;         ///< on a variable of J
  bool may_be_infinite = false; ///< for finite values of all symbols
};

/// What is known of each slot before steps are joined to chains.
struct SlotProperties {
  SlotProperties(const Program &program, const std::vector<SlotId> &variables);
  std::vector<bool> depends, may_be_infinite;
};

/// The slots of the arena that the steps of later stages read, or that are in `others`, and that these steps are linear
/// in: not the factors of a solution, and not the matrix of an exponential. The program has been allocated.
std::vector<Coefficient> coefficients(const Program &program, const std::vector<SlotId> &others,
                                      const SlotProperties &properties);

} // namespace kronvec::detail

#pragma once
/// What is known of an expression's values, whatever its symbols are.

#include "calculus/expression/node.hpp"

namespace kronvec::rewriting {

/// Whether every entry is ≥ 0 or NaN. False means that it is not known: U is looked at down to this depth.
bool is_non_negative(const Expression &u, int depth = 6);

} // namespace kronvec::rewriting

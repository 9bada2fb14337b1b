#pragma once
/// The seed of a differential: one matrix or column that stands for the tangents of all variables.

#include "calculus/differential/differential.hpp"
#include "kronvec/derivative.hpp"

namespace kronvec::detail {

/// X's shape for one general variable; otherwise a column, of the triangle's entries if X is symmetric.
Shape seed_shape(const std::vector<Symbol> &variables, Structure structure);

/// The differential of each variable as a function of one seed. For a symmetric variable the seed is the lower
/// triangle: as its vech or, if `square`, as an n×n matrix whose lower triangle alone counts.
Differentials seeded(const std::vector<Symbol> &variables, Structure structure, bool square);

} // namespace kronvec::detail

#pragma once
/// The seed of a differential: one matrix or column that stands for the tangents of all variables.

#include "calculus/differential/differential.hpp"
#include "kronvec/derivative.hpp"

namespace kronvec::detail {

using Variables = std::vector<Variable>;

/// Throws Error if there is no variable or one is named twice.
void require_variables(const Variables &variables);

/// X's shape for one variable that is not symmetric; otherwise a column, the free entries of all variables.
Shape seed_shape(const Variables &variables);

/// The differential of each variable as a function of one seed. A single symmetric variable has its lower triangle as
/// the seed: as its vech or, if `square`, as an n×n matrix whose lower triangle alone counts.
Differentials seeded(const Variables &variables, bool square);

} // namespace kronvec::detail

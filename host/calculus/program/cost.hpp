#pragma once
/// The cost of a program's stages.

#include "calculus/program/program.hpp"
#include "emission/cost.hpp"

namespace kronvec::inline KRONVEC_ABI {

/// The cost of a stage's steps for one tangent, cotangent or point.
Cost cost_of(const Program &program, Stage stage);

} // namespace kronvec

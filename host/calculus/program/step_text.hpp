#pragma once
/// Steps of a program as formulas.

#include "calculus/program/program.hpp"

#include <functional>
#include <string>
#include <vector>

namespace kronvec::detail {

/// The results of a step, such as "exp(T1)" or "A·T2ᵀ", in the order of `out`. `name` gives the names of its operands.
std::vector<std::string> formulas(const Step &step, const std::function<std::string(SlotId)> &name);

} // namespace kronvec::detail

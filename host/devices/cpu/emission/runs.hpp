#pragma once
/// Which row labels make the runs of a group, and factors in the runs' shape.

#include "devices/cpu/emission/contraction.hpp"

namespace kronvec::cpu {

/// What a factor is to a run: the same all along, entries that follow one another, or neither.
enum class RunShape { scalar, vector, odd };
RunShape run_shape(const Draft &draft, const DraftFactor &factor, const std::vector<int> &run);

/// The row labels that make the runs: the first of `rows` where it has stride 1, and more where it is short. Factors of
/// an odd shape become tables; no labels where that takes too much.
std::vector<int> choose_run(Draft &draft, const std::vector<int> &rows, TableShelf &shelf);

} // namespace kronvec::cpu

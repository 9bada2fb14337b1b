#pragma once
/// Chooses the row labels that form the runs of a group, and brings factors to the shape of the runs.

#include "devices/cpu/emission/contraction.hpp"

namespace kronvec::cpu {

/// A factor's shape along a run: constant, consecutive entries, or anything else.
enum class RunShape { scalar, vector, odd };
RunShape run_shape(const DraftGroup &draft, const DraftFactor &factor, const std::vector<int> &run);

/// The row labels that form the runs: the first of `rows` if it has stride 1, and the next ones if the run is short.
/// Factors of an odd shape become tables. Returns no labels if the tables would be too large.
std::vector<int> choose_run(DraftGroup &draft, const std::vector<int> &rows, TableShelf &shelf);

} // namespace kronvec::cpu

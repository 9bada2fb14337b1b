#pragma once
/// Results of few rows, read as results of more rows and fewer columns.

#include "devices/emission.hpp"

#include <optional>

namespace kronvec {

struct Flattened {
  Emission emission;
  Index columns; ///< of the packed result that are one column here
};

/// Where columns are shorter than so many bytes, and all column maps allow it: row + rows · (column mod `columns`),
/// column / `columns`.
std::optional<Flattened> flattened(const Emission &emission, Index bytes_each, Index short_column);

} // namespace kronvec

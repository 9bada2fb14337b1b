#pragma once
/// Results with few rows, read as results with more rows and fewer columns.

#include "emission/emission.hpp"

#include <optional>

namespace kronvec::inline KRONVEC_ABI {

struct Flattened {
  Emission emission;
  Index columns; ///< number of columns of the packed result that form one column here
};

/// If columns are shorter than `short_column` bytes and all column maps allow it: the emission with row + rows ·
/// (column mod `columns`) as its row and column / `columns` as its column.
KRONVEC_API std::optional<Flattened> flattened(const Emission &emission, Index bytes_each, Index short_column);

} // namespace kronvec

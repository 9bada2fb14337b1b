#pragma once
/// Checks of the arrays of sparse matrices, which anyone may fill. Each function throws ShapeError that says what is
/// wrong and where.

#include "kronvec/sparse.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace kronvec::inline KRONVEC_ABI {

inline void require_length(const char *array, std::size_t length, std::size_t needed) {
  if (length != needed)
    throw ShapeError(fmt::format("a sparse matrix has {} of length {}, which must be {}", array, length, needed));
}

inline void require_index(const char *array, std::size_t place, Index index, Index count) {
  if (index < 0 || index >= count)
    throw ShapeError(fmt::format("a sparse matrix has {}[{}] = {}, outside of {}", array, place, index, count));
}

template <class T> void require_consistent(const CooMatrix<T> &a) {
  (void)Shape{a.rows, 1}.size(), (void)Shape{1, a.cols}.size(); // throws for a negative side
  require_length("row", a.row.size(), a.value.size());
  require_length("col", a.col.size(), a.value.size());
  for (std::size_t n = 0; n < a.value.size(); ++n)
    require_index("row", n, a.row[n], a.rows), require_index("col", n, a.col[n], a.cols);
}

template <class T> void require_consistent(const CsrMatrix<T> &a) {
  (void)Shape{a.rows, 1}.size(), (void)Shape{1, a.cols}.size();
  require_length("row_start", a.row_start.size(), static_cast<std::size_t>(a.rows) + 1);
  require_length("col", a.col.size(), a.value.size());
  if (a.row_start[0] != 0)
    throw ShapeError(fmt::format("a sparse matrix has row_start[0] = {}, which must be 0", a.row_start[0]));
  for (std::size_t i = 1; i < a.row_start.size(); ++i)
    if (a.row_start[i] < a.row_start[i - 1])
      throw ShapeError(
          fmt::format("a sparse matrix has row_start[{}] = {} after {}", i, a.row_start[i], a.row_start[i - 1]));
  require_length("value", a.value.size(), static_cast<std::size_t>(a.row_start.back()));
  for (std::size_t n = 0; n < a.col.size(); ++n)
    require_index("col", n, a.col[n], a.cols);
}

} // namespace kronvec

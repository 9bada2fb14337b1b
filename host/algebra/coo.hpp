#pragma once
/// Arithmetic of sparse matrices in coordinates, on the host.

#include "kronvec/sparse.hpp"

#include "core/free_memory.hpp"

#include <algorithm>
#include <utility>

namespace kronvec::algebra {

template <class T> void append(CooMatrix<T> &a, Index row, Index col, T value) {
  a.row.push_back(row), a.col.push_back(col), a.value.push_back(value);
}

/// Reserves memory for `entries` more entries. Throws OutOfMemory if it does not fit.
template <class T> void reserve(CooMatrix<T> &a, double entries) {
  require_host_memory(entries * (2 * sizeof(Index) + sizeof(T)),
                      "a sparse matrix of " + to_string(Shape{a.rows, a.cols}));
  const std::size_t all = a.value.size() + static_cast<std::size_t>(entries);
  a.row.reserve(all), a.col.reserve(all), a.value.reserve(all);
}

template <class T> CooMatrix<T> transposed(CooMatrix<T> a) {
  std::swap(a.rows, a.cols), std::swap(a.row, a.col);
  return a;
}

/// Appends the entries of b to those of a, scaled, and shifted by (down, across).
template <class T>
void append(CooMatrix<T> &a, const CooMatrix<T> &b, T scale = T(1), Index down = 0, Index across = 0) {
  for (std::size_t n = 0; n < b.value.size(); ++n)
    append(a, down + b.row[n], across + b.col[n], scale * b.value[n]);
}

/// A ⊗ B.
template <class T> CooMatrix<T> kron(const CooMatrix<T> &a, const CooMatrix<T> &b) {
  CooMatrix<T> c{a.rows * b.rows, a.cols * b.cols, {}, {}, {}};
  reserve(c, static_cast<double>(a.nonzeros()) * static_cast<double>(b.nonzeros()));
  for (std::size_t n = 0; n < a.value.size(); ++n)
    append(c, b, a.value[n], a.row[n] * b.rows, a.col[n] * b.cols);
  return c;
}

/// Calls work(col, value) for the entries of row i.
template <class T> void for_row(const CsrMatrix<T> &a, Index i, const auto &work) {
  const auto row = static_cast<std::size_t>(i);
  for (auto n = static_cast<std::size_t>(a.row_start[row]); n < static_cast<std::size_t>(a.row_start[row + 1]); ++n)
    work(a.col[n], a.value[n]);
}

/// A·B, row by row; each position occurs once.
template <class T> CooMatrix<T> product(const CooMatrix<T> &a, const CooMatrix<T> &b) {
  const CsrMatrix<T> left = compressed(a), right = compressed(b);
  CooMatrix<T> c{a.rows, b.cols, {}, {}, {}};
  std::vector<std::pair<Index, T>> row;
  for (Index i = 0; i < a.rows; ++i) {
    row.clear();
    for_row(left, i, [&](Index k, T value) {
      for_row(right, k, [&](Index j, T factor) { row.emplace_back(j, value * factor); });
    });
    std::stable_sort(row.begin(), row.end(), [](const auto &x, const auto &y) { return x.first < y.first; });
    for (std::size_t n = 0; n < row.size(); ++n)
      if (n > 0 && row[n].first == row[n - 1].first) {
        c.value.back() += row[n].second;
      } else {
        append(c, i, row[n].first, row[n].second);
      }
  }
  return c;
}

/// The nonzero entries of a dense matrix.
template <class T> CooMatrix<T> nonzeros(const Matrix<T> &a) {
  CooMatrix<T> c{a.rows(), a.cols(), {}, {}, {}};
  for (Index j = 0; j < a.cols(); ++j)
    for (Index i = 0; i < a.rows(); ++i)
      if (a(i, j) != T(0)) append(c, i, j, a(i, j));
  return c;
}

} // namespace kronvec::algebra

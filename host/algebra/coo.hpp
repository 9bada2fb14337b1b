#pragma once
/// Arithmetic of sparse matrices in coordinates, on the host.

#include "kronvec/sparse.hpp"

#include <utility>

namespace kronvec::algebra {

template <class T> void append(CooMatrix<T> &a, Index row, Index col, T value) {
  a.row.push_back(row), a.col.push_back(col), a.value.push_back(value);
}

template <class T> CooMatrix<T> transposed(CooMatrix<T> a) {
  std::swap(a.rows, a.cols), std::swap(a.row, a.col);
  return a;
}

/// The entries of b are added to those of a, scaled and moved.
template <class T>
void append(CooMatrix<T> &a, const CooMatrix<T> &b, T scale = T(1), Index down = 0, Index across = 0) {
  for (std::size_t n = 0; n < b.value.size(); ++n)
    append(a, down + b.row[n], across + b.col[n], scale * b.value[n]);
}

/// A ⊗ B.
template <class T> CooMatrix<T> kron(const CooMatrix<T> &a, const CooMatrix<T> &b) {
  CooMatrix<T> c{a.rows * b.rows, a.cols * b.cols, {}, {}, {}};
  for (std::size_t n = 0; n < a.value.size(); ++n)
    append(c, b, a.value[n], a.row[n] * b.rows, a.col[n] * b.cols);
  return c;
}

/// A·B.
template <class T> CooMatrix<T> product(const CooMatrix<T> &a, const CooMatrix<T> &b) {
  const CsrMatrix<T> right = compressed(b);
  CooMatrix<T> c{a.rows, b.cols, {}, {}, {}};
  for (std::size_t n = 0; n < a.value.size(); ++n) {
    const auto k = static_cast<std::size_t>(a.col[n]);
    for (auto m = static_cast<std::size_t>(right.row_start[k]); m < static_cast<std::size_t>(right.row_start[k + 1]);
         ++m)
      append(c, a.row[n], right.col[m], a.value[n] * right.value[m]);
  }
  return c;
}

/// The entries of a dense matrix that are not 0.
template <class T> CooMatrix<T> nonzeros(const Matrix<T> &a) {
  CooMatrix<T> c{a.rows(), a.cols(), {}, {}, {}};
  for (Index j = 0; j < a.cols(); ++j)
    for (Index i = 0; i < a.rows(); ++i)
      if (a(i, j) != T(0)) append(c, i, j, a(i, j));
  return c;
}

} // namespace kronvec::algebra

/// Sparse matrices: compression of coordinates, and products.

#include "kronvec/sparse.hpp"

#include "core/free_memory.hpp"
#include "core/sparse_checks.hpp"

#include <algorithm>
#include <complex>
#include <numeric>

namespace kronvec::inline KRONVEC_ABI {
namespace {

/// Sorts the entries by `key`, ascending and stable (counting sort).
std::vector<std::size_t> sorted_by(const std::vector<Index> &key, Index keys, const std::vector<std::size_t> &entries) {
  std::vector<std::size_t> place(static_cast<std::size_t>(keys) + 1), result(entries.size());
  for (const std::size_t n : entries)
    ++place[static_cast<std::size_t>(key[n]) + 1];
  std::partial_sum(place.begin(), place.end(), place.begin());
  for (const std::size_t n : entries)
    result[place[static_cast<std::size_t>(key[n])]++] = n;
  return result;
}

} // namespace

template <class T> CsrMatrix<T> compressed(const CooMatrix<T> &a) {
  require_consistent(a);
  require_host_memory(sizeof(Index) * static_cast<double>(std::max(a.rows, a.cols)),
                      "the index of a sparse matrix of " + to_string(Shape{a.rows, a.cols}));
  std::vector<std::size_t> entries(a.value.size());
  std::iota(entries.begin(), entries.end(), std::size_t(0));
  entries = sorted_by(a.row, a.rows, sorted_by(a.col, a.cols, entries));
  CsrMatrix<T> csr{a.rows, a.cols, {}, {}, {}};
  csr.row_start.assign(static_cast<std::size_t>(a.rows) + 1, 0);
  csr.col.reserve(entries.size()), csr.value.reserve(entries.size());
  Index last_row = -1;
  for (const std::size_t n : entries) {
    if (a.row[n] == last_row && csr.col.back() == a.col[n]) {
      csr.value.back() += a.value[n];
      continue;
    }
    last_row = a.row[n];
    csr.col.push_back(a.col[n]), csr.value.push_back(a.value[n]);
    csr.row_start[static_cast<std::size_t>(a.row[n]) + 1] = csr.nonzeros();
  }
  for (std::size_t i = 1; i < csr.row_start.size(); ++i) // prefix sums
    csr.row_start[i] = std::max(csr.row_start[i], csr.row_start[i - 1]);
  return csr;
}

template <class T> Matrix<T> operator*(const CsrMatrix<T> &a, const Matrix<T> &x) {
  require_consistent(a);
  if (!x.device().is_host())
    throw DeviceError("a sparse product is made in host memory; X lies on " + x.device().name() +
                      " (on_host brings it there)");
  if (x.rows() != a.cols)
    throw ShapeError("shapes do not agree: " + to_string(Shape{a.rows, a.cols}) + " * " + to_string(x.shape()));
  Matrix<T> y(a.rows, x.cols());
  for (Index k = 0; k < x.cols(); ++k)
    for (Index i = 0; i < a.rows; ++i)
      for (auto n = static_cast<std::size_t>(a.row_start[static_cast<std::size_t>(i)]);
           n < static_cast<std::size_t>(a.row_start[static_cast<std::size_t>(i) + 1]); ++n)
        y(i, k) += a.value[n] * x(a.col[n], k);
  return y;
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template CsrMatrix<T> compressed(const CooMatrix<T> &);                                                              \
  template Matrix<T> operator*(const CsrMatrix<T> &, const Matrix<T> &);
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)
KRONVEC_INSTANTIATE(std::complex<float>)
KRONVEC_INSTANTIATE(std::complex<double>)

} // namespace kronvec

#pragma once
/// Matrices by their textbook definitions, formed entry by entry in complex double. Each has bounds for the rounding
/// errors of products that never form it.

#include "tests/testing.hpp"

#include "kronvec/operators.hpp"

#include <complex>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

namespace kronvec::testing::textbook {

using Scalar = std::complex<double>;

/// A copyable matrix.
struct Table {
  Index rows = 0, cols = 0;
  std::vector<Scalar> entries = {};

  Table(Index m, Index n) : rows(m), cols(n), entries(static_cast<std::size_t>(m * n)) {}
  Scalar &operator()(Index i, Index j) { return entries[static_cast<std::size_t>(i + j * rows)]; }
  const Scalar &operator()(Index i, Index j) const { return entries[static_cast<std::size_t>(i + j * rows)]; }
  Shape shape() const { return {rows, cols}; }
};

inline Table tabulate(Index rows, Index cols, const auto &entry) {
  Table t(rows, cols);
  for (Index j = 0; j < cols; ++j)
    for (Index i = 0; i < rows; ++i)
      t(i, j) = entry(i, j);
  return t;
}

/// The entries of a matrix on any device.
template <class T> Table widen(const Matrix<T> &there) {
  const Matrix<T> here = there.to(Device::cpu());
  return tabulate(here.rows(), here.cols(), [&](Index i, Index j) { return Scalar(here(i, j)); });
}

template <class T> T narrow(Scalar x) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(x.real());
  } else {
    return T(x);
  }
}
template <class T> Matrix<T> narrow(const Table &t, Device device) {
  Matrix<T> m(t.rows, t.cols);
  for (Index j = 0; j < t.cols; ++j)
    for (Index i = 0; i < t.rows; ++i)
      m(i, j) = narrow<T>(t(i, j));
  return m.to(device);
}

// Operations.

inline Table map(const Table &a, const auto &f) {
  return tabulate(a.rows, a.cols, [&](Index i, Index j) { return Scalar(f(a(i, j))); });
}
inline Table magnitudes(const Table &a) {
  return map(a, [](Scalar x) { return std::abs(x); });
}
inline Table conjugate(const Table &a) {
  return map(a, [](Scalar x) { return std::conj(x); });
}
inline Table transpose(const Table &a) {
  return tabulate(a.cols, a.rows, [&](Index i, Index j) { return a(j, i); });
}
inline Table operator*(Scalar alpha, const Table &a) {
  return map(a, [&](Scalar x) { return alpha * x; });
}
inline Table operator+(const Table &a, const Table &b) {
  return tabulate(a.rows, a.cols, [&](Index i, Index j) { return a(i, j) + b(i, j); });
}
inline Table operator-(const Table &a, const Table &b) { return a + Scalar(-1) * b; }
inline Table operator*(const Table &a, const Table &b) {
  return tabulate(a.rows, b.cols, [&](Index i, Index j) {
    Scalar sum = 0;
    for (Index k = 0; k < a.cols; ++k)
      sum += a(i, k) * b(k, j);
    return sum;
  });
}
inline Table hadamard(const Table &a, const Table &b) {
  return tabulate(a.rows, a.cols, [&](Index i, Index j) { return a(i, j) * b(i, j); });
}
/// The block matrix (a_ij·B).
inline Table kron(const Table &a, const Table &b) {
  Table c(a.rows * b.rows, a.cols * b.cols);
  for (Index i = 0; i < a.rows; ++i)
    for (Index j = 0; j < a.cols; ++j)
      for (Index k = 0; k < b.rows; ++k)
        for (Index l = 0; l < b.cols; ++l)
          c(i * b.rows + k, j * b.cols + l) = a(i, j) * b(k, l);
  return c;
}
/// A in the upper left corner, B in the lower right corner.
inline Table direct_sum(const Table &a, const Table &b) {
  Table c(a.rows + b.rows, a.cols + b.cols);
  for (Index j = 0; j < a.cols; ++j)
    for (Index i = 0; i < a.rows; ++i)
      c(i, j) = a(i, j);
  for (Index j = 0; j < b.cols; ++j)
    for (Index i = 0; i < b.rows; ++i)
      c(a.rows + i, a.cols + j) = b(i, j);
  return c;
}
inline Table block(const Table &a, Index i0, Index j0, Index rows, Index cols) {
  return tabulate(rows, cols, [&](Index i, Index j) { return a(i0 + i, j0 + j); });
}
/// The columns of A, one below the other.
inline Table vec(const Table &a) {
  Table v(a.rows * a.cols, 1);
  Index place = 0;
  for (Index j = 0; j < a.cols; ++j)
    for (Index i = 0; i < a.rows; ++i)
      v(place++, 0) = a(i, j);
  return v;
}
inline Table unvec(const Table &v, Index rows, Index cols) {
  Table a(rows, cols);
  Index place = 0;
  for (Index j = 0; j < cols; ++j)
    for (Index i = 0; i < rows; ++i)
      a(i, j) = v(place++, 0);
  return a;
}
inline Scalar trace(const Table &a) {
  Scalar sum = 0;
  for (Index i = 0; i < a.rows; ++i)
    sum += a(i, i);
  return sum;
}
inline double norm(const Table &a) {
  double sum = 0;
  for (const Scalar x : a.entries)
    sum += std::norm(x);
  return std::sqrt(sum);
}

// Matrices given by a size only (Magnus & Neudecker, ch. 3).

inline Table identity(Index n) {
  Table t(n, n);
  for (Index i = 0; i < n; ++i)
    t(i, i) = 1;
  return t;
}
/// Entry (i, j) of A is entry (j, i) of Aᵀ.
inline Table commutation(Index m, Index n) {
  Table k(m * n, m * n);
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j)
      k(j + n * i, i + m * j) = 1;
  return k;
}
/// The positions of vech, column by column.
inline std::vector<std::pair<Index, Index>> triangle_places(Index n, Triangle triangle) {
  std::vector<std::pair<Index, Index>> places;
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i)
      if (i == j ? triangle.diagonal : (i > j) == triangle.lower) places.push_back({i, j});
  return places;
}
inline Table elimination(Index n, Triangle triangle) {
  const auto places = triangle_places(n, triangle);
  Table l(static_cast<Index>(places.size()), n * n);
  for (Index k = 0; const auto &[i, j] : places)
    l(k++, i + n * j) = 1;
  return l;
}
inline Table duplication(Index n, Triangle triangle) {
  const auto places = triangle_places(n, triangle);
  Table d(n * n, static_cast<Index>(places.size()));
  for (Index k = 0; const auto &[i, j] : places)
    d(i + n * j, k) = d(j + n * i, k) = 1, ++k;
  return d;
}
/// (DᵀD)⁻¹Dᵀ, where DᵀD is diagonal: D has one entry in each row.
inline Table duplication_pseudoinverse(Index n, Triangle triangle) {
  const Table d = duplication(n, triangle), gram = transpose(d) * d;
  return tabulate(d.cols, d.rows, [&](Index k, Index r) { return d(r, k) / gram(k, k); });
}
inline Table symmetrizer(Index n) { return Scalar(0.5) * (identity(n * n) + commutation(n, n)); }
inline Table selection(const std::vector<Index> &index, Index cols) {
  Table s(static_cast<Index>(index.size()), cols);
  for (Index i = 0; const Index from : index)
    s(i++, from) = 1;
  return s;
}
/// Diag(vec A).
inline Table diagonal(const Table &a) {
  Table d(a.rows * a.cols, a.rows * a.cols);
  for (Index i = 0; i < d.rows; ++i)
    d(i, i) = vec(a)(i, 0);
  return d;
}
/// Column j is a_j ⊗ b_j.
inline Table khatri_rao(const Table &a, const Table &b) {
  Table c(a.rows * b.rows, a.cols);
  for (Index j = 0; j < a.cols; ++j) {
    const Table column = kron(block(a, 0, j, a.rows, 1), block(b, 0, j, b.rows, 1));
    for (Index i = 0; i < c.rows; ++i)
      c(i, j) = column(i, 0);
  }
  return c;
}

// Comparison.

/// The unit roundoff of T.
template <class T>
constexpr double roundoff = static_cast<double>(std::numeric_limits<decltype(std::real(T{}))>::epsilon()) / 2;
/// A result with k roundings has an error of about √k·u times the sum of its terms' magnitudes. A complex product has
/// four roundings.
template <class T> double error_of(double k) {
  return (std::is_floating_point_v<T> ? 4 : 8) * std::sqrt(k + 2) * roundoff<T>;
}

/// Checks |a − b| ≤ tolerance(i, j) for every entry, without any NaN.
inline ::testing::AssertionResult within(const Table &a, const Table &b, const auto &tolerance) {
  if (a.shape() != b.shape())
    return ::testing::AssertionFailure() << "shapes " << to_string(a.shape()) << " and " << to_string(b.shape());
  for (Index j = 0; j < b.cols; ++j)
    for (Index i = 0; i < b.rows; ++i)
      if (const double limit = tolerance(i, j); !(std::abs(a(i, j) - b(i, j)) <= limit))
        return ::testing::AssertionFailure() << "entry (" << i << ", " << j << "): " << a(i, j) << " and " << b(i, j)
                                             << ", which differ by more than " << limit;
  return ::testing::AssertionSuccess();
}

} // namespace kronvec::testing::textbook

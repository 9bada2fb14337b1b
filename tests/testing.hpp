#pragma once
/// Common tools of the tests: input numbers, and comparison of matrices.

#include "kronvec/kronvec.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <gtest/gtest.h>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace kronvec::testing {

/// The types of entries for typed suites. The sanitizers, which take long, test fewer. Threads work the same for all
/// types.
#ifdef __SANITIZE_THREAD__
using Reals = ::testing::Types<double>;
#else
using Reals = ::testing::Types<float, double>;
#endif
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
using Entries4 = ::testing::Types<double, std::complex<float>>;
#else
using Entries4 = ::testing::Types<float, double, std::complex<float>, std::complex<double>>;
#endif

/// Checks max |A − B| ≤ tolerance · max(1, max |B|), with NaN only against NaN.
template <class A, class B>::testing::AssertionResult near(const A &a, const B &b, double tolerance) {
  if (!(a.shape() == b.shape()))
    return ::testing::AssertionFailure() << "shapes " << to_string(a.shape()) << " and " << to_string(b.shape());
  double size = 1;
  for (Index j = 0; j < b.cols(); ++j)
    for (Index i = 0; i < b.rows(); ++i)
      if (std::isfinite(b(i, j))) size = std::max(size, std::abs(double(b(i, j))));
  for (Index j = 0; j < b.cols(); ++j)
    for (Index i = 0; i < b.rows(); ++i) {
      const double x = a(i, j), y = b(i, j);
      if (x == y || (std::isnan(x) && std::isnan(y)) || std::abs(x - y) <= tolerance * size) continue;
      return ::testing::AssertionFailure() << "entry (" << i << ", " << j << "): " << x << " and " << y;
    }
  return ::testing::AssertionSuccess();
}

/// Calls work() with n threads, if the build has threads.
auto with_threads([[maybe_unused]] int n, const auto &work) {
#ifdef _OPENMP
  struct Restored {
    int threads = omp_get_max_threads();
    ~Restored() { omp_set_num_threads(threads); }
  } restored;
  omp_set_num_threads(n);
#endif
  return work();
}

/// A plain matrix of double for expected results, with the textbook operations written out.
inline Matrix<double> tabulate(Index rows, Index cols, const auto &entry) {
  Matrix<double> m(rows, cols);
  for (Index j = 0; j < cols; ++j)
    for (Index i = 0; i < rows; ++i)
      m(i, j) = entry(i, j);
  return m;
}

inline Matrix<double> product(const Matrix<double> &a, const Matrix<double> &b) {
  return tabulate(a.rows(), b.cols(), [&](Index i, Index j) {
    double total = 0;
    for (Index k = 0; k < a.cols(); ++k)
      total += a(i, k) * b(k, j);
    return total;
  });
}

inline Matrix<double> plus(const Matrix<double> &a, const Matrix<double> &b, double beta = 1) {
  return tabulate(a.rows(), a.cols(), [&](Index i, Index j) { return a(i, j) + beta * b(i, j); });
}

inline Matrix<double> transposed(const Matrix<double> &a) {
  return tabulate(a.cols(), a.rows(), [&](Index i, Index j) { return a(j, i); });
}

/// A ⊗ B.
inline Matrix<double> kron(const Matrix<double> &a, const Matrix<double> &b) {
  return tabulate(a.rows() * b.rows(), a.cols() * b.cols(),
                  [&](Index i, Index j) { return a(i / b.rows(), j / b.cols()) * b(i % b.rows(), j % b.cols()); });
}

inline Matrix<double> identity(Index n) {
  return tabulate(n, n, [](Index i, Index j) { return double(i == j); });
}

/// K[m,n]: K·vec(A) = vec(Aᵀ) for A m×n. Row j + n·i of vec(Aᵀ) is entry (i, j) of A, at i + m·j of vec(A).
inline Matrix<double> commutation(Index m, Index n) {
  return tabulate(m * n, m * n, [&](Index row, Index col) { return double(row / n == col % m && row % n == col / m); });
}

/// Diag(vec A).
inline Matrix<double> diagonal(const Matrix<double> &a) {
  return tabulate(a.rows() * a.cols(), a.rows() * a.cols(), [&](Index i, Index j) { return i == j ? a.data()[i] : 0; });
}

inline Matrix<double> vec(const Matrix<double> &a) {
  return tabulate(a.rows() * a.cols(), 1, [&](Index i, Index) { return a.data()[i]; });
}

inline Matrix<double> unvec(const Matrix<double> &a, Index rows, Index cols) {
  return tabulate(rows, cols, [&](Index i, Index j) { return a.data()[i + j * rows]; });
}

inline Matrix<double> map(const Matrix<double> &a, const auto &f) {
  return tabulate(a.rows(), a.cols(), [&](Index i, Index j) { return f(a(i, j)); });
}

template <class T> Matrix<T> cast(const Matrix<double> &a) {
  Matrix<T> m(a.rows(), a.cols());
  for (Index i = 0; i < a.rows() * a.cols(); ++i)
    m.data()[i] = static_cast<T>(a.data()[i]);
  return m;
}

} // namespace kronvec::testing

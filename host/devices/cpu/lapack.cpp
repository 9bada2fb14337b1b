/// Calls LAPACK.

#include "devices/cpu/lapack.hpp"

#include "devices/condition.hpp"
#include "devices/cpu/blas.hpp"
#include "devices/cpu/narrow.hpp"
#include "devices/factors.hpp"
#include "kernels/scaled.hpp"

#include <lapacke.h>

#include <cmath>
#include <vector>

namespace kronvec::cpu {
namespace {

/// The routines of one precision.
template <class T> struct Lapack;
template <> struct Lapack<float> {
  static constexpr auto norm = LAPACKE_slange;
  static constexpr auto factor = LAPACKE_sgetrf_work;
  static constexpr auto solve = LAPACKE_sgetrs_work;
  static constexpr auto inverse = LAPACKE_sgetri;
  static constexpr auto decompose = LAPACKE_sgesvd;
  static constexpr auto cholesky = LAPACKE_spotrf;
};
template <> struct Lapack<double> {
  static constexpr auto norm = LAPACKE_dlange;
  static constexpr auto factor = LAPACKE_dgetrf_work;
  static constexpr auto solve = LAPACKE_dgetrs_work;
  static constexpr auto inverse = LAPACKE_dgetri;
  static constexpr auto decompose = LAPACKE_dgesvd;
  static constexpr auto cholesky = LAPACKE_dpotrf;
};

template <class T> bool holds_nan(MatrixView<T> y) {
  for (Index j = 0; j < y.cols(); ++j)
    for (Index i = 0; i < y.rows(); ++i)
      if (std::isnan(y(i, j))) return true;
  return false;
}

template <class T> bool is_finite(MatrixView<const T> y) {
  for (Index j = 0; j < y.cols(); ++j)
    for (Index i = 0; i < y.rows(); ++i)
      if (!std::isfinite(y(i, j))) return false;
  return true;
}

template <class T> void fill_nan(MatrixView<T> y) {
  for (Index j = 0; j < y.cols(); ++j)
    std::fill_n(&y(0, j), y.rows(), std::numeric_limits<T>::quiet_NaN());
}

template <class T> void copy(MatrixView<const T> x, MatrixView<T> y) {
  for (Index j = 0; j < x.cols(); ++j)
    std::copy_n(x.data() + j * x.ld(), x.rows(), y.data() + j * y.ld());
}

/// The 1-norm; NaN if an entry is NaN, for which LAPACKE returns an error's number.
template <class T> T one_norm(MatrixView<const T> x) {
  if (holds_nan(x)) return std::numeric_limits<T>::quiet_NaN();
  const lapack_int n = narrow(x.rows());
  return Lapack<T>::norm(LAPACK_COL_MAJOR, '1', n, n, x.data(), leading(x));
}

template <class T> void invert_by(MatrixView<T> y) {
  if (y.rows() == 0) return;
  const lapack_int n = narrow(y.rows()), ld = leading(y);
  std::vector<lapack_int> exchanges(static_cast<std::size_t>(n));
  const T norm = one_norm<T>(y);
  if (std::isnan(norm)) return fill_nan(y);
  const bool singular = Lapack<T>::factor(LAPACK_COL_MAJOR, n, n, y.data(), ld, exchanges.data()) != 0;
  require_inverse(y.shape(), singular, norm);
  Lapack<T>::inverse(LAPACK_COL_MAJOR, n, y.data(), ld, exchanges.data());
}

template <class T> void lu_by(MatrixView<const T> x, bool regular, MatrixView<T> f) {
  const MatrixView<T> lu = lu_part(f);
  const lapack_int n = narrow(x.rows());
  if (n == 0) return;
  copy(x, lu);
  const bool singular = Lapack<T>::factor(LAPACK_COL_MAJOR, n, n, lu.data(), leading(lu), pivots<lapack_int>(f)) != 0;
  if (regular) require_inverse(x.shape(), singular, one_norm<T>(x));
}

template <class T> void solve_by(Op op, MatrixView<const T> f, MatrixView<T> y) {
  if (y.rows() == 0 || y.cols() == 0) return;
  const MatrixView<const T> lu = lu_part(f);
  Lapack<T>::solve(LAPACK_COL_MAJOR, op == Op::none ? 'N' : 'T', narrow(y.rows()), narrow(y.cols()), lu.data(),
                   leading(lu), pivots<lapack_int>(f), y.data(), leading(y));
}

/// The sign of the determinant of an orthogonal matrix. Overwrites its copy of the matrix.
template <class T> T sign_of_determinant(std::vector<T> q, lapack_int n) {
  std::vector<lapack_int> exchanges(static_cast<std::size_t>(n));
  Lapack<T>::factor(LAPACK_COL_MAJOR, n, n, q.data(), n, exchanges.data());
  T sign = 1;
  for (lapack_int k = 0; k < n; ++k) {
    if (exchanges[static_cast<std::size_t>(k)] != k + 1) sign = -sign;
    if (q[static_cast<std::size_t>(k) * static_cast<std::size_t>(n + 1)] < 0) sign = -sign;
  }
  return sign;
}

/// X = U·Diag(s)·Vᵀ, and the sign of det(U)·det(V). The matrices are n×n, column by column.
template <class T> struct SingularValues {
  explicit SingularValues(MatrixView<const T> x)
      : n(narrow(x.rows())), s(static_cast<std::size_t>(n)), u(s.size() * s.size()), vt(u.size()) {
    std::vector<T> a(u.size()), rest(s.size());
    copy(x, MatrixView<T>(a.data(), n, n));
    if (Lapack<T>::decompose(LAPACK_COL_MAJOR, 'A', 'A', n, n, a.data(), n, s.data(), u.data(), n, vt.data(), n,
                             rest.data()) != 0)
      throw DomainError("the singular values of a " + to_string(x.shape()) + " matrix were not found");
    sign = sign_of_determinant(u, n) * sign_of_determinant(vt, n);
  }
  /// The product of all singular values but those with these indices.
  T others(std::size_t i, std::size_t j) const {
    kernels::ScaledProduct<T> product;
    for (std::size_t k = 0; k < s.size(); ++k)
      if (k != i && k != j) product.multiply(s[k]);
    return product.value();
  }

  lapack_int n;
  std::vector<T> s, u, vt;
  T sign = 1;
};

template <class T> void adjugate_by(MatrixView<const T> x, MatrixView<T> y) {
  if (x.rows() == 0) return;
  if (!is_finite(x)) return fill_nan(y);
  SingularValues<T> of(x);
  const std::size_t side = of.s.size();
  for (std::size_t k = 0; k < side; ++k) { // row k of Vᵀ times the product of the other singular values
    const T others = of.sign * of.others(k, k);
    for (std::size_t j = 0; j < side; ++j)
      of.vt[k + j * side] *= others;
  }
  multiply(T(1), Op::transpose, MatrixView<const T>(of.vt.data(), of.n, of.n), Op::transpose,
           MatrixView<const T>(of.u.data(), of.n, of.n), y);
}

template <class T> void adjugate_factors_by(MatrixView<const T> x, MatrixView<T> f) {
  const Index n = x.rows();
  if (n == 0) return;
  if (!is_finite(x)) return fill_nan(f);
  const SingularValues<T> of(x);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) {
      const auto row = static_cast<std::size_t>(i), col = static_cast<std::size_t>(j), side = of.s.size();
      f(i, j) = of.vt[col + row * side];
      f(i, n + j) = of.u[row + col * side];
      f(i, 2 * n + j) = i == j ? T(0) : of.sign * of.others(row, col);
    }
}

template <class T> void cholesky_by(MatrixView<T> y) {
  const lapack_int n = narrow(y.rows());
  if (n == 0) return;
  if (holds_nan(y)) return fill_nan(y);
  if (const lapack_int minor = Lapack<T>::cholesky(LAPACK_COL_MAJOR, 'L', n, y.data(), leading(y)); minor != 0)
    refuse_indefinite(y.shape(), minor);
  for (Index j = 0; j < n; ++j)
    std::fill_n(&y(0, j), j, T(0));
}

} // namespace

void invert(MatrixView<float> y) { invert_by(y); }
void invert(MatrixView<double> y) { invert_by(y); }
void lu(MatrixView<const float> x, bool regular, MatrixView<float> f) { lu_by(x, regular, f); }
void lu(MatrixView<const double> x, bool regular, MatrixView<double> f) { lu_by(x, regular, f); }
void lu_solve(Op op, MatrixView<const float> f, MatrixView<float> y) { solve_by(op, f, y); }
void lu_solve(Op op, MatrixView<const double> f, MatrixView<double> y) { solve_by(op, f, y); }
void adjugate(MatrixView<const float> x, MatrixView<float> y) { adjugate_by(x, y); }
void adjugate(MatrixView<const double> x, MatrixView<double> y) { adjugate_by(x, y); }
void adjugate_factors(MatrixView<const float> x, MatrixView<float> f) { adjugate_factors_by(x, f); }
void adjugate_factors(MatrixView<const double> x, MatrixView<double> f) { adjugate_factors_by(x, f); }
void cholesky(MatrixView<float> y) { cholesky_by(y); }
void cholesky(MatrixView<double> y) { cholesky_by(y); }

} // namespace kronvec::cpu

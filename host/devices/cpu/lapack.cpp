/// Calls LAPACK.

#include "devices/cpu/lapack.hpp"

#include "devices/condition.hpp"
#include "devices/cpu/blas.hpp"
#include "devices/cpu/narrow.hpp"
#include "devices/factors.hpp"

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
  static constexpr auto condition = LAPACKE_sgecon;
  static constexpr auto inverse = LAPACKE_sgetri;
  static constexpr auto singular_values = LAPACKE_sgesvd;
  static constexpr auto cholesky = LAPACKE_spotrf;
};
template <> struct Lapack<double> {
  static constexpr auto norm = LAPACKE_dlange;
  static constexpr auto factor = LAPACKE_dgetrf_work;
  static constexpr auto solve = LAPACKE_dgetrs_work;
  static constexpr auto condition = LAPACKE_dgecon;
  static constexpr auto inverse = LAPACKE_dgetri;
  static constexpr auto singular_values = LAPACKE_dgesvd;
  static constexpr auto cholesky = LAPACKE_dpotrf;
};

template <class T> bool holds_nan(MatrixView<T> y) {
  for (Index j = 0; j < y.cols(); ++j)
    for (Index i = 0; i < y.rows(); ++i)
      if (std::isnan(y(i, j))) return true;
  return false;
}

template <class T> void fill_nan(MatrixView<T> y) {
  for (Index j = 0; j < y.cols(); ++j)
    std::fill_n(&y(0, j), y.rows(), std::numeric_limits<T>::quiet_NaN());
}

template <class T> void copy(MatrixView<const T> x, MatrixView<T> y) {
  for (Index j = 0; j < x.cols(); ++j)
    std::copy_n(x.data() + j * x.ld(), x.rows(), y.data() + j * y.ld());
}

template <class T> T one_norm(MatrixView<const T> x) {
  const lapack_int n = narrow(x.rows());
  return Lapack<T>::norm(LAPACK_COL_MAJOR, '1', n, n, x.data(), leading(x));
}

template <class T> T condition_by(MatrixView<const T> lu, T norm) {
  T rcond = 0;
  Lapack<T>::condition(LAPACK_COL_MAJOR, '1', narrow(lu.rows()), lu.data(), leading(lu), norm, &rcond);
  return rcond;
}

template <class T> void invert_by(MatrixView<T> y) {
  if (y.rows() == 0) return;
  if (holds_nan(y)) return fill_nan(y);
  const lapack_int n = narrow(y.rows()), ld = leading(y);
  std::vector<lapack_int> exchanges(static_cast<std::size_t>(n));
  const T norm = one_norm<T>(y);
  const bool complete = Lapack<T>::factor(LAPACK_COL_MAJOR, n, n, y.data(), ld, exchanges.data()) == 0;
  require_regular(y.shape(), complete ? condition_by<T>(y, norm) : T(0));
  Lapack<T>::inverse(LAPACK_COL_MAJOR, n, y.data(), ld, exchanges.data());
}

template <class T> void lu_by(MatrixView<const T> x, bool regular, MatrixView<T> f) {
  const MatrixView<T> lu = lu_part(f);
  const lapack_int n = narrow(x.rows());
  if (n == 0) return;
  copy(x, lu);
  const bool complete = Lapack<T>::factor(LAPACK_COL_MAJOR, n, n, lu.data(), leading(lu), pivots<lapack_int>(f)) == 0;
  if (regular && !holds_nan(x)) require_regular(x.shape(), complete ? condition_by<T>(lu, one_norm<T>(x)) : T(0));
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

template <class T> void adjugate_by(MatrixView<const T> x, MatrixView<T> y) {
  const lapack_int n = narrow(x.rows());
  if (n == 0) return;
  if (holds_nan(x)) return fill_nan(y);
  const std::size_t side = static_cast<std::size_t>(n), size = side * side;
  std::vector<T> a(size), s(side), u(size), vt(size), rest(side);
  copy(x, MatrixView<T>(a.data(), n, n));
  if (Lapack<T>::singular_values(LAPACK_COL_MAJOR, 'A', 'A', n, n, a.data(), n, s.data(), u.data(), n, vt.data(), n,
                                 rest.data()) != 0)
    throw DomainError("the singular values of a " + to_string(x.shape()) + " matrix were not found");
  const T sign = sign_of_determinant(u, n) * sign_of_determinant(vt, n);
  for (std::size_t k = 0; k < side; ++k) { // row k of Vᵀ times the product of the other singular values
    T others = sign;
    for (std::size_t l = 0; l < side; ++l)
      if (l != k) others *= s[l];
    for (std::size_t j = 0; j < side; ++j)
      vt[k + j * side] *= others;
  }
  multiply(T(1), Op::transpose, MatrixView<const T>(vt.data(), n, n), Op::transpose,
           MatrixView<const T>(u.data(), n, n), y);
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
float reciprocal_condition(MatrixView<const float> lu, float norm) { return condition_by(lu, norm); }
double reciprocal_condition(MatrixView<const double> lu, double norm) { return condition_by(lu, norm); }
void adjugate(MatrixView<const float> x, MatrixView<float> y) { adjugate_by(x, y); }
void adjugate(MatrixView<const double> x, MatrixView<double> y) { adjugate_by(x, y); }
void cholesky(MatrixView<float> y) { cholesky_by(y); }
void cholesky(MatrixView<double> y) { cholesky_by(y); }

} // namespace kronvec::cpu

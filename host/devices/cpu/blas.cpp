#include "devices/cpu/blas.hpp"

#include "devices/condition.hpp"

#include <cblas.h>
#include <fmt/format.h>
#include <lapacke.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <vector>

namespace kronvec::cpu {
namespace {

blasint narrow(Index size) {
  if (size > std::numeric_limits<blasint>::max())
    throw ShapeError(fmt::format("a side of {} is more than BLAS can count", size));
  return static_cast<blasint>(size);
}

/// BLAS wants a leading dimension of at least 1.
template <class T> blasint leading(MatrixView<T> m) { return narrow(std::max<Index>(m.ld(), 1)); }

CBLAS_TRANSPOSE flag(Op op) { return op == Op::none ? CblasNoTrans : CblasTrans; }

template <class T>
void gemm(auto *routine, T alpha, Op op_a, MatrixView<const T> a, Op op_b, MatrixView<const T> b, MatrixView<T> c) {
  if (c.rows() == 0 || c.cols() == 0) return;
  const Index inner = op_a == Op::none ? a.cols() : a.rows();
  routine(CblasColMajor, flag(op_a), flag(op_b), narrow(c.rows()), narrow(c.cols()), narrow(inner), alpha, a.data(),
          leading(a), b.data(), leading(b), T(0), c.data(), leading(c));
}

/// The routines of one precision: LU, condition number, inverse.
struct Single {
  static constexpr auto norm = LAPACKE_slange;
  static constexpr auto factor = LAPACKE_sgetrf;
  static constexpr auto condition = LAPACKE_sgecon;
  static constexpr auto inverse = LAPACKE_sgetri;
};
struct Double {
  static constexpr auto norm = LAPACKE_dlange;
  static constexpr auto factor = LAPACKE_dgetrf;
  static constexpr auto condition = LAPACKE_dgecon;
  static constexpr auto inverse = LAPACKE_dgetri;
};

/// LAPACKE refuses NaN before it begins; as everywhere else, NaN in is NaN out.
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

template <class Routines, class T> void invert_by(MatrixView<T> y) {
  if (y.rows() == 0) return;
  if (holds_nan(y)) return fill_nan(y);
  const lapack_int n = narrow(y.rows()), ld = leading(y);
  std::vector<lapack_int> pivots(static_cast<std::size_t>(n));
  const T norm = Routines::norm(LAPACK_COL_MAJOR, '1', n, n, y.data(), ld);
  T rcond = 0;
  if (Routines::factor(LAPACK_COL_MAJOR, n, n, y.data(), ld, pivots.data()) == 0)
    Routines::condition(LAPACK_COL_MAJOR, '1', n, y.data(), ld, norm, &rcond);
  require_regular(y.shape(), rcond);
  Routines::inverse(LAPACK_COL_MAJOR, n, y.data(), ld, pivots.data());
}

} // namespace

void multiply(float alpha, Op op_a, MatrixView<const float> a, Op op_b, MatrixView<const float> b,
              MatrixView<float> c) {
  gemm(cblas_sgemm, alpha, op_a, a, op_b, b, c);
}
void multiply(double alpha, Op op_a, MatrixView<const double> a, Op op_b, MatrixView<const double> b,
              MatrixView<double> c) {
  gemm(cblas_dgemm, alpha, op_a, a, op_b, b, c);
}

void invert(MatrixView<float> y) { invert_by<Single>(y); }
void invert(MatrixView<double> y) { invert_by<Double>(y); }

std::string blas_version() {
  std::istringstream config(openblas_get_config());
  std::string name, version;
  config >> name >> version;
  return name + " " + version + (openblas_get_parallel() == OPENBLAS_OPENMP ? " (openmp)" : " (threads)");
}

} // namespace kronvec::cpu

#include "devices/cpu/blas.hpp"

#include "devices/cpu/narrow.hpp"

#include <sstream>

namespace kronvec::cpu {
namespace {

CBLAS_TRANSPOSE flag(Op op) { return op == Op::none ? CblasNoTrans : CblasTrans; }

template <class T>
void gemm(auto *routine, T alpha, Op op_a, MatrixView<const T> a, Op op_b, MatrixView<const T> b, MatrixView<T> c) {
  if (c.rows() == 0 || c.cols() == 0) return;
  const Index inner = op_a == Op::none ? a.cols() : a.rows();
  routine(CblasColMajor, flag(op_a), flag(op_b), narrow(c.rows()), narrow(c.cols()), narrow(inner), alpha, a.data(),
          leading(a), b.data(), leading(b), T(0), c.data(), leading(c));
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

std::string blas_version() {
  std::istringstream config(openblas_get_config());
  std::string name, version;
  config >> name >> version;
  const char *threads = openblas_get_parallel() == OPENBLAS_OPENMP ? "openmp" : "threads";
  return name + " " + version + " (" + threads + ", " + openblas_get_corename() + " kernels)";
}

} // namespace kronvec::cpu

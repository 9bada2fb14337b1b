/// Calls OpenBLAS.

#include "devices/cpu/blas.hpp"

#include "devices/cpu/narrow.hpp"

#include <algorithm>
#include <complex>
#include <initializer_list>
#include <sstream>

namespace kronvec::cpu {
namespace {

CBLAS_TRANSPOSE flag(Op op) { return op == Op::none ? CblasNoTrans : CblasTrans; }

constexpr auto gemm(float) { return cblas_sgemm; }
constexpr auto gemm(double) { return cblas_dgemm; }
constexpr auto gemm(std::complex<float>) { return cblas_cgemm; }
constexpr auto gemm(std::complex<double>) { return cblas_zgemm; }

/// BLAS takes real scalars by value and complex scalars by address.
template <class T> T scalar(const T &x) { return x; }
template <class R> const std::complex<R> *scalar(const std::complex<R> &x) { return &x; }

} // namespace

template <class T>
void multiply(T alpha, Op op_a, MatrixView<const T> a, Op op_b, MatrixView<const T> b, T beta, MatrixView<T> c) {
  if (c.rows() == 0 || c.cols() == 0) return;
  const Index inner = op_a == Op::none ? a.cols() : a.rows();
  gemm(T{})(CblasColMajor, flag(op_a), flag(op_b), narrow(c.rows()), narrow(c.cols()), narrow(inner), scalar(alpha),
            a.data(), leading(a), b.data(), leading(b), scalar(beta), c.data(), leading(c));
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template void multiply<T>(T, Op, MatrixView<const T>, Op, MatrixView<const T>, T, MatrixView<T>);
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)
KRONVEC_INSTANTIATE(std::complex<float>)
KRONVEC_INSTANTIATE(std::complex<double>)

std::string blas_version() {
  std::istringstream config(openblas_get_config());
  std::string name, version;
  config >> name >> version;
  const char *threads = openblas_get_parallel() == OPENBLAS_OPENMP ? "openmp" : "threads";
  return name + " " + version + " (" + threads + ", " + openblas_get_corename() + " kernels)";
}

bool blas_has_kernels_for(Index vector_bytes) {
#if defined(__x86_64__)
  const std::string name = openblas_get_corename();
  const auto is_one_of = [&](std::initializer_list<const char *> names) {
    return std::any_of(names.begin(), names.end(), [&](const char *other) { return name == other; });
  };
  if (is_one_of({"SkylakeX", "Cooperlake", "SapphireRapids"})) return true;
  return vector_bytes <= 16 || (vector_bytes <= 32 && is_one_of({"Haswell", "Zen"}));
#else
  (void)vector_bytes;
  return true;
#endif
}

} // namespace kronvec::cpu

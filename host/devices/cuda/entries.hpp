#pragma once
/// Converts host operands to the types of kernels and cuBLAS.

#include "devices/algebra.hpp"
#include "kernels/complex.hpp"
#include "kernels/entries.hpp"

#include <complex>
#include <cublas_v2.h>

namespace kronvec::cuda {

using kernels::Entries;

/// The kernels' type of an entry. std::complex and the kernels' complex type have the same two numbers in memory.
template <class T> struct EntryOf { using type = T; };
template <class R> struct EntryOf<std::complex<R>> { using type = kernels::Complex<R>; };
template <class T> using entry_t = typename EntryOf<T>::type;

inline float entry(float x) { return x; }
inline double entry(double x) { return x; }
template <class R> kernels::Complex<R> entry(std::complex<R> x) { return {x.real(), x.imag()}; }

template <class T> Entries<entry_t<T>> entries(const BatchView<T> &m) {
  auto *data = reinterpret_cast<entry_t<T> *>(m.data);
  return {data, m.rows, m.cols, m.ld, m.count, m.count == 1 ? 0 : m.stride};
}
/// An operand for `count` items. A single item is repeated for all of them.
template <class T> Entries<const entry_t<T>> entries(const BatchView<const T> &m, Index count) {
  const auto *data = reinterpret_cast<const entry_t<T> *>(m.data);
  if (m.count == 1) return {data, m.rows, m.cols, m.ld, count, 0};
  return {data, m.rows, m.cols, m.ld, m.count, m.stride};
}

/// The same memory as another entry type, for kernels that only move entries.
template <class T> Entries<kernels::moved_as_t<T>> moved(const Entries<T> &m) {
  return {reinterpret_cast<kernels::moved_as_t<T> *>(m.data), m.rows, m.cols, m.ld, m.count, m.stride};
}
template <class T> Entries<const kernels::moved_as_t<T>> moved(const Entries<const T> &m) {
  return {reinterpret_cast<const kernels::moved_as_t<T> *>(m.data), m.rows, m.cols, m.ld, m.count, m.stride};
}

inline cublasOperation_t flag(Op op) { return op == Op::none ? CUBLAS_OP_N : CUBLAS_OP_T; }

/// A product of floats whose operands cuBLAS may round to TF32.
inline cublasStatus_t multiply_rounded(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                                       std::int64_t m, std::int64_t n, std::int64_t k, const float *alpha,
                                       const float *a, std::int64_t lda, long long stride_a, const float *b,
                                       std::int64_t ldb, long long stride_b, const float *beta, float *c,
                                       std::int64_t ldc, long long stride_c, std::int64_t count) {
  return cublasGemmStridedBatchedEx_64(handle, op_a, op_b, m, n, k, alpha, a, CUDA_R_32F, lda, stride_a, b, CUDA_R_32F,
                                       ldb, stride_b, beta, c, CUDA_R_32F, ldc, stride_c, count,
                                       CUBLAS_COMPUTE_32F_FAST_TF32, CUBLAS_GEMM_DEFAULT);
}

/// For each type of entries: cuBLAS's functions for products, rounded if available, and cuBLAS's name of the type.
template <class T> struct Gemm;
template <> struct Gemm<float> {
  using Entry = float;
  static constexpr auto multiply = cublasSgemmStridedBatched_64;
  static constexpr auto multiply_rounded = cuda::multiply_rounded;
};
template <> struct Gemm<double> {
  using Entry = double;
  static constexpr auto multiply = cublasDgemmStridedBatched_64;
  static constexpr auto multiply_rounded = multiply;
};
template <> struct Gemm<std::complex<float>> {
  using Entry = cuComplex;
  static constexpr auto multiply = cublasCgemmStridedBatched_64;
  static constexpr auto multiply_rounded = multiply;
};
template <> struct Gemm<std::complex<double>> {
  using Entry = cuDoubleComplex;
  static constexpr auto multiply = cublasZgemmStridedBatched_64;
  static constexpr auto multiply_rounded = multiply;
};

} // namespace kronvec::cuda

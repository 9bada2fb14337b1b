#pragma once
/// Products by OpenBLAS, in four types under one name.

#include "devices/algebra.hpp"

#include <string>

namespace kronvec::cpu {

/// C = α·op(A)·op(B) + β·C; T is float, double or std::complex of them. Throws ShapeError for a side beyond 2³¹ − 1,
/// which BLAS cannot count.
template <class T>
void multiply(T alpha, Op op_a, MatrixView<const T> a, Op op_b, MatrixView<const T> b, T beta, MatrixView<T> c);
template <class T>
void multiply(T alpha, Op op_a, MatrixView<const T> a, Op op_b, MatrixView<const T> b, MatrixView<T> c) {
  multiply(alpha, op_a, a, op_b, b, T(0), c);
}

std::string blas_version();

/// Whether its kernels are written for vectors of so many bytes with fused multiply-adds: a BLAS that does not know its
/// processor falls back to a much older one's. True where there is no telling.
bool blas_has_kernels_for(Index vector_bytes);

} // namespace kronvec::cpu

#pragma once
/// Matrix products by OpenBLAS: four types, one name.

#include "devices/algebra.hpp"

#include <string>

namespace kronvec::cpu {

/// C = α·op(A)·op(B) + β·C. T is float, double or std::complex of them. Throws ShapeError for a side beyond 2³¹ − 1,
/// which BLAS cannot represent.
template <class T>
void multiply(T alpha, Op op_a, MatrixView<const T> a, Op op_b, MatrixView<const T> b, T beta, MatrixView<T> c);
template <class T>
void multiply(T alpha, Op op_a, MatrixView<const T> a, Op op_b, MatrixView<const T> b, MatrixView<T> c) {
  multiply(alpha, op_a, a, op_b, b, T(0), c);
}

std::string blas_version();

/// Whether BLAS has kernels for vectors of this many bytes with fused multiply-adds. A BLAS that does not know the
/// processor falls back to the kernels of a much older one. True if it is unknown.
bool blas_has_kernels_for(Index vector_bytes);

} // namespace kronvec::cpu

#pragma once
/// Products and inverses by OpenBLAS and LAPACK, in both precisions under one name.

#include "devices/primitives.hpp"

#include <string>

namespace kronvec::cpu {

/// C = α·op(A)·op(B). Throws ShapeError for a side beyond 2³¹ − 1, which BLAS cannot count.
void multiply(float alpha, Op op_a, MatrixView<const float> a, Op op_b, MatrixView<const float> b, MatrixView<float> c);
void multiply(double alpha, Op op_a, MatrixView<const double> a, Op op_b, MatrixView<const double> b,
              MatrixView<double> c);

/// Y = Y⁻¹ in place, by LU. Throws DomainError with the reciprocal condition number (1-norm). NaN anywhere gives NaN.
void invert(MatrixView<float> y);
void invert(MatrixView<double> y);

std::string blas_version();

} // namespace kronvec::cpu

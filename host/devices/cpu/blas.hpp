#pragma once
/// Products by OpenBLAS, in both precisions under one name.

#include "devices/primitives.hpp"

#include <string>

namespace kronvec::cpu {

/// C = α·op(A)·op(B). Throws ShapeError for a side beyond 2³¹ − 1, which BLAS cannot count.
void multiply(float alpha, Op op_a, MatrixView<const float> a, Op op_b, MatrixView<const float> b, MatrixView<float> c);
void multiply(double alpha, Op op_a, MatrixView<const double> a, Op op_b, MatrixView<const double> b,
              MatrixView<double> c);

std::string blas_version();

} // namespace kronvec::cpu

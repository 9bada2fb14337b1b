#pragma once
/// Factorisations by LAPACK: two precisions, one name. NaN anywhere in a matrix gives NaN.

#include "devices/primitives.hpp"

namespace kronvec::cpu {

/// Y = Y⁻¹ in place, by LU. Throws DomainError if there is no inverse.
void invert(MatrixView<float> y);
void invert(MatrixView<double> y);

/// LU factors in the layout of `devices/factors.hpp`.
void lu(MatrixView<const float> x, bool regular, MatrixView<float> f);
void lu(MatrixView<const double> x, bool regular, MatrixView<double> f);
/// Y = op(X)⁻¹·Y in place, from the factors of X.
void lu_solve(Op op, MatrixView<const float> f, MatrixView<float> y);
void lu_solve(Op op, MatrixView<const double> f, MatrixView<double> y);

/// Y = adj X from the singular value decomposition X = UΣVᵀ: adj X = det U · det V · V · adj Σ · Uᵀ (Stewart, "On the
/// adjugate matrix", 1998). It needs no inverse of X.
KRONVEC_API void adjugate(MatrixView<const float> x, MatrixView<float> y);
KRONVEC_API void adjugate(MatrixView<const double> x, MatrixView<double> y);
/// F = [V U P], as `Primitives::adjugate_factors` says.
KRONVEC_API void adjugate_factors(MatrixView<const float> x, MatrixView<float> f);
KRONVEC_API void adjugate_factors(MatrixView<const double> x, MatrixView<double> f);

/// Replaces Y by the Cholesky factor of its lower triangle. Throws DomainError if there is none.
void cholesky(MatrixView<float> y);
void cholesky(MatrixView<double> y);

} // namespace kronvec::cpu

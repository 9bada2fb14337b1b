#pragma once
/// Factorisations by LAPACK: two precisions, one name. NaN anywhere in a matrix gives NaN.

#include "devices/primitives.hpp"

namespace kronvec::cpu {

/// Y = Y⁻¹ in place, by LU. Throws DomainError with the reciprocal condition number (1-norm) for a singular matrix.
void invert(MatrixView<float> y);
void invert(MatrixView<double> y);

/// LU factors in the layout of `devices/factors.hpp`.
void lu(MatrixView<const float> x, bool regular, MatrixView<float> f);
void lu(MatrixView<const double> x, bool regular, MatrixView<double> f);
/// Y = op(X)⁻¹·Y in place, from the factors of X.
void lu_solve(Op op, MatrixView<const float> f, MatrixView<float> y);
void lu_solve(Op op, MatrixView<const double> f, MatrixView<double> y);

/// The reciprocal condition number 1/(‖X‖₁·‖X⁻¹‖₁) of a matrix with this 1-norm, from its LU factors.
KRONVEC_API float reciprocal_condition(MatrixView<const float> lu, float norm);
KRONVEC_API double reciprocal_condition(MatrixView<const double> lu, double norm);

/// Y = adj X from the singular value decomposition X = UΣVᵀ: adj X = det U · det V · V · adj Σ · Uᵀ (Stewart, "On the
/// adjugate matrix", 1998). It needs no inverse of X.
KRONVEC_API void adjugate(MatrixView<const float> x, MatrixView<float> y);
KRONVEC_API void adjugate(MatrixView<const double> x, MatrixView<double> y);

/// Replaces Y by the Cholesky factor of its lower triangle. Throws DomainError if there is none.
void cholesky(MatrixView<float> y);
void cholesky(MatrixView<double> y);

} // namespace kronvec::cpu

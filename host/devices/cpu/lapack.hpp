#pragma once
/// Factorisations by LAPACK, in both precisions under one name. NaN anywhere in a matrix gives NaN.

#include "devices/primitives.hpp"

namespace kronvec::cpu {

/// Y = Y⁻¹ in place, by LU. Throws DomainError with the reciprocal condition number (1-norm).
void invert(MatrixView<float> y);
void invert(MatrixView<double> y);

/// LU factors as `devices/factors.hpp` lays them out.
void lu(MatrixView<const float> x, bool regular, MatrixView<float> f);
void lu(MatrixView<const double> x, bool regular, MatrixView<double> f);
/// Y = op(X)⁻¹·Y in place, by the factors of X.
void lu_solve(Op op, MatrixView<const float> f, MatrixView<float> y);
void lu_solve(Op op, MatrixView<const double> f, MatrixView<double> y);

/// 1/(‖X‖₁·‖X⁻¹‖₁) of a matrix of this norm, by its LU factors.
float reciprocal_condition(MatrixView<const float> lu, float norm);
double reciprocal_condition(MatrixView<const double> lu, double norm);

/// Y = adj X by the singular value decomposition X = UΣVᵀ: adj X = det U · det V · V · adj Σ · Uᵀ (Stewart, "On the
/// adjugate matrix", 1998), which needs no inverse of X.
void adjugate(MatrixView<const float> x, MatrixView<float> y);
void adjugate(MatrixView<const double> x, MatrixView<double> y);

/// The Cholesky factor of the lower triangle of Y, in place of it. Throws DomainError where there is none.
void cholesky(MatrixView<float> y);
void cholesky(MatrixView<double> y);

} // namespace kronvec::cpu

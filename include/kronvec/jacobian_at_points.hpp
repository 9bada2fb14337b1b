#pragma once
/// Jacobians at many points at once: one plan, B values of some symbols side by side, B Jacobians side by side.
///
///   auto Js = jacobian(A * exp(X * B), X).at_points({{A, a}, {X, xs}, {B, b}}, 1000);   // xs: m×(n·1000)
///   auto dense = Js.to_dense();                    // pq×(mn·1000): Jacobian k is columns k·mn, k·mn + 1, …
///   Js.update({{X, more}});                        // the next 1000 points
///
/// Small problems are worth it most: a step of the plan is one call for many points, on a GPU one launch.

#include "kronvec/derivative.hpp"

namespace kronvec {

namespace detail {
template <class T> class Points; // host/calculus/points.hpp
}

/// The Jacobians of F at B points: linear operators. Its const functions may be called from several threads at once.
///
/// A value of an m×n symbol is m×(n·B), the points' values side by side, or m×n, one value that all points share; what
/// depends on shared symbols alone is computed once. All points are computed alike and apart: none sees another's NaN.
/// Some operations work through the points one by one: on the CPU the inverse, and LU and Cholesky factors; on a GPU
/// those of more than 64 rows; everywhere the adjugate, the check that what `solve` and `logdet` take is regular, and
/// the matrix exponential of neighbours that are not scaled alike.
template <class T> class JacobianAtPoints {
public:
  /// Throws DomainError for a symbol without a value, or with the point at which F has none; ShapeError; OutOfMemory
  /// where the values at the points do not fit.
  JacobianAtPoints(std::shared_ptr<const detail::JacobianPlan> plan, const Values<T> &values, Index points,
                   Device device);
  JacobianAtPoints(JacobianAtPoints &&) noexcept = default;
  JacobianAtPoints &operator=(JacobianAtPoints &&) noexcept = default;

  Index size() const; ///< B
  Index rows() const; ///< pq, of each
  Index cols() const; ///< as `JacobianAt`, of each

  /// Moves to other points; symbols that are not named keep their values, and what is shared remains so. Allocates
  /// nothing (a GPU: after two calls).
  void update(const Values<T> &values);

  /// F at the points, p×(q·B).
  MatrixView<const T> value() const;

  /// y_k = J_k·x_k, one tangent for each point. x is m×(n·B), the tangents side by side (then y is p×(q·B)), or mn×B,
  /// the vec of one in each column (then y is pq×B). Device memory; x and y do not overlap.
  void apply(MatrixView<const T> x, MatrixView<T> y) const;
  Matrix<T> apply(MatrixView<const T> x) const;
  /// x_k = J_kᵀ·u_k, likewise.
  void apply_transpose(MatrixView<const T> u, MatrixView<T> x) const;
  Matrix<T> apply_transpose(MatrixView<const T> u) const;

  /// The dense Jacobians side by side, pq×(mn·B), or mn×(pq·B) in denominator layout, each entry written once. By the
  /// methods structured, forward and reverse; throws Error for others. Memory is predicted before an allocation, which
  /// throws OutOfMemory.
  void to_dense(MatrixView<T> out, const DenseOptions &options = {}) const;
  Matrix<T> to_dense(const DenseOptions &options = {}) const;

private:
  std::shared_ptr<detail::Points<T>> points_;
};

} // namespace kronvec

#pragma once
/// Jacobians at many points: one plan, B values of some symbols side by side, B Jacobians side by side.
///
///   auto Js = jacobian(A * exp(X * B), X).at_points({{A, a}, {X, xs}, {B, b}}, 1000);   // xs: m×(n·1000)
///   auto dense = Js.to_dense();                    // pq×(mn·1000): Jacobian k is columns k·mn, k·mn + 1, …
///   Js.update({{X, more}});                        // the next 1000 points
///
/// Small problems gain the most: each step of the plan is one batched call for many points, on a GPU one kernel launch.

#include "kronvec/derivative.hpp"

namespace kronvec::detail {
template <class T> class Points; // host/calculus/jacobian/points.hpp
} // namespace kronvec::detail

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// The Jacobians of F at B points, as linear operators. Const functions may be called from several threads at once.
///
/// A value of an m×n symbol is either m×(n·B), one value per point, side by side, or m×n, one value that all points
/// share. What depends on shared symbols only is computed once. The points are computed by the same steps but
/// independently: a NaN at one point does not reach another. Some operations loop over the points: on the CPU the
/// inverse, and LU and Cholesky factors; on a GPU the same for more than 64 rows; on every device the adjugate, the
/// singularity check for `solve` and `logdet`, and the matrix exponential of neighbouring points that need different
/// scaling.
template <class T> class JacobianAtPoints {
public:
  JacobianAtPoints(JacobianAtPoints &&) noexcept = default;
  JacobianAtPoints &operator=(JacobianAtPoints &&) noexcept = default;

  Index size() const; ///< B
  Index rows() const; ///< pq, of each Jacobian
  Index cols() const; ///< see `JacobianAt::cols`, of each Jacobian

  /// Moves to other points. Symbols that are not named keep their values, and shared values stay shared. Does not
  /// allocate (on a GPU: after two calls).
  void update(const Values<T> &values);

  /// F at the points, p×(q·B), side by side.
  MatrixView<const T> value() const;

  /// y_k = J_k·x_k, one tangent per point. x is either m×(n·B), the tangents side by side (then y is p×(q·B)), or mn×B,
  /// one vec per column (then y is pq×B). x and y lie on the device and must not overlap.
  void apply(MatrixView<const T> x, MatrixView<T> y) const;
  Matrix<T> apply(MatrixView<const T> x) const;
  /// x_k = J_kᵀ·u_k, with the same two forms.
  void apply_transpose(MatrixView<const T> u, MatrixView<T> x) const;
  Matrix<T> apply_transpose(MatrixView<const T> u) const;

  /// Writes the dense Jacobians side by side: pq×(mn·B), or mn×(pq·B) in denominator layout, each entry once. Supports
  /// the methods structured, forward and reverse; throws Error for others. Throws OutOfMemory before any allocation,
  /// from the predicted memory.
  void to_dense(MatrixView<T> out, const DenseOptions &options = {}) const;
  Matrix<T> to_dense(const DenseOptions &options = {}) const;

private:
  friend class Jacobian;
  JacobianAtPoints(std::shared_ptr<const detail::JacobianPlan> plan, const Values<T> &values, Index points,
                   Device device);

  std::shared_ptr<detail::Points<T>> points_;
};

} // namespace KRONVEC_ABI
} // namespace kronvec

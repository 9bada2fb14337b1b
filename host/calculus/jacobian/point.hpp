#pragma once
/// A Jacobian at one point: the plan with the numbers of its symbols and of F, on a device.

#include "calculus/jacobian/infinite_slopes.hpp"

namespace kronvec::detail {

/// The numbers of a plan at one point, on a device.
template <class T> class Point : public Evaluation<T> {
public:
  Point(std::shared_ptr<const JacobianPlan> plan, const Values<T> &values, Device device)
      : Evaluation<T>(plan, values, device), plan_(std::move(plan)) {
    find_infinite_slopes();
  }

  const JacobianPlan &plan() const { return *plan_; }
  const std::shared_ptr<const JacobianPlan> &plan_ptr() const { return plan_; }
  void update(const Values<T> &values) {
    Evaluation<T>::update(values);
    find_infinite_slopes();
  }
  /// The method that this one means at this point. `structured` multiplies coefficients by IEEE arithmetic, so with an
  /// infinite one it means products with unit vectors.
  Method chosen(Method method) const;

  /// J or Jᵀ (by the stage) times the columns of x, k tangents or cotangents; writes the columns of y.
  void apply(Stage stage, MatrixView<const T> x, MatrixView<T> y) const;

  /// Memory for `run_dense`.
  Pool::Block dense_workspace() const { return take_slots<T>(*plan_, Stage::dense, 1, this->device().backend()); }
  /// Runs the dense steps in this memory. Returns the arrays that J is written from.
  Buffers<T> run_dense(const Pool::Block &workspace) const;
  /// Writes J in this layout from the buffers of `run_dense`.
  const Emitter<T> &emitter(Layout layout) const { return plan_->emitters.jacobian<T>(layout, this->device()); }

  bool has_infinite_slopes() const { return infinite_slopes_ != nullptr; }

private:
  void find_infinite_slopes() { infinite_slopes_ = InfiniteSlopes<T>::find(*plan_, this->device(), this->arena()); }

  std::shared_ptr<const JacobianPlan> plan_;
  std::unique_ptr<const InfiniteSlopes<T>> infinite_slopes_; ///< null at most points
};

} // namespace kronvec::detail

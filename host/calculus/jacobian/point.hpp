#pragma once
/// A Jacobian at one point: the plan with the numbers of its symbols and of F, on a device.

#include "calculus/jacobian/plan.hpp"
#include "calculus/program/run.hpp"
#include "devices/backend.hpp"

#include <mutex>

namespace kronvec::detail {

/// Emitters on one device: for the dense steps of a plan (null for steps without an emitter) and for J in either
/// layout.
template <class T> struct Emitters {
  Emitters(const JacobianPlan &plan, Device device);
  std::vector<std::unique_ptr<Emitter<T>>> steps;
  std::unique_ptr<Emitter<T>> jacobian[2];
};

/// Emitters that are made when they are first needed.
template <class T> class OnFirstUse {
public:
  const Emitters<T> &get(const JacobianPlan &plan, Device device) const {
    std::call_once(once_, [&] { emitters_ = std::make_unique<const Emitters<T>>(plan, device); });
    return *emitters_;
  }

private:
  mutable std::once_flag once_;
  mutable std::unique_ptr<const Emitters<T>> emitters_;
};

/// Throws DomainError if a symbol that has entries has no value.
template <class T> void require_values(const JacobianPlan &plan, const Values<T> &values);
/// Throws DomainError if a symbol with a value does not occur in the plan, unless the list allows that.
template <class T> void require_known(const JacobianPlan &plan, const Values<T> &values);

/// The numbers of a plan at one point, on a device.
template <class T> class Point {
public:
  Point(std::shared_ptr<const JacobianPlan> plan, const Values<T> &values, Device device);

  const JacobianPlan &plan() const { return *plan_; }
  const std::shared_ptr<const JacobianPlan> &plan_ptr() const { return plan_; }
  Device device() const { return device_; }
  void update(const Values<T> &values);

  /// The matrix of a slot, in device memory.
  MatrixView<T> matrix(SlotId slot) const;
  /// J or Jᵀ (by the stage) times the columns of x, k tangents or cotangents; writes the columns of y.
  void apply(Stage stage, MatrixView<const T> x, MatrixView<T> y) const;
  /// Bytes that `apply` takes from the device's pool per column.
  std::size_t workspace_bytes(Stage stage) const;

  /// Runs the steps that compute F and all coefficients from the symbols' slots.
  void evaluate() const;

  /// Runs the dense steps, which compute the arrays that J is written from, in `workspace`
  /// (`workspace_bytes(Stage::dense)` bytes). Returns those arrays.
  Buffers<T> run_dense(T *workspace) const;
  const Emitters<T> &emitters() const { return emitters_.get(*plan_, device_); }
  /// Writes J in this layout from the buffers of `run_dense`.
  const Emitter<T> &emitter(Layout layout) const { return *emitters().jacobian[static_cast<int>(layout)]; }

private:
  /// Throws ShapeError for a value that does not have its symbol's shape.
  void require_shape(const Binding<T> &binding) const;
  void bind(const Binding<T> &binding);

  std::shared_ptr<const JacobianPlan> plan_;
  Device device_;
  Pool::Block arena_;
  OnFirstUse<T> emitters_;
  Recordings recordings_; ///< declared last: destroyed before the memory and the emitters that it uses
};

} // namespace kronvec::detail

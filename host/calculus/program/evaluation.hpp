#pragma once
/// The value of a function: its program before it has numbers, and its numbers at one point.

#include "calculus/program/run.hpp"
#include "devices/backend.hpp"
#include "kronvec/derivative.hpp"

#include <memory>

namespace kronvec::detail {

/// A function as a program, computed as it is written: callers rewrite it first (calculus/rewriting). More steps may be
/// added to the program until it is allocated.
struct FunctionPlan {
  explicit FunctionPlan(const Expression &f);

  Expression f;
  Program program;
  SlotId value = no_slot;
  struct Input {
    NodePtr symbol;
    SlotId slot;
    bool is(const Symbol &x) const { return symbol == x.node(); }
  };
  std::vector<Input> inputs;   ///< every symbol that the program reads
  std::vector<NodePtr> others; ///< symbols that may have values, which are not read
};

/// Throws DomainError if a symbol that has entries has no value.
template <class T> void require_values(const FunctionPlan &plan, const Values<T> &values);
/// Throws DomainError if a symbol with a value does not occur in the plan, unless the list allows that.
template <class T> void require_known(const FunctionPlan &plan, const Values<T> &values);
/// Memory for the slots of a stage: for the arena, or for `count` items of another stage. Throws OutOfMemory, and names
/// the subexpression with the largest value.
template <class T> Pool::Block take_slots(const FunctionPlan &plan, Stage stage, Index count, const Backend &backend);

/// The numbers of a function's symbols and of all that is computed from them, at one point, on a device.
template <class T> class Evaluation {
public:
  /// Throws DomainError, ShapeError, OutOfMemory.
  Evaluation(std::shared_ptr<const FunctionPlan> plan, const Values<T> &values, Device device);

  Device device() const { return device_; }
  void update(const Values<T> &values);
  /// Runs the steps that compute F and all coefficients from the symbols' slots.
  void evaluate() const;
  /// The matrix of a slot, in device memory.
  MatrixView<T> matrix(SlotId slot) const;
  MatrixView<const T> value() const { return matrix(function_->value); }

protected:
  T *arena() const { return static_cast<T *>(arena_.data()); }
  const Recordings &recordings() const { return recordings_; }

private:
  /// Throws ShapeError for a value that does not have its symbol's shape.
  void require_shape(const Binding<T> &binding) const;
  void bind(const Binding<T> &binding);

  std::shared_ptr<const FunctionPlan> function_;
  Device device_;
  Pool::Block arena_;
  Recordings recordings_; ///< declared last: destroyed before the memory and the plan that it uses
};

} // namespace kronvec::detail

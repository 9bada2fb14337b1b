#pragma once
/// The numbers of a plan at many points, on a device: every step is run for many points at once.

#include "calculus/jacobian_plan.hpp"

#include <algorithm>
#include <functional>

namespace kronvec::detail {

/// How many of `count` points the steps of a stage are run for at once, so that what they work on stays in a cache.
Index points_at_once(const JacobianPlan &plan, Stage stage, std::size_t element, Index count, Device device);

/// `count` points in parts of at most `each`, the same for any number of threads.
struct Parts {
  Index count, each;
  Index size() const { return (count + each - 1) / each; }
  Index length(Index part) const { return std::min(each, count - part * each); }
};
/// work(first, n) for every part of n points from `first` on.
void for_parts(const Backend &backend, Parts parts, const auto &work) {
  const auto one = [&](Index part) { work(part * parts.each, parts.length(part)); };
  backend.for_parts(parts.size(), std::cref(one));
}

template <class T> class Points {
public:
  /// Of an m×n symbol an m×n value is that of all points, an m×(n·points) one has theirs side by side. Throws
  /// DomainError, ShapeError, OutOfMemory.
  Points(std::shared_ptr<const JacobianPlan> plan, const Values<T> &values, Index points, Device device);

  const JacobianPlan &plan() const { return *plan_; }
  Device device() const { return device_; }
  Index count() const { return count_; }
  /// Throws ShapeError where a symbol's value was that of all points and would now differ, or the other way round.
  void update(const Values<T> &values);

  /// F at the points, p×q, side by side.
  BatchView<const T> value() const;
  /// J or Jᵀ (by the stage) of each point times the item of x that belongs to it (or the only one), into y.
  void apply(Stage stage, const BatchView<const T> &x, const BatchView<T> &y) const;
  /// The dense Jacobians by `options.method`, side by side.
  void assemble(MatrixView<T> out, const DenseOptions &options) const;
  /// What `assemble` holds beside out.
  Blocks held_beside(Method method, Layout layout) const;

private:
  class Assembly;

  void bind(const Binding<T> &binding);
  void evaluate(bool shared_too) const;
  void evaluate_varying(Index first, Index count) const;
  /// Memory for a run of the steps for points first, first + 1, …
  Memory<T> memory(Index first, Index count) const;
  void apply(Stage stage, Index first, T *workspace, const BatchView<const T> &x, const BatchView<T> &y) const;

  std::shared_ptr<const JacobianPlan> plan_;
  Device device_;
  Index count_;
  Varying varying_;
  Pool::Block arena_, values_;
  Pool::Block copies_; ///< of a value of F that all points share
  OnFirstUse<T> emitters_;
  Recordings recordings_; ///< before the memory that they work in, and the emitters, go
};

} // namespace kronvec::detail

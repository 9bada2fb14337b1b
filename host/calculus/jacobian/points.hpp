#pragma once
/// The numbers of a plan at many points, on a device. Each step runs for many points at once.

#include "calculus/jacobian/point.hpp"

#include <algorithm>
#include <functional>

namespace kronvec::detail {

/// How many of `count` points each step of a stage handles at once, so that the operands stay in cache.
Index points_at_once(const JacobianPlan &plan, Stage stage, std::size_t element, Index count, Device device);

/// `count` points in parts of at most `each`. The parts do not depend on the number of threads.
struct PointParts {
  Index count, each;
  Index size() const { return (count + each - 1) / each; }
  Index length(Index part) const { return std::min(each, count - part * each); }
};
/// Calls work(first, n) for every part: n points from `first` on.
void for_parts(const Backend &backend, PointParts parts, const auto &work) {
  const auto one = [&](Index part) { work(part * parts.each, parts.length(part)); };
  backend.for_parts(parts.size(), std::cref(one));
}

template <class T> class Points {
public:
  /// The value of an m×n symbol is m×n, shared by all points, or m×(n·points), one value per point, side by side.
  /// Throws DomainError, ShapeError, OutOfMemory.
  Points(std::shared_ptr<const JacobianPlan> plan, const Values<T> &values, Index points, Device device);

  const JacobianPlan &plan() const { return *plan_; }
  Device device() const { return device_; }
  Index count() const { return count_; }
  /// Throws ShapeError if a symbol's value was shared by all points and the new one is not, or the reverse.
  void update(const Values<T> &values);

  /// F at the points, p×q, side by side.
  BatchView<const T> value() const;
  /// For each point: J or Jᵀ (by the stage) times that point's item of x (or the only item), into y.
  void apply(Stage stage, const BatchView<const T> &x, const BatchView<T> &y) const;
  /// The dense Jacobians by `options.method`, side by side.
  void assemble(MatrixView<T> out, const DenseOptions &options) const;
  /// Pool blocks that `assemble` holds beside out.
  Blocks held_beside(Method method, Layout layout) const;

private:
  class Assembly;

  /// Throws ShapeError for a value that is neither shared nor side by side, as its symbol's first value was.
  void require_shape(const Binding<T> &binding) const;
  void bind(const Binding<T> &binding);
  void evaluate(bool shared_too) const;
  void evaluate_varying(Index first, Index count) const;
  /// The memory in which the steps run for points first, first + 1, …
  RunMemory<T> memory(Index first, Index count) const;
  void apply(Stage stage, Index first, T *workspace, const BatchView<const T> &x, const BatchView<T> &y) const;
  /// Finds the points where a coefficient is infinite (infinite_slopes.hpp). They are computed one by one.
  void find_infinite_slopes();
  Point<T> point(Index which) const;

  std::shared_ptr<const JacobianPlan> plan_;
  Device device_;
  Index count_;
  Varying varying_;
  Pool::Block arena_, values_;
  std::vector<Index> with_infinite_slopes_; ///< in ascending order
  Pool::Block copies_;                      ///< of F's value, one per point, if all points share it
  Recordings recordings_;                   ///< declared last: destroyed before the memory and the plan that it uses
};

} // namespace kronvec::detail

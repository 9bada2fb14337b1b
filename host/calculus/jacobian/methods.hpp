#pragma once
/// The methods for a dense Jacobian, one class each. Each fills any range of columns of J or of Jᵀ.

#include "calculus/jacobian/point.hpp"

#include <functional>
#include <type_traits>

namespace kronvec::detail {

template <class T> class DenseMethod {
public:
  virtual ~DenseMethod() = default;
  /// Writes columns `first`, `first` + 1, … of J in `layout`, as many as `out` has. `out` lies in device memory.
  virtual void fill(Index first, MatrixView<T> out) = 0;

  const Layout layout; ///< the layout whose columns it fills; the other layout needs a transposition
  const Index pass;    ///< the best number of columns to fill at once

protected:
  DenseMethod(Layout filled, Index columns) : layout(filled), pass(columns) {}
};

/// Number of columns that one pass of `forward` or `reverse` computes together: as many as keep the workspace within a
/// few MiB.
Index columns_per_pass(const JacobianPlan &plan, Stage stage, std::size_t element);
/// The same for any method: those that compute no columns together have 1.
Index columns_per_pass(const JacobianPlan &plan, Method method, std::size_t element);

/// The layout whose columns a method fills when `wanted` is requested.
Layout natural_layout(Method method, Layout wanted);

/// Calls work(method) with the options' method (for `automatic`, with the method that it stands for). `most` is the max
/// number of columns that work requests at once. The method lies on the stack, so rewriting a J in memory does not
/// allocate. Throws Error if the method does not support this J.
template <class T> void with_method(const Point<T> &point, const DenseOptions &options, Index most,
                                    std::type_identity_t<const std::function<void(DenseMethod<T> &)> &> work);

/// Pool blocks that the method that `with_method` calls takes from the device.
template <class T>
Blocks held_by_method(const JacobianPlan &plan, Device device, Method method, Layout layout, Index most);

/// The dense Jacobian of a point by `options.method`.
template <class T> void assemble(const Point<T> &point, MatrixView<T> out, const DenseOptions &options);
/// Pool blocks that `assemble` takes from the device.
template <class T> Blocks held_by_assembly(const JacobianPlan &plan, Device device, const DenseOptions &options);
/// Bytes of a dense J.
template <class T> double bytes_of(const JacobianPlan &plan) {
  return static_cast<double>(plan.rows()) * static_cast<double>(plan.cols()) * sizeof(T);
}

} // namespace kronvec::detail

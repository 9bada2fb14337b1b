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

/// The layout whose columns a method fills when `wanted` is requested.
Layout natural_layout(Method method, Layout wanted);

/// Calls work(method) with the options' method (for `automatic`, with the method that it stands for). `most` is the max
/// number of columns that work requests at once. The method lies on the stack, so rewriting a J in memory does not
/// allocate. Throws Error if the method does not support this J.
template <class T> void with_method(const Point<T> &point, const DenseOptions &options, Index most,
                                    std::type_identity_t<const std::function<void(DenseMethod<T> &)> &> work);

/// Pool blocks that this method takes from the point's device while it fills at most `most` columns at once.
template <class T> Blocks held_by_method(const Point<T> &point, Method method, Layout layout, Index most);

/// The dense Jacobian of a point by `options.method`.
template <class T> void assemble(const Point<T> &point, MatrixView<T> out, const DenseOptions &options);

} // namespace kronvec::detail

#pragma once
/// The ways to a dense Jacobian, one class a method, each ready to fill any range of columns of J, or of Jᵀ.

#include "calculus/jacobian_plan.hpp"

#include <functional>
#include <type_traits>

namespace kronvec::detail {

template <class T> class Way {
public:
  virtual ~Way() = default;
  /// Columns `first`, `first` + 1, … of J in `layout`, as many as `out` has; device memory.
  virtual void fill(Index first, MatrixView<T> out) = 0;

  const Layout layout; ///< what it fills columns of; the other layout takes a transposition
  const Index pass;    ///< how many columns are filled at once at the best

protected:
  Way(Layout filled, Index columns) : layout(filled), pass(columns) {}
};

/// The layout that a method fills columns of, where `wanted` is asked for.
Layout natural_layout(Method method, Layout wanted);

/// work(way) with the way of the options' method, or of the one that `automatic` stands for, which will be asked for
/// `most` columns at the most at once. The way lies on the stack: a J in memory that is written again allocates
/// nothing. Throws Error where the method has no way to this J.
template <class T> void with_way(const Point<T> &point, const DenseOptions &options, Index most,
                                 std::type_identity_t<const std::function<void(Way<T> &)> &> work);

/// What that way takes from the pool of the point's device while it fills `most` columns at once.
template <class T> Blocks held_by_way(const Point<T> &point, Method method, Layout layout, Index most);

} // namespace kronvec::detail

#pragma once
/// Eigen as a user of it would write Kronecker products. Results are written where the caller says.

#include "kronvec/matrix.hpp"

#include <functional>

namespace kronvec::bench {

/// C = A·X·B, from the left or from the right.
template <class T> std::function<void()> eigen_triple(MatrixView<const T> a, MatrixView<const T> x,
                                                      MatrixView<const T> b, MatrixView<T> c, bool left_first);
/// C = A ⊗ B.
template <class T> std::function<void()> eigen_kronecker(MatrixView<const T> a, MatrixView<const T> b, MatrixView<T> c);

} // namespace kronvec::bench

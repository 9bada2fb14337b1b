#pragma once
/// Kronecker products as an Eigen user would write them. Results go to memory of the caller.

#include "kronvec/matrix.hpp"

#include <functional>

namespace kronvec::bench {

/// C = A·X·B, multiplied from the left or from the right.
template <class T> std::function<void()> eigen_triple(MatrixView<const T> a, MatrixView<const T> x,
                                                      MatrixView<const T> b, MatrixView<T> c, bool left_first);
/// C = A ⊗ B.
template <class T> std::function<void()> eigen_kronecker(MatrixView<const T> a, MatrixView<const T> b, MatrixView<T> c);

} // namespace kronvec::bench

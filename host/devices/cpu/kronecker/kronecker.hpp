#pragma once
/// (F₁ ⊗ … ⊗ F_N)·X of real entries by sweeps that take several modes at once.

#include "devices/algebra.hpp"

#include <optional>

namespace kronvec::cpu {

/// Elements of workspace that `kronecker_by_sweeps` needs, or nothing where products by BLAS are the better way.
template <class T> std::optional<Index> sweeps_workspace(std::span<const KroneckerFactor<T>> factors, Index columns);

/// Y = α·(F₁ ⊗ … ⊗ F_N)·X + β·Y, where that is the better way; returns whether it was. The result's bits do not depend
/// on the number of threads.
template <class T> bool kronecker_by_sweeps(T alpha, std::span<const KroneckerFactor<T>> factors, MatrixView<const T> x,
                                            T beta, MatrixView<T> y, std::span<T> workspace);

} // namespace kronvec::cpu

#pragma once
/// (F₁ ⊗ … ⊗ F_N)·X for real entries, by sweeps that apply several modes in one pass.

#include "devices/algebra.hpp"

#include <optional>

namespace kronvec::cpu {

/// Elements of workspace that `kronecker_by_sweeps` needs, or nothing if BLAS products are faster.
template <class T> std::optional<Index> sweeps_workspace(std::span<const KroneckerFactor<T>> factors, Index columns);

/// Y = α·(F₁ ⊗ … ⊗ F_N)·X + β·Y, unless BLAS products are faster; returns whether it has been computed. The result does
/// not depend, bit for bit, on the number of threads.
template <class T> bool kronecker_by_sweeps(T alpha, std::span<const KroneckerFactor<T>> factors, MatrixView<const T> x,
                                            T beta, MatrixView<T> y, std::span<T> workspace);

} // namespace kronvec::cpu

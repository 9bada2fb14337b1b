#pragma once
/// Kronecker products on the CUDA device.

#include "devices/cuda/engine.hpp"
#include "devices/cuda/kronecker_plan.hpp"

namespace kronvec::cuda {

/// Entries of workspace for `kronecker`.
template <class T> Index kronecker_workspace(const Engine &engine, std::span<const KroneckerFactor<T>> factors,
                                             Index columns, Precision precision);

/// Y = α·(F₁ ⊗ … ⊗ F_N)·X + β·Y in the passes of the plan. Matrix products use `algebra`, which must have the same
/// precision.
template <class T> void kronecker(const Engine &engine, const Algebra<T> &algebra, T alpha,
                                  std::span<const KroneckerFactor<T>> factors, MatrixView<const T> x, T beta,
                                  MatrixView<T> y, std::span<T> workspace, Precision precision);

} // namespace kronvec::cuda

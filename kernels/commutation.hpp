#pragma once
/// K[m,n]·vec X = vec Xᵀ.

#include "kernels/entries.hpp"

#include <cuda_runtime_api.h>

namespace kronvec::kernels {

/// Y_b = X_bᵀ for every item of the batch. Y must not overlap X, unless X is square and Y is X. Exact. T: float, double
/// or Complex<double>.
template <class T> cudaError_t transpose(Entries<const T> x, Entries<T> y, cudaStream_t stream);

} // namespace kronvec::kernels

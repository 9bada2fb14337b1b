#pragma once
/// K[m,n]·vec X = vec Xᵀ.

#include "kernels/entries.hpp"

#include <cuda_runtime_api.h>

namespace kronvec::kernels {

/// Y_b = X_bᵀ for every item of the batch. Y does not overlap X, or is X, square. Exact.
cudaError_t transpose(Entries<const float> x, Entries<float> y, cudaStream_t stream);
cudaError_t transpose(Entries<const double> x, Entries<double> y, cudaStream_t stream);

} // namespace kronvec::kernels

#pragma once
/// What the batched calls of cuBLAS and cuSOLVER want to know of the items of a batch, made where they lie.

#include "kernels/entries.hpp"

#include <cuda_runtime_api.h>

namespace kronvec::kernels {

/// address[b] = the first entry of item b.
cudaError_t addresses(Entries<float> x, float **address, cudaStream_t stream);
cudaError_t addresses(Entries<double> x, double **address, cudaStream_t stream);

/// The row exchanges of n×n factors, from 1, between cuBLAS's form, n of an item after those of the item before, and
/// cuSOLVER's: 64-bit integers after the f.rows columns of each item's L and U, from the next multiple of 8 bytes.
cudaError_t store_exchanges(const int *exchanges, Entries<float> f, cudaStream_t stream);
cudaError_t store_exchanges(const int *exchanges, Entries<double> f, cudaStream_t stream);
cudaError_t load_exchanges(Entries<const float> f, int *exchanges, cudaStream_t stream);
cudaError_t load_exchanges(Entries<const double> f, int *exchanges, cudaStream_t stream);

} // namespace kronvec::kernels

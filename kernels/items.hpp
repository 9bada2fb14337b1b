#pragma once
/// Addresses and row exchanges of a batch's items for the batched calls of cuBLAS and cuSOLVER, computed on the device.

#include "kernels/entries.hpp"

#include <cuda_runtime_api.h>

namespace kronvec::kernels {

/// address[b] = the first entry of item b.
cudaError_t addresses(Entries<float> x, float **address, cudaStream_t stream);
cudaError_t addresses(Entries<double> x, double **address, cudaStream_t stream);

/// Converts the row exchanges of n×n factors, counted from 1, between two formats. cuBLAS: n integers per item, item
/// after item. cuSOLVER: 64-bit integers after the f.rows columns of each item's L and U, from the next multiple of 8
/// bytes.
cudaError_t store_exchanges(const int *exchanges, Entries<float> f, cudaStream_t stream);
cudaError_t store_exchanges(const int *exchanges, Entries<double> f, cudaStream_t stream);
cudaError_t load_exchanges(Entries<const float> f, int *exchanges, cudaStream_t stream);
cudaError_t load_exchanges(Entries<const double> f, int *exchanges, cudaStream_t stream);

} // namespace kronvec::kernels

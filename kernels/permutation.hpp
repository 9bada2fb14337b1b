#pragma once
/// Permutations and selections other than the transpose, by index: one thread for each entry of the result. Exact.

#include "kernels/entries.hpp"

#include <cuda_runtime_api.h>

namespace kronvec::kernels {

/// Y_b = X_b·K[m,n] for X_b k×mn: column i + j·m of Y is column j + i·n of X.
cudaError_t commute_columns(std::int64_t m, std::int64_t n, Entries<const float> x, Entries<float> y,
                            cudaStream_t stream);
cudaError_t commute_columns(std::int64_t m, std::int64_t n, Entries<const double> x, Entries<double> y,
                            cudaStream_t stream);

/// y_b = vech X_b, the lower triangle column by column; and the lower triangular Y_b with vech Y_b = x_b.
cudaError_t vech(Entries<const float> x, Entries<float> y, cudaStream_t stream);
cudaError_t vech(Entries<const double> x, Entries<double> y, cudaStream_t stream);
cudaError_t unvech(Entries<const float> x, Entries<float> y, cudaStream_t stream);
cudaError_t unvech(Entries<const double> x, Entries<double> y, cudaStream_t stream);

} // namespace kronvec::kernels

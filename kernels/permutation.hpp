#pragma once
/// Permutations and selections other than the transpose. Exact.

#include "kernels/complex.hpp"
#include "kernels/entries.hpp"

#include <cuda_runtime_api.h>

namespace kronvec::kernels {

/// Y_b = X_b·K[m,n] for X_b k×mn: column i + j·m of Y is column j + i·n of X. T: float, double or Complex<double>.
template <class T>
cudaError_t commute_columns(std::int64_t m, std::int64_t n, Entries<const T> x, Entries<T> y, cudaStream_t stream);

/// Row i of Y_b is row index[i] of X_b; `index` is one column. T: float, double or Complex<double>.
template <class T>
cudaError_t gather_rows(Entries<const std::int64_t> index, Entries<const T> x, Entries<T> y, cudaStream_t stream);

/// Row index[i] of Y_b is the sum of all rows i of X_b with that index, in the order of i, or 0 if there is none.
/// `keys` and `order` each have room for one index per row of X. T: float, double, or Complex of them.
template <class T> cudaError_t scatter_rows(Entries<const std::int64_t> index, Entries<const T> x, Entries<T> y,
                                            std::int64_t *keys, std::int64_t *order, cudaStream_t stream);

} // namespace kronvec::kernels

#pragma once
/// Sums over entries, one per item of a batch, in a fixed order (every run gives the same bits).

#include "kernels/determinant.hpp"
#include "kernels/entries.hpp"
#include "kernels/scaled.hpp"

#include <cuda_runtime_api.h>

namespace kronvec::kernels {

/// The number of pieces in which `inner` adds up each item. Few long items in one piece each would leave most of a GPU
/// idle.
std::int64_t inner_pieces(std::int64_t entries, std::int64_t count);

/// y_b = Σᵢⱼ a_b(i, j)·b_b(i, j). If there is more than one piece, `sums` has room for all pieces of all items. T:
/// float, double, or Complex of them.
template <class T>
cudaError_t inner(Entries<const T> a, Entries<const T> b, Entries<T> y, T *sums, cudaStream_t stream);

/// y_b = ‖vec X_b‖₂, without overflow or underflow of squares. If there is more than one piece (`inner_pieces`), `sums`
/// has room for all pieces of all items.
template <class T> cudaError_t norm2(Entries<const T> x, Entries<T> y, SquareSum<T> *sums, cudaStream_t stream);

/// y_b = det X_b, log |det X_b| or sign det X_b, from LU factors in cuSOLVER's format: each item of `f` holds L and U
/// in its first f.rows columns, followed, from the next multiple of 8 bytes, by the row exchanges as 64-bit integers
/// counted from 1.
cudaError_t determinant(Entries<const float> f, Determinant form, Entries<float> y, cudaStream_t stream);
cudaError_t determinant(Entries<const double> f, Determinant form, Entries<double> y, cudaStream_t stream);

/// y_b(0, j) = the largest entry of column j of X_b, or 0 if that is not finite; NaN if an entry is NaN.
cudaError_t column_shift(Entries<const float> x, Entries<float> y, cudaStream_t stream);
cudaError_t column_shift(Entries<const double> x, Entries<double> y, cudaStream_t stream);

/// y_b = ‖X_b‖₁, the largest column sum of absolute values; NaN if an entry is NaN.
cudaError_t one_norm(Entries<const float> x, float *y, cudaStream_t stream);
cudaError_t one_norm(Entries<const double> x, double *y, cudaStream_t stream);

} // namespace kronvec::kernels

#pragma once
/// Packs triangles of square matrices into columns, and back.

#include "kernels/entries.hpp"

#include <cuda_runtime_api.h>

namespace kronvec::kernels {

/// A triangle with or without the diagonal, column by column.
struct Triangle {
  bool lower, diagonal;
};

/// y_b = the triangle of X_b: near·x_ij + mirrored·x_ji off the diagonal, x_ii on it. If a weight is 0, the half of X_b
/// that it weights is not read and may hold anything. T: float, double, or Complex of them.
template <class T>
cudaError_t pack_triangle(Triangle triangle, T near, T mirrored, Entries<const T> x, Entries<T> y, cudaStream_t stream);
/// X_b from its triangle y_b: x_ij = near·y and x_ji = mirrored·y off the diagonal; on the diagonal y, or 0 if the
/// triangle has no diagonal. A weight of 0 gives zeros, whatever y holds.
template <class T> cudaError_t unpack_triangle(Triangle triangle, T near, T mirrored, Entries<const T> y, Entries<T> x,
                                               cudaStream_t stream);

} // namespace kronvec::kernels

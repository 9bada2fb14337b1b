#pragma once
/// Triangles of square matrices as columns, and back.

#include "kernels/entries.hpp"

#include <cuda_runtime_api.h>

namespace kronvec::kernels {

/// With or without the diagonal, column by column.
struct Triangle {
  bool lower, diagonal;
};

/// y_b = the triangle of X_b: near·x_ij + mirrored·x_ji off the diagonal, x_ii on it. A weight of 0 reads nothing: with
/// it the other half of X_b may hold anything. T: float, double, or Complex of them.
template <class T>
cudaError_t pack_triangle(Triangle triangle, T near, T mirrored, Entries<const T> x, Entries<T> y, cudaStream_t stream);
/// X_b from its triangle y_b: x_ij = near·y and x_ji = mirrored·y off the diagonal, and on it y, or 0 where the
/// triangle leaves it out. A weight of 0 gives zeros, whatever y holds.
template <class T> cudaError_t unpack_triangle(Triangle triangle, T near, T mirrored, Entries<const T> y, Entries<T> x,
                                               cudaStream_t stream);

} // namespace kronvec::kernels

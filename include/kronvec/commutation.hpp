#pragma once
/// Commutation matrices, applied by index: K[m,n]·vec A = vec Aᵀ for A m×n (Magnus & Neudecker, ch. 3.7). K is never
/// formed, and results are exact.
///
/// All matrices lie on `device`, with any leading dimension. On CUDA the work is enqueued in the device's stream. These
/// functions throw ShapeError; DeviceError for memory that the device cannot reach; and Error if the result shares
/// memory with X, except as stated.

#include "kronvec/matrix.hpp"

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// Y = Xᵀ, which is vec Y = K[m,n]·vec X for X m×n. Y may be X itself if X is square.
template <class T>
KRONVEC_API void transpose(MatrixView<const std::type_identity_t<T>> x, MatrixView<T> y, Device device = Device::cpu());

/// Y = K[m,n]·X for X mn×k. Each column of X is the vec of an m×n matrix; the same column of Y is the vec of its
/// transpose.
template <class T> KRONVEC_API void commute_rows(Index m, Index n, MatrixView<const std::type_identity_t<T>> x,
                                                 MatrixView<T> y, Device device = Device::cpu());

/// Y = X·K[m,n] for X k×mn: column i + j·m of Y is column j + i·n of X.
template <class T> KRONVEC_API void commute_columns(Index m, Index n, MatrixView<const std::type_identity_t<T>> x,
                                                    MatrixView<T> y, Device device = Device::cpu());

// The same, if Y is a matrix.

template <class T>
void transpose(MatrixView<const std::type_identity_t<T>> x, Matrix<T> &y, Device device = Device::cpu()) {
  transpose(x, y.view(), device);
}
template <class T> void commute_rows(Index m, Index n, MatrixView<const std::type_identity_t<T>> x, Matrix<T> &y,
                                     Device device = Device::cpu()) {
  commute_rows(m, n, x, y.view(), device);
}
template <class T> void commute_columns(Index m, Index n, MatrixView<const std::type_identity_t<T>> x, Matrix<T> &y,
                                        Device device = Device::cpu()) {
  commute_columns(m, n, x, y.view(), device);
}

} // namespace KRONVEC_ABI
} // namespace kronvec

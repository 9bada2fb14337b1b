#pragma once
/// Products with diagonal matrices, in one pass over memory, without forming the diagonal matrix.
///
/// All matrices lie on `device`, with any leading dimension. Y may be X. On CUDA the work is enqueued in the device's
/// stream. These functions throw ShapeError; DeviceError for memory that the device cannot reach; and Error if the
/// result shares memory with an operand but is not X itself.

#include "kronvec/matrix.hpp"

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// vec Y = Diag(vec A)·vec X, which is Y = A ⊙ X (ledger V4).
template <class T> KRONVEC_API void hadamard(MatrixView<const std::type_identity_t<T>> a,
                                             MatrixView<const std::type_identity_t<T>> x, MatrixView<T> y,
                                             Device device = Device::cpu());

/// Y = Diag(d)·X for X m×n and d m×1: multiplies row i of X by dᵢ.
template <class T> KRONVEC_API void scale_rows(MatrixView<const std::type_identity_t<T>> d,
                                               MatrixView<const std::type_identity_t<T>> x, MatrixView<T> y,
                                               Device device = Device::cpu());

/// Y = X·Diag(d) for X m×n and d n×1: multiplies column j of X by dⱼ.
template <class T> KRONVEC_API void scale_columns(MatrixView<const std::type_identity_t<T>> x,
                                                  MatrixView<const std::type_identity_t<T>> d, MatrixView<T> y,
                                                  Device device = Device::cpu());

// The same, if Y is a matrix.

template <class T> void hadamard(MatrixView<const std::type_identity_t<T>> a,
                                 MatrixView<const std::type_identity_t<T>> x, Matrix<T> &y,
                                 Device device = Device::cpu()) {
  hadamard(a, x, y.view(), device);
}
template <class T> void scale_rows(MatrixView<const std::type_identity_t<T>> d,
                                   MatrixView<const std::type_identity_t<T>> x, Matrix<T> &y,
                                   Device device = Device::cpu()) {
  scale_rows(d, x, y.view(), device);
}
template <class T> void scale_columns(MatrixView<const std::type_identity_t<T>> x,
                                      MatrixView<const std::type_identity_t<T>> d, Matrix<T> &y,
                                      Device device = Device::cpu()) {
  scale_columns(x, d, y.view(), device);
}

} // namespace KRONVEC_ABI
} // namespace kronvec

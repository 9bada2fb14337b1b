#pragma once
/// Kronecker products applied to matrices that the caller owns, without materialising the product. (Operators that own
/// their factors, combine with others and print are in operators.hpp.)
///
/// T is float, double or std::complex of them. All matrices lie on `device`, with any leading dimension. On CUDA the
/// work is enqueued in the device's stream. These functions throw ShapeError; DeviceError for memory that the device
/// cannot reach; and Error if the result shares memory with an operand.

#include "kronvec/matrix.hpp"

#include <vector>

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// Y = α·(A₁ ⊗ … ⊗ A_N)·X + β·Y for all columns of X. Applies the factors in the order that takes the fewest flops. If
/// α = 0, X is not read; if β = 0, Y is not read. An empty list of factors is the number 1.
template <class T>
KRONVEC_API void kronecker_apply(std::type_identity_t<T> alpha,
                                 const std::vector<MatrixView<const std::type_identity_t<T>>> &factors,
                                 MatrixView<const std::type_identity_t<T>> x, std::type_identity_t<T> beta,
                                 MatrixView<T> y, Device device = Device::cpu());

/// Y = A·X·B, which is vec Y = (Bᵀ ⊗ A)·vec X (ledger V2). Multiplies in the order that takes fewer flops.
template <class T> KRONVEC_API void multiply_both_sides(MatrixView<const std::type_identity_t<T>> a,
                                                        MatrixView<const std::type_identity_t<T>> x,
                                                        MatrixView<const std::type_identity_t<T>> b, MatrixView<T> y,
                                                        Device device = Device::cpu());

// The same, if Y is a matrix.

template <class T> void kronecker_apply(std::type_identity_t<T> alpha,
                                        const std::vector<MatrixView<const std::type_identity_t<T>>> &factors,
                                        MatrixView<const std::type_identity_t<T>> x, std::type_identity_t<T> beta,
                                        Matrix<T> &y, Device device = Device::cpu()) {
  kronecker_apply(alpha, factors, x, beta, y.view(), device);
}
template <class T>
void multiply_both_sides(MatrixView<const std::type_identity_t<T>> a, MatrixView<const std::type_identity_t<T>> x,
                         MatrixView<const std::type_identity_t<T>> b, Matrix<T> &y, Device device = Device::cpu()) {
  multiply_both_sides(a, x, b, y.view(), device);
}

} // namespace KRONVEC_ABI
} // namespace kronvec

#pragma once
/// Kronecker products applied to matrices that the caller owns; nothing of the product's size is formed. (Products that
/// own their factors, combine with others and print are in operators.hpp.)
///
/// T is float, double or std::complex of them. All matrices lie on `device`, with any leading dimension. On CUDA the
/// work is handed to the device's stream. These functions throw ShapeError, DeviceError for memory that the device
/// cannot reach, and Error where the result shares memory with an operand.

#include "kronvec/matrix.hpp"

#include <vector>

namespace kronvec {

/// Y = α·(A₁ ⊗ … ⊗ A_N)·X + β·Y for all columns of X, in the order of the factors that takes the fewest flops. α = 0
/// reads nothing of X, β = 0 nothing of Y. No factors are the number 1.
template <class T = double> void kronecker_apply(std::type_identity_t<T> alpha,
                                                 const std::vector<MatrixView<const std::type_identity_t<T>>> &factors,
                                                 MatrixView<const std::type_identity_t<T>> x,
                                                 std::type_identity_t<T> beta, MatrixView<std::type_identity_t<T>> y,
                                                 Device device = Device::cpu());

/// Y = A·X·B, which is vec Y = (Bᵀ ⊗ A)·vec X (ledger V2), in the order that takes fewer flops.
template <class T = double>
void multiply_both_sides(MatrixView<const std::type_identity_t<T>> a, MatrixView<const std::type_identity_t<T>> x,
                         MatrixView<const std::type_identity_t<T>> b, MatrixView<std::type_identity_t<T>> y,
                         Device device = Device::cpu());

} // namespace kronvec

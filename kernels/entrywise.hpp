#pragma once
/// Entry by entry: one pass over the result, each operand read once. A 1×1 operand broadcasts over its item.

#include "kernels/elementwise.hpp"
#include "kernels/entries.hpp"

#include <cuda_runtime_api.h>

namespace kronvec::kernels {

/// The launchers of one precision. Results may be operands, entry for entry.
template <class T> struct Entrywise {
  /// Y = value.
  static cudaError_t fill(T value, Entries<T> y, cudaStream_t stream);
  /// Column t of y is the unit vector e_{first + t}.
  static cudaError_t unit_columns(std::int64_t first, Entries<T> y, cudaStream_t stream);
  /// Y = X.
  static cudaError_t copy(Entries<const T> x, Entries<T> y, cudaStream_t stream);
  /// C = α·A + β·B.
  static cudaError_t add(T alpha, Entries<const T> a, T beta, Entries<const T> b, Entries<T> c, cudaStream_t stream);
  /// C = A op B.
  static cudaError_t binary(Binary op, Entries<const T> a, Entries<const T> b, Entries<T> c, cudaStream_t stream);
  /// Y = f(X).
  static cudaError_t elementwise(Function f, T exponent, Entries<const T> x, Entries<T> y, cudaStream_t stream);
};

} // namespace kronvec::kernels

#pragma once
/// Entrywise operations: one pass over the results, each operand read once.

#include "kernels/chain.hpp"
#include "kernels/complex.hpp"
#include "kernels/entries.hpp"

#include <cuda_runtime_api.h>

namespace kronvec::kernels {

/// The operands of a chain. An input with one row is broadcast to all rows of a result, an input with one column to all
/// columns.
template <class T> struct ChainOperands {
  Entries<const T> input[Chain<T>::max_inputs];
  Entries<T> output[Chain<T>::max_outputs];
};

/// The launchers for one type of entries: float, double, or Complex of them. Results may be operands, entry for entry.
template <class T> struct Entrywise {
  /// Y = value.
  static cudaError_t fill(T value, Entries<T> y, cudaStream_t stream);
  /// Column t of y is the unit vector e_{first + t}.
  static cudaError_t unit_columns(std::int64_t first, Entries<T> y, cudaStream_t stream);
  /// Y = X.
  static cudaError_t copy(Entries<const T> x, Entries<T> y, cudaStream_t stream);
};

/// Y = chain(inputs), for real entries. All outputs have the same shape and count.
template <class T> cudaError_t run_chain(const Chain<T> &chain, const ChainOperands<T> &operands, cudaStream_t stream);

/// Replaces chains for complex entries, T = Complex<R>. Operands are broadcast in the same way.
template <class T> struct ComplexEntrywise {
  /// Y = X̄.
  static cudaError_t conjugate(Entries<const T> x, Entries<T> y, cudaStream_t stream);
  /// Y = α·X.
  static cudaError_t scale(T alpha, Entries<const T> x, Entries<T> y, cudaStream_t stream);
  /// Y = α·A + β·B.
  static cudaError_t add(T alpha, Entries<const T> a, T beta, Entries<const T> b, Entries<T> y, cudaStream_t stream);
  /// Y = A ⊙ B.
  static cudaError_t hadamard(Entries<const T> a, Entries<const T> b, Entries<T> y, cudaStream_t stream);
};

} // namespace kronvec::kernels

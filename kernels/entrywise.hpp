#pragma once
/// Entry by entry: one pass over the results, each operand read once.

#include "kernels/chain.hpp"
#include "kernels/entries.hpp"

#include <cuda_runtime_api.h>

namespace kronvec::kernels {

/// The operands of a chain. An input with one row serves all rows of a result, one with one column all columns.
template <class T> struct ChainOperands {
  Entries<const T> input[Chain<T>::most_inputs];
  Entries<T> output[Chain<T>::most_outputs];
};

/// The launchers of one precision. Results may be operands, entry for entry.
template <class T> struct Entrywise {
  /// Y = value.
  static cudaError_t fill(T value, Entries<T> y, cudaStream_t stream);
  /// Column t of y is the unit vector e_{first + t}.
  static cudaError_t unit_columns(std::int64_t first, Entries<T> y, cudaStream_t stream);
  /// Y = X.
  static cudaError_t copy(Entries<const T> x, Entries<T> y, cudaStream_t stream);
  /// All outputs have one shape and count.
  static cudaError_t chain(const Chain<T> &chain, const ChainOperands<T> &operands, cudaStream_t stream);
};

} // namespace kronvec::kernels

#pragma once
/// Emission by columns: Y = Σ terms, with every entry written once, in 16-byte stores. For terms with few factors and
/// 32-bit strides whose labels are all digits of a row index or a column index. `emit` (emission.hpp) accepts all
/// terms.

#include "kernels/emission.hpp"

namespace kronvec::kernels {

template <class T> struct ColumnsWork {
  static constexpr int max_terms = 32, max_factors = 128, max_buffers = 32;
  static constexpr int vector = 16 / sizeof(T); ///< entries per store

  /// Factors [0, varying) of a term may differ from row to row. The other factors depend on the column only.
  struct FactorCounts {
    std::int16_t varying, factors;
    std::int16_t first_varying, first; ///< number of varying factors, and of all factors, in earlier terms
  };

  EmissionSide side[2];      ///< rows and columns
  const EmissionTerm *terms; ///< in device memory
  int count, varying, total; ///< numbers of terms, varying factors, factors
  bool whole;                ///< see `emit_columns`
  std::int64_t apart;        ///< distance of columns that share most factors and should be processed by the same thread
  FactorCounts counts[max_terms];
  const T *buffer[max_buffers];
  std::int64_t step[max_buffers]; ///< from one item's part of a buffer to the next item's; 0: all items read the same
};

/// Min shared memory of a launch, with or without `whole`.
template <class T> std::int64_t min_shared_bytes(ColumnsWork<T> work);
/// Shared memory that every supported GPU has.
constexpr std::int64_t max_shared_bytes = 96 << 10;

/// Y = Σ terms. Deterministic: one thread sums each entry, in a fixed order. With V = `vector`, `whole` may be set if
/// the V entries of a column that are stored together differ only in the digit of the last row label, in all terms: Y
/// and its columns start at multiples of 16 bytes; V divides the first row, each term's row offset, all row strides
/// except the last (which is 1), and the extent of the last row label; and the last row label is not also a column
/// label.
cudaError_t emit_columns(const ColumnsWork<float> &work, Entries<float> y, cudaStream_t stream);
cudaError_t emit_columns(const ColumnsWork<double> &work, Entries<double> y, cudaStream_t stream);

} // namespace kronvec::kernels

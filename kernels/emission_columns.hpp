#pragma once
/// Emission by columns: Y = Σ terms, every entry written once and in 16-byte stores, for terms whose labels are all
/// digits of a row index or a column index, with few factors and strides of 32 bits. `emit` (emission.hpp) does all.

#include "kernels/emission.hpp"

namespace kronvec::kernels {

template <class T> struct ColumnsWork {
  static constexpr int most_terms = 32, most_factors = 128, most_buffers = 32;
  static constexpr int vector = 16 / sizeof(T); ///< entries of a store

  /// Factors [0, varying) of a term may differ from row to row; those after them depend on the column alone.
  struct Part {
    std::int16_t varying, factors;
    std::int16_t first_varying, first; ///< of all terms' varying factors and factors, how many come before
  };

  EmissionSide side[2];      ///< rows and columns
  const Term *terms;         ///< in device memory
  int count, varying, total; ///< terms, varying factors, factors
  bool whole;                ///< see `emit_columns`
  std::int64_t apart;        ///< of columns that share most factors, and that a thread had better have together
  Part part[most_terms];
  const T *buffer[most_buffers];
  std::int64_t step[most_buffers]; ///< from an item's part of a buffer to the next item's; 0: all read the same
};

/// The shared memory that a launch needs at the least, `whole` or not; and what every GPU has that this is built for.
template <class T> std::int64_t least_shared_bytes(ColumnsWork<T> work);
constexpr std::int64_t most_shared_bytes = 96 << 10;

/// Y = Σ terms. Deterministic: every entry is one thread's sum, in a fixed order. `whole` may be set where V =
/// `vector` entries of a column that are stored at once have the same digits but for that of the last row label, in all
/// terms: Y starts at a multiple of 16 bytes, and so do its columns; V divides the first row, each term's row offset,
/// all of its row strides but the last, which is 1, and that label's extent; and no column label is the same label.
cudaError_t emit_columns(const ColumnsWork<float> &work, Entries<float> y, cudaStream_t stream);
cudaError_t emit_columns(const ColumnsWork<double> &work, Entries<double> y, cudaStream_t stream);

} // namespace kronvec::kernels

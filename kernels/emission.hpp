#pragma once
/// Emission: Y[row(a), col(a)] += scale · Π_f buffer_f[map_f(a)] for all values of the labels a, entry by entry of Y.
/// (Emissions are defined in host/devices/emission.hpp; host/devices/cuda/emission/terms.hpp turns them into terms.)

#include "kernels/entries.hpp"

#include <cuda_runtime_api.h>

namespace kronvec::kernels {

/// A label of a term. Strides of digits are positive. `inverse` is ⌊(2⁶⁴ − 1)/b⌋, where b is the stride of a digit,
/// otherwise the extent.
struct TermLabel {
  static constexpr int max_factors = 8;
  std::int64_t extent;
  std::int64_t stride[2]; ///< in the row index and in the column index
  std::uint64_t inverse;
  std::int64_t key;               ///< step of the key
  std::int64_t step[max_factors]; ///< step of the offset in each factor
};

/// A product, or eight factors of a longer one. The thread that computes an entry of Y finds the values of most labels
/// as digits of the entry's row index and column index; it tries all values of the others, one after the other.
struct EmissionTerm {
  static constexpr int max_factors = TermLabel::max_factors, max_labels = 32;
  std::int64_t offset[2]; ///< of the row index and of the column index
  std::int64_t key[2];    ///< with all digits 0. A label that both sides have as a digit is part of the keys of both
                          ///< sides, which must agree
  std::int64_t base[max_factors]; ///< offset in each factor with all digits 0
  std::int64_t searches;          ///< number of combinations of the searched labels
  std::int64_t sums;              ///< number of combinations of the summed labels except the last
  double scale;
  int parts;   ///< number of terms, from this one on, that make up the product; more than 1 only in `emit_long`
  int factors; ///< of this part
  int buffer[max_factors];
  int end[4]; ///< ends in `label`: of the row digits (largest stride first), of the column digits, of the searched
              ///< labels (in a row or column index, but not a digit of it), of the summed labels (in neither)
  TermLabel label[max_labels];
};

/// The indices along one side of a window of Y: from index `first` on, or, if n = `triangle` is nonzero, from position
/// `first` on of the vech of an n×n matrix.
struct EmissionSide {
  std::int64_t first, triangle;
};

template <class T> struct EmissionWork {
  static constexpr int max_buffers = 224; ///< keeps the parameters of a launch within 4 KiB
  EmissionSide side[2];                   ///< rows and columns
  const EmissionTerm *terms;              ///< in device memory
  std::int64_t count;
  bool add; ///< adds to Y instead of overwriting it
  const T *buffer[max_buffers];
  std::int64_t step[max_buffers]; ///< from one item's part of a buffer to the next item's; 0: all items read the same
};

/// Y (+)= Σ terms, for all items in one launch. Deterministic: one thread sums each entry, in a fixed order.
cudaError_t emit(const EmissionWork<float> &work, Entries<float> y, cudaStream_t stream);
cudaError_t emit(const EmissionWork<double> &work, Entries<double> y, cudaStream_t stream);

/// Y += Σ products of more than eight factors.
cudaError_t emit_long(const EmissionWork<float> &work, Entries<float> y, cudaStream_t stream);
cudaError_t emit_long(const EmissionWork<double> &work, Entries<double> y, cudaStream_t stream);

} // namespace kronvec::kernels

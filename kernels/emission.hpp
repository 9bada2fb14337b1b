#pragma once
/// Emission: Y[row(a), col(a)] += scale · Π_f buffer_f[map_f(a)] for all values of the labels a, entry by entry of Y.
/// (What an emission is: host/devices/emission.hpp; how one becomes terms: host/devices/cuda/emission.cpp.)

#include "kernels/entries.hpp"

#include <cuda_runtime_api.h>

namespace kronvec::kernels {

/// A label of a term. Strides of digits are positive; `inverse` is ⌊(2⁶⁴ − 1)/b⌋, b a digit's stride, or else the
/// extent.
struct TermLabel {
  static constexpr int most_factors = 8;
  std::int64_t extent;
  std::int64_t stride[2]; ///< in the row index and in the column index
  std::uint64_t inverse;
  std::int64_t key;                ///< what one step adds to the key
  std::int64_t step[most_factors]; ///< what one step adds to the place in each factor
};

/// A product, or eight factors of a longer one. Whoever computes an entry of Y finds the values of most labels as
/// digits of the entry's row index and column index; the others are tried, one value after the other.
struct Term {
  static constexpr int most_factors = TermLabel::most_factors, most_labels = 32;
  std::int64_t offset[2];          ///< of the row index and of the column index
  std::int64_t key[2];             ///< at digits 0. A label that both sides have as a digit is part of both sides'
                                   ///< keys, which must agree; this is what the keys are for
  std::int64_t base[most_factors]; ///< the place in each factor at digits 0
  std::int64_t searches;           ///< combinations of the searched labels
  std::int64_t sums;               ///< combinations of the summed labels but the last
  double scale;
  int parts;   ///< how many terms, from this one on, make the product; only `emit_long` may have more than 1
  int factors; ///< of this part
  int buffer[most_factors];
  int end[4]; ///< where in `label` end the digits of the row, largest stride first, those of the column, the searched
              ///< labels (in a row or column index, but no digit of it) and the summed ones (in neither)
  TermLabel label[most_labels];
};

/// The indices along one side of a window of Y: those from `first` on, or from position `first` on of vech of an n×n
/// matrix, n = `triangle`.
struct EmissionSide {
  std::int64_t first, triangle;
};

template <class T> struct EmissionWork {
  static constexpr int most_buffers = 224; ///< so that a launch has at most 4 KiB of parameters
  EmissionSide side[2];                    ///< rows and columns
  const Term *terms;                       ///< in device memory
  std::int64_t count;
  bool add; ///< to what Y holds, instead of overwriting it
  const T *buffer[most_buffers];
  std::int64_t step[most_buffers]; ///< from an item's part of a buffer to the next item's; 0: all read the same
};

/// Y (+)= Σ terms, for all items in one launch. Deterministic: every entry is one thread's sum, in a fixed order.
cudaError_t emit(const EmissionWork<float> &work, Entries<float> y, cudaStream_t stream);
cudaError_t emit(const EmissionWork<double> &work, Entries<double> y, cudaStream_t stream);

/// Y += Σ products of more than eight factors.
cudaError_t emit_long(const EmissionWork<float> &work, Entries<float> y, cudaStream_t stream);
cudaError_t emit_long(const EmissionWork<double> &work, Entries<double> y, cudaStream_t stream);

} // namespace kronvec::kernels

#pragma once
/// Long sums as matrix products. Consider Σ_k L[i, k, b]·R[k, j, b]·(other factors), where i, j, k, b are lists of
/// labels and L and R are products of factors. cuBLAS computes C[i, j, b] = Σ_k L·R, and C·(other factors) is an
/// emission without sums. L or R is a factor itself if it lies in memory like matrices, otherwise a table. C may be as
/// large as Y, so it is computed in slices: a few values at a time of one label, the last one of j or of b.

#include "devices/algebra.hpp"
#include "devices/emitter.hpp"

#include <array>
#include <optional>

namespace kronvec::cuda {

/// One side, op(matrices): m×k or k×n, one matrix for each value of b.
struct ContractionSide {
  int buffer = -1;     ///< number of the factor's buffer; −1: the side is a table
  Emission table = {}; ///< as an emission into one column
  Index offset = 0;    ///< of the first entry in the buffer
  Op op = Op::none;
  Index ld = 1, batch_step = 0, slice_step = 0; ///< steps: between columns, matrices, slices
};

struct Contraction {
  std::array<ContractionSide, 2> side;
  std::vector<int> i, j, k, b;
  Index m = 1, n = 1, inner = 1, batch = 1; ///< sizes of C; n or batch is that of one slice
  bool slices_of_batch = false;             ///< whether slices cut b; otherwise they cut j
  /// Slice v is needed for the indices of Y (rows or columns) from first + v·stride to first + v·stride + reach.
  Index slices = 1, first = 0, stride = 1, reach = 0;
  Product others; ///< the factors other than L and R

  struct SliceRange {
    Index begin = 0, end = 0;
    friend bool operator==(const SliceRange &, const SliceRange &) = default;
  };
  /// The slices that are needed for indices in [begin, end).
  SliceRange between(Index begin, Index end) const;
  Index slice_size() const { return m * n * batch; }
  Index slice_step() const { return slices_of_batch ? slice_size() : m * n; }
  /// The step in C from one value of b to the next, if C has room for `room` slices.
  Index batch_step(Index room) const { return slices_of_batch ? m * n : m * n * room; }
  /// The product of C, as buffer number `result`, and the other factors.
  Product rest(int result, Index room) const;
};

/// The contraction of a simplified product (products.hpp) in slices along Y's rows (axis 0) or columns (axis 1).
/// Returns nothing if a table would have more than `max_entries` entries.
std::optional<Contraction> contract(const Product &p, int axis, Index max_entries);

} // namespace kronvec::cuda

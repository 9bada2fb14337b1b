#pragma once
/// Long sums as products of matrices. In Σ_k L[i, k, b]·R[k, j, b]·(other factors) let i, j, k, b stand for lists of
/// labels, L and R for products of factors. C[i, j, b] = Σ_k L·R is made by cuBLAS, and C·(other factors) is an
/// emission without sums. L or R is a factor where that lies in memory as matrices do, or else a table. As C may be as
/// large as Y, it is made in slices: a few values at a time of one label, which is the last of j or of b.

#include "devices/algebra.hpp"
#include "devices/emission.hpp"

#include <array>
#include <optional>

namespace kronvec::cuda {

/// op(matrices), m×k or k×n, one for each value of b.
struct ContractionSide {
  int buffer = -1;     ///< of a factor, or none: a table
  Emission table = {}; ///< as one column
  Index offset = 0;    ///< of the first entry
  Op op = Op::none;
  Index ld = 1, batch_step = 0, slice_step = 0; ///< from matrix to matrix, from slice to slice
};

struct Contraction {
  std::array<ContractionSide, 2> side;
  std::vector<int> i, j, k, b;
  Index m = 1, n = 1, inner = 1, batch = 1; ///< of C; n or batch of one slice
  bool slices_of_batch = false;             ///< otherwise of columns
  /// Slice v concerns Y's indices from first + v·stride to first + v·stride + reach, of rows or of columns.
  Index slices = 1, first = 0, stride = 1, reach = 0;
  Product others; ///< without C

  struct Slices {
    Index begin = 0, end = 0;
    friend bool operator==(const Slices &, const Slices &) = default;
  };
  /// Those that concern indices in [begin, end).
  Slices between(Index begin, Index end) const;
  Index slice_size() const { return m * n * batch; }
  Index slice_step() const { return slices_of_batch ? slice_size() : m * n; }
  /// From one value of b to the next where C has room for some slices.
  Index batch_step(Index room) const { return slices_of_batch ? m * n : m * n * room; }
  /// The product with C as buffer `result`.
  Product rest(int result, Index room) const;
};

/// The contraction of a simplified product (products.hpp) in slices along Y's rows, axis 0, or columns, axis 1. Nothing
/// where its tables would have more than so many entries.
std::optional<Contraction> contract(const Product &p, int axis, Index most_entries);

} // namespace kronvec::cuda

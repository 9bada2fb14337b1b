#pragma once
/// Emission: an einsum-like sum of products (index notation) of strided arrays, written to a matrix in memory in one
/// pass. Dense Jacobians, and the small arrays that their terms read, are written this way.
///
/// A product is a table of strides over labels a_q, 0 ≤ a_q < extent_q:
///
///   Y[row(a), col(a)] += scale · Π_f buffer_f[map_f(a)]     for all values of the labels
///
/// A label in neither `row` nor `col` is summed over. A summed label that no factor uses multiplies the product by its
/// extent. Example: J of A·exp(X·B) is one product over (i, j, k, l), with row = i + m·j, col = k + r·l, and the
/// factors A at (i, k), E = exp(XB) at (k, j) and B at (l, j).

#include "kronvec/matrix.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {

constexpr int max_labels = 16;

/// offset + Σ stride[q]·a_q.
struct AffineMap {
  Index offset = 0;
  std::array<Index, max_labels> stride{};
  friend bool operator==(const AffineMap &, const AffineMap &) = default;
};

struct Product {
  struct Factor {
    int buffer; ///< number of the buffer, among those that `run` gets
    AffineMap map;
  };
  int labels = 0;
  std::array<Index, max_labels> extent{};
  AffineMap row = {}, col = {};
  double scale = 1;
  std::vector<Factor> factors = {};

  /// Whether the label is summed over.
  bool summed(int q) const { return row.stride[q] == 0 && col.stride[q] == 0; }
  void for_each_map(const auto &work) { for_each_map(*this, work); }
  void for_each_map(const auto &work) const { for_each_map(*this, work); }

private:
  static void for_each_map(auto &p, const auto &work) {
    work(p.row), work(p.col);
    for (auto &factor : p.factors)
      work(factor.map);
  }
};

/// The positions along one side of the result: either all indices in order, or the indices of a lower triangle.
struct Axis {
  Index size = 0;     ///< positions
  Index triangle = 0; ///< n: position p is the index i + j·n of the p-th entry of vech of an n×n matrix; 0: index p

  static Axis all(Index size) { return {size, 0}; }
  static Axis lower(Index n) { return {n % 2 ? (n + 1) / 2 * n : n / 2 * (n + 1), n}; }
  /// The index at a position, and the number of positions from there on whose indices are consecutive.
  struct IndexRun {
    Index index, length;
  };
  KRONVEC_API IndexRun at(Index position) const;
  bool has(Index index) const { return triangle == 0 || index % triangle >= index / triangle; }
  /// Number of positions whose index is below this one. If the index is on the axis, that is its position.
  Index below(Index index) const {
    if (triangle == 0) return index;
    const Index i = index % triangle, j = index / triangle;
    return j * triangle - j * (j - 1) / 2 + std::max<Index>(i - j, 0);
  }
};

/// Y = Σ products. Entries whose index is not on an axis are not computed.
struct Emission {
  Axis rows, cols;
  std::vector<Product> products;
};

} // namespace kronvec

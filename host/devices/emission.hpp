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

#include "devices/batch.hpp"
#include "devices/pool.hpp"

#include <algorithm>
#include <array>
#include <span>
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

/// A buffer for the items of a batch: item b starts at data + b·stride. With stride 0, all items read the same data.
template <class T> struct Buffer {
  const T *data = nullptr;
  Index stride = 0;

  Buffer() = default;
  Buffer(const T *first, Index apart = 0) : data(first), stride(apart) {}
};

/// An emission, prepared for a device once and run at many points. Thread-safe.
template <class T> class Emitter {
public:
  virtual ~Emitter() = default;
  /// For every item of the batch y, writes the window of Y that has y's shape and starts at position (first_row,
  /// first_col): every entry, whatever y held before. `buffers` and y lie on the device and do not overlap.
  virtual void run(std::span<const Buffer<T>> buffers, Index first_row, Index first_col, BatchView<T> y) const = 0;
  /// Pool blocks that a run takes from the device while it writes all of Y into packed memory, for `count` items.
  virtual Blocks scratch(Index count) const { return (void)count, Blocks(); }
};

} // namespace kronvec

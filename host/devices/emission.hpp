#pragma once
/// Emission: sums of products of strided arrays, written into a matrix. Dense Jacobians are written so, and the small
/// arrays that their terms are made of.
///
/// A product is a table of strides over labels a_q, 0 ≤ a_q < extent_q:
///
///   Y[row(a), col(a)] += scale · Π_f buffer_f[map_f(a)]     for all values of the labels
///
/// A label in neither `row` nor `col` is summed over; one that no factor uses counts as often as its extent. Example:
/// J of A·exp(X·B) is one product over (i, j, k, l), row = i + m·j, col = k + r·l, with the factors A at (i, k),
/// E = exp(XB) at (k, j) and B at (l, j).

#include "devices/batch.hpp"
#include "devices/pool.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

namespace kronvec {

constexpr int most_labels = 16;

/// offset + Σ stride[q]·a_q.
struct AffineMap {
  Index offset = 0;
  std::array<Index, most_labels> stride{};
  friend bool operator==(const AffineMap &, const AffineMap &) = default;
};

struct Product {
  struct Factor {
    int buffer; ///< which of the buffers that `run` is given
    AffineMap map;
  };
  int labels = 0;
  std::array<Index, most_labels> extent{};
  AffineMap row = {}, col = {};
  double scale = 1;
  std::vector<Factor> factors = {};

  /// Whether the label is summed over.
  bool summed(int q) const { return row.stride[q] == 0 && col.stride[q] == 0; }
};

/// The positions along one side of the result: all indices of the maps in order, or those of a lower triangle.
struct Axis {
  Index size = 0;     ///< positions
  Index triangle = 0; ///< n: position p is the index i + j·n of the p-th entry of vech of an n×n matrix; 0: index p

  static Axis all(Index size) { return {size, 0}; }
  static Axis lower(Index n) { return {n % 2 ? (n + 1) / 2 * n : n / 2 * (n + 1), n}; }
  /// The index at a position, and how many positions from there on have indices that follow one another.
  struct Run {
    Index index, length;
  };
  Run at(Index position) const;
  bool has(Index index) const { return triangle == 0 || index % triangle >= index / triangle; }
  /// How many positions have an index below this one: its own position if it has one.
  Index below(Index index) const {
    if (triangle == 0) return index;
    const Index i = index % triangle, j = index / triangle;
    return j * triangle - j * (j - 1) / 2 + std::max<Index>(i - j, 0);
  }
};

/// Y = Σ products. Entries whose index is on no axis are not computed.
struct Emission {
  Axis rows, cols;
  std::vector<Product> products;
};

/// A buffer of the items of a batch: item b reads from data + b·stride on; 0: all items read the same.
template <class T> struct Buffer {
  const T *data = nullptr;
  Index stride = 0;

  Buffer() = default;
  Buffer(const T *first, Index apart = 0) : data(first), stride(apart) {}
};

/// An emission, prepared once for a device and run at many points. Thread-safe.
template <class T> class Emitter {
public:
  virtual ~Emitter() = default;
  /// For every item of the batch y, from its part of the buffers: the window of Y of y's shape at position
  /// (first_row, first_col), every entry of it, whatever y held. `buffers` and y are memory of the device and do not
  /// overlap.
  virtual void run(std::span<const Buffer<T>> buffers, Index first_row, Index first_col, BatchView<T> y) const = 0;
  /// What a run takes from the device's pool while it writes all of Y into packed memory, for so many items.
  virtual Blocks scratch(Index count) const { return (void)count, Blocks(); }
};

} // namespace kronvec

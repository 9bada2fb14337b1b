#pragma once
/// Triangles of square matrices, the shapes of vech.

#include "kronvec/matrix.hpp"

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// A triangle of an n×n matrix, with or without its diagonal, column by column: the order of vech.
struct Triangle {
  bool lower = true, diagonal = true;

  /// Number of entries: n(n + 1)/2 or n(n − 1)/2.
  Index entries(Index n) const {
    const Index other = diagonal ? n + 1 : n - 1;
    return n % 2 ? other / 2 * n : n / 2 * other;
  }
  /// The triangle's rows in column j, as a half-open range.
  struct Rows {
    Index first, last;
  };
  Rows column(Index j, Index n) const { return lower ? Rows{diagonal ? j : j + 1, n} : Rows{0, diagonal ? j + 1 : j}; }
  /// Number of the triangle's entries in the columns before column j.
  Index entries_before(Index j, Index n) const {
    const Index off_diagonal = lower ? j * n - j * (j + 1) / 2 : j * (j - 1) / 2;
    return off_diagonal + (diagonal ? j : 0);
  }
  friend bool operator==(Triangle, Triangle) = default;
};

} // namespace KRONVEC_ABI
} // namespace kronvec

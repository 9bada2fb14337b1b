#pragma once
/// A term of a Jacobian: an integer table of strides over labels.
///
/// J of a linear node with m rows is a sum of terms: J[row(a) + m·col(a), seed(a)] += scale · Π_f buffer_f[map_f(a)]
/// for all values of the labels a. "Row identified with the seed's k" means that `row` and `seed` share a label. A
/// label in none of the three maps is *pending*: it is summed, now or later. An extent of 1 needs no label.

#include "devices/emission.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace kronvec {

/// A set of labels: bit q for label q.
using Labels = std::uint32_t;

AffineMap operator+(const AffineMap &a, const AffineMap &b);
AffineMap operator*(Index factor, const AffineMap &a);
/// The labels that a map has a stride for.
Labels labels_of(const AffineMap &map);

/// Thrown while terms are built where a differential has none (a rule that is not affine, or too many labels); the
/// Jacobian is then computed by products with unit vectors.
struct NoTerms {
  const char *why;
};

struct Term {
  /// A buffer (a slot of the program), read at a map.
  using Factor = Product::Factor;

  int labels = 0;
  std::array<Index, most_labels> extent{};
  AffineMap row, col, seed;
  double scale = 1;
  std::vector<Factor> factors = {};

  /// Adds labels of these extents and gives their unit maps.
  AffineMap label(Index extent_of_new);
  /// Label q becomes two: itself, of extent `fast`, and a new one for every `fast`-th value.
  void split(int q, Index fast);
  /// Joins labels of which one continues the other in every map.
  void fuse();
  /// Label `gone` takes the values of label `kept`: their strides add.
  void unify(int kept, int gone);
  /// Keeps `count` values of label q from `first` on.
  void slice(int q, Index first, Index count);
  /// Removes a label that no map has a stride for.
  void drop(int q);
  /// Label q of the result is label order[q].
  void reorder(const std::vector<int> &order);

  /// The labels of the row, column and seed maps; and all others.
  Labels mapped() const { return labels_of(row) | labels_of(col) | labels_of(seed); }
  Labels pending() const { return ((Labels(1) << labels) - 1) & ~mapped(); }
  /// How many values a set of labels has together.
  double volume(Labels set) const;
  /// The largest value of a map with positive strides.
  Index last(const AffineMap &map) const;

  void for_each_map(const auto &work) {
    work(row), work(col), work(seed);
    for (Factor &factor : factors)
      work(factor.map);
  }

  /// Where all values of `map` are split at `base` without carries: map = low + base·high, 0 ≤ low < base. Labels that
  /// straddle the base are split. Nothing if it cannot be done; the term is then as valid as before.
  std::optional<std::pair<AffineMap, AffineMap>> digits(AffineMap Term::*map, Index base);
  /// Imposes row = col by unifying labels. False, and nothing changed, where their digits do not match.
  bool align_row_and_col();
  /// Restricts the term to first ≤ map < first + count, and counts from `first`. False where the values inside are no
  /// range of one label; a term that is empty then has scale 0.
  bool restrict_to(AffineMap Term::*map, Index first, Index count);
};

using Terms = std::vector<Term>;

/// Digits of a map: its labels by ascending stride.
struct Digit {
  Index stride, extent;
  int label;
};
std::vector<Digit> digits_of(const AffineMap &map, const Term &term);
/// Whether the values of the labels can be read off the value of the map: each stride exceeds what all below it reach.
bool nested(const std::vector<Digit> &digits);

} // namespace kronvec

#pragma once
/// A term of a Jacobian: an integer table of strides over labels.
///
/// J of a linear node with m rows is a sum of terms: J[row(a) + m·col(a), seed(a)] += scale · Π_f buffer_f[map_f(a)]
/// for all values of the labels a. "Row identified with the seed's k" means that `row` and `seed` share a label. A
/// label in none of the three maps is *pending*: it is summed, now or later. A dimension of extent 1 needs no label.

#include "emission/labels.hpp"

#include <optional>
#include <utility>

namespace kronvec::inline KRONVEC_ABI {

/// Thrown while terms are built, if a differential has none (a rule that is not affine, or too many labels). The
/// Jacobian is then computed by products with unit vectors.
struct NoTerms {
  const char *why;
};

struct Term {
  /// A buffer (a slot of the program), read at an affine map of the labels.
  using Factor = Product::Factor;

  int labels = 0;
  std::array<Index, max_labels> extent{};
  AffineMap row, col, seed;
  double scale = 1;
  std::vector<Factor> factors = {};

  /// Adds labels of these extents and returns their unit maps.
  AffineMap label(Index extent_of_new);
  /// Splits label q: q keeps extent `fast`, and a new label counts in steps of `fast`.
  void split(int q, Index fast);
  /// Gives label `gone` the value of label `kept`: their strides add up.
  void unify(int kept, int gone);
  /// Keeps only `count` values of label q, from `first` on.
  void slice(int q, Index first, Index count);
  /// Reorders the labels: label q of the result is label order[q].
  void reorder(const std::vector<int> &order);

  /// `mapped`: the labels of the row, column and seed maps. `pending`: all others.
  Labels mapped() const { return labels_of(row) | labels_of(col) | labels_of(seed); }
  Labels pending() const { return ((Labels(1) << labels) - 1) & ~mapped(); }
  /// Number of values of a set of labels: the product of their extents.
  double volume(Labels set) const;
  /// The largest value of a map. Strides must be positive.
  Index last(const AffineMap &map) const;

  void for_each_map(const auto &work) {
    work(row), work(col), work(seed);
    for (Factor &factor : factors)
      work(factor.map);
  }

  /// Splits `map` at `base` without carries: map = low + base·high, 0 ≤ low < base. Labels that straddle the base are
  /// split. Returns nothing if that is impossible; the term then stays valid.
  std::optional<std::pair<AffineMap, AffineMap>> digits(AffineMap Term::*map, Index base);
  /// Imposes row = col by unifying labels. Returns false, and changes nothing, if their digits do not match.
  bool align_row_and_col();
  /// Restricts the term to first ≤ map < first + count, then counts from `first`. An empty term gets scale 0. Returns
  /// false if the values inside are not a range of one label.
  bool restrict_to(AffineMap Term::*map, Index first, Index count);
};

using Terms = std::vector<Term>;

/// The digits of a map: its labels by ascending stride.
struct Digit {
  Index stride, extent;
  int label;
};
std::vector<Digit> digits_of(const AffineMap &map, const Term &term);
/// Whether the map's value determines the labels' values: each stride exceeds the range of all digits below it.
bool nested(const std::vector<Digit> &digits);

} // namespace kronvec

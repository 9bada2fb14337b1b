#pragma once
/// The algebra of labels: how products are rewritten without a change of what they mean. Terms (calculus/terms) and the
/// plans of all devices use it.

#include "emission/emission.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {

/// A set of labels: bit q stands for label q.
using Labels = std::uint32_t;

AffineMap operator+(const AffineMap &a, const AffineMap &b);
AffineMap operator*(Index factor, const AffineMap &a);
/// The labels with a nonzero stride in a map.
Labels labels_of(const AffineMap &map);

/// Strides nest if each one exceeds the range of all smaller ones. An index then determines the labels' values: they
/// are its digits. Takes strides in ascending order.
class Nesting {
public:
  /// Whether a further stride nests with those taken before; if so, takes it.
  bool take(Index stride, Index extent) {
    if (stride <= reach_) return false;
    reach_ += stride * (extent - 1);
    return true;
  }

private:
  Index reach_ = 0;
};

/// Whether label q continues the digits of label p in a map.
constexpr bool continues(Index stride_q, Index stride_p, Index extent_p) { return stride_q == stride_p * extent_p; }

/// Fuses labels of any table. follows(p, q) says whether label q continues label p in every map of the table; then
/// join(p, q) is called, which makes both the label p.
void fuse_labels(const auto &count, const auto &follows, const auto &join) {
  for (int p = 0; p < count(); ++p)
    for (int q = 0; q < count(); ++q)
      if (p != q && follows(p, q)) {
        join(p, q);
        p = -1; // start again
        break;
      }
}

// `Table` is Product or Term: it has `labels`, `extent` and `for_each_map`.

/// Removes a label that has a stride in no map.
template <class Table> void drop(Table &t, int q) {
  const auto close_gap = [&](auto &numbers) {
    std::copy(numbers.begin() + q + 1, numbers.end(), numbers.begin() + q);
    numbers.back() = 0;
  };
  close_gap(t.extent);
  t.for_each_map([&](AffineMap &map) { close_gap(map.stride); });
  --t.labels;
}

/// Fuses labels while one continues the other in every map.
template <class Table> void fuse(Table &t) {
  const auto follows = [&](int p, int q) {
    bool all = true;
    t.for_each_map([&](const AffineMap &map) { all = all && continues(map.stride[q], map.stride[p], t.extent[p]); });
    return all;
  };
  fuse_labels([&] { return t.labels; }, follows, [&](int p, int q) { t.extent[p] *= t.extent[q], drop(t, q); });
}

/// Reverses a label: a = extent − 1 − a'.
KRONVEC_API void flip(Product &p, int q);

/// Whether a factor depends on the label.
inline bool uses(const Product::Factor &f, int q) { return f.map.stride[q] != 0; }
/// Whether the product changes with the label, other than by its extent.
KRONVEC_API bool is_used(const Product &p, int q);
/// Whether a product has no values: an extent is 0.
KRONVEC_API bool is_empty(const Product &p);

/// The same product with fewer labels: labels that continue one another in every map are fused, labels of extent 1 are
/// removed, and a summed label that no factor has becomes part of the scale. No extent may be 0.
KRONVEC_API Product simplified(Product p);

/// Whether a product sums over a label that has several values.
KRONVEC_API bool sums(const Product &p);
/// Whether a factor depends on a summed label.
KRONVEC_API bool sums(const Product &p, const Product::Factor &f);

/// Sums of at most this many values are better written out as products.
constexpr Index few_values = 8;
/// Number of values that the summed labels have together.
KRONVEC_API Index sum_values(const Product &p);
/// One product for each value of the summed labels.
KRONVEC_API std::vector<Product> without_sums(const Product &p);

/// The best way to share n factors between two sides: bit f of the result is the side of factor f. cost(split) is
/// nothing if a split is impossible. The last factor is on side 0, and if `both` is set, neither side is empty. Of
/// splits with equal cost, the first one counts.
std::optional<unsigned> cheapest_split(std::size_t n, bool both, const auto &cost) {
  std::optional<unsigned> best;
  Index least = 0;
  for (unsigned split = both ? 1 : 0; split < 1u << (n - 1); ++split)
    if (const std::optional<Index> here = cost(split); here && (!best || *here < least)) best = split, least = *here;
  return best;
}

} // namespace kronvec

/// Contracts factors of terms into new buffers, as emissions.

#include "calculus/terms/contraction.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace kronvec::inline KRONVEC_ABI {
namespace {

using Factors = std::vector<Term::Factor>;
/// A set of factors: bit f stands for factor f.
using Set = std::uint32_t;

/// The order of pairwise products with the fewest flops, over all binary trees of the factors.
class ContractionOrder {
public:
  ContractionOrder(const Term &t, const Factors &factors, Labels keep) : t_(t), keep_(keep) {
    if (factors.size() > 10) throw NoTerms{"a term would have more than ten factors"};
    for (const Term::Factor &f : factors)
      labels_.push_back(labels_of(f.map));
    splits_.resize(std::size_t(1) << factors.size());
  }

  Set all() const { return static_cast<Set>(splits_.size() - 1); }

  /// The labels of a set's product: those in `keep` and those that factors outside the set have.
  Labels result(Set set) const {
    Labels inside = 0, wanted = keep_;
    for (std::size_t f = 0; f < labels_.size(); ++f)
      (set >> f & 1 ? inside : wanted) |= labels_[f];
    return inside & wanted;
  }

  struct Split {
    double flops = -1; ///< unknown
    Set first = 0;     ///< one operand; the other consists of the remaining factors
  };
  const Split &split(Set set) {
    Split &best = splits_[set];
    if (best.flops >= 0) return best;
    if (std::has_single_bit(set)) return best = {0, set};
    Split found{std::numeric_limits<double>::infinity(), 0};
    for (Set first = (set - 1) & set; first; first = (first - 1) & set) {
      const Set second = set ^ first;
      if (first > second) continue;
      const Labels both = result(first) | result(second);
      const double flops = split(first).flops + split(second).flops + t_.volume(both) * (both == result(set) ? 1 : 2);
      if (flops < found.flops) found = {flops, first};
    }
    return splits_[set] = found;
  }

private:
  const Term &t_;
  Labels keep_;
  std::vector<Labels> labels_;
  std::vector<Split> splits_;
};

constexpr int nothing_stacked = -1;

/// The order of labels in a new buffer. Row labels come first, so that runs of J read runs of the buffer.
std::vector<int> layout(const Term &t, Labels set) {
  std::vector<int> order;
  for (; set; set &= set - 1)
    order.push_back(std::countr_zero(set));
  const auto place = [&](int q) {
    if (t.row.stride[q]) return std::pair{0, t.row.stride[q]};
    if (t.col.stride[q]) return std::pair{1, t.col.stride[q]};
    if (t.seed.stride[q]) return std::pair{2, t.seed.stride[q]};
    return std::pair{3, Index(0)};
  };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return place(a) < place(b); });
  return order;
}

} // namespace

/// A new buffer over the labels `keep`: the sum of the parts, or, if a label is `stacked`, the parts one after the
/// other along it.
Term::Factor Contractor::emit(const Term &t, const std::vector<WeightedProduct> &parts, Labels keep, int stacked) {
  AffineMap place;
  Index size = 1, count = 0;
  for (const int q : layout(t, keep))
    place.stride[q] = std::exchange(size, size * t.extent[q]);
  Emission emission{{}, Axis::all(1), {}};
  for (const WeightedProduct &part : parts) {
    Labels used = keep;
    for (const Term::Factor &f : part.factors)
      used |= labels_of(f.map);
    Product product{.labels = t.labels, .row = place, .scale = part.scale, .factors = part.factors};
    for (int q = 0; q < t.labels; ++q)
      product.extent[q] = used >> q & 1 ? t.extent[q] : 1;
    if (stacked != nothing_stacked) {
      product.extent[stacked] = part.count;
      product.row.stride[stacked] = size;
      product.row.offset = size * std::exchange(count, count + part.count);
    }
    emission.products.push_back(std::move(product));
  }
  if (stacked != nothing_stacked) place.stride[stacked] = size;
  emission.rows = Axis::all(stacked == nothing_stacked ? size : size * count);
  return {program_.emission(std::move(emission)), place};
}

Term::Factor Contractor::contract(const Term &t, const Factors &factors, Labels keep) {
  if (factors.size() == 1 && (labels_of(factors[0].map) & ~keep) == 0) return factors[0];
  ContractionOrder order(t, factors, keep);
  const auto product = [&](auto &self, Set set) -> Term::Factor {
    if (std::has_single_bit(set) && order.result(set) == labels_of(factors[std::countr_zero(set)].map))
      return factors[static_cast<std::size_t>(std::countr_zero(set))];
    if (std::has_single_bit(set))
      return emit(t, {{1, {factors[static_cast<std::size_t>(std::countr_zero(set))]}}}, order.result(set),
                  nothing_stacked);
    const Set first = order.split(set).first;
    return emit(t, {{1, {self(self, first), self(self, set ^ first)}}}, order.result(set), nothing_stacked);
  };
  return product(product, order.all());
}

Factors Contractor::contract_to_two(const Term &t, const Factors &factors, Labels keep) {
  if (factors.size() <= 2) return factors;
  ContractionOrder order(t, factors, keep);
  const Set first = order.split(order.all()).first;
  Factors two;
  for (const Set half : {first, order.all() ^ first}) {
    Factors part;
    for (std::size_t f = 0; f < factors.size(); ++f)
      if (half >> f & 1) part.push_back(factors[f]);
    two.push_back(contract(t, part, order.result(half)));
  }
  return two;
}

Term::Factor Contractor::sum(const Term &t, const std::vector<WeightedProduct> &parts, Labels labels) {
  return emit(t, parts, labels, nothing_stacked);
}

Term::Factor Contractor::stack(const Term &t, const std::vector<WeightedProduct> &parts, Labels labels, int label) {
  return emit(t, parts, labels, label);
}

} // namespace kronvec

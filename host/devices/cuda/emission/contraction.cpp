/// Splits long sums into matrix products.

#include "devices/cuda/emission/contraction.hpp"

#include "emission/labels.hpp"

#include <algorithm>

namespace kronvec::cuda {
namespace {

using LabelList = std::vector<int>;
using Factors = std::vector<Product::Factor>;

constexpr std::size_t max_factors = 8;

std::size_t at(int q) { return static_cast<std::size_t>(q); }

bool used(const Factors &factors, int q) {
  return std::any_of(factors.begin(), factors.end(), [q](const auto &f) { return uses(f, q); });
}

class SumSplitter {
public:
  SumSplitter(const Product &p, int axis) : p_(p), axis_(axis) {}

  std::optional<Contraction> make(Index max_entries) {
    c_.others = p_;
    c_.others.factors.clear();
    Factors summed;
    for (const auto &f : p_.factors)
      (sums(p_, f) ? summed : c_.others.factors).push_back(f);
    if (summed.empty() || summed.size() > max_factors || !split(summed, max_entries)) return {};
    for (int q = 0; q < p_.labels; ++q)
      if (p_.summed(q)) c_.others.extent[at(q)] = 1;
    sort_labels();
    choose_slices();
    count();
    for (const int s : {0, 1})
      c_.side[at(s)] = side(s);
    return std::move(c_);
  }

private:
  Index extent(int q) const { return p_.extent[at(q)]; }
  Index size(const LabelList &labels) const {
    Index n = 1;
    for (const int q : labels)
      n *= extent(q);
    return n;
  }
  /// Number of entries of the product of these factors, as one side.
  Index entries(const Factors &factors) const {
    Index n = 1;
    for (int q = 0; q < p_.labels; ++q)
      if (p_.summed(q) || used(factors, q)) n *= extent(q);
    return n;
  }

  bool has_sums(const Factors &factors) const {
    for (int q = 0; q < p_.labels; ++q)
      if (p_.summed(q) && !used(factors, q)) return false;
    return true;
  }

  /// Chooses the two sides with the smallest tables. A single factor may need no table; if it needs one, the table has
  /// the factor's size.
  bool split(const Factors &factors, Index max_entries) {
    const auto sides_of = [&](unsigned split) {
      std::array<Factors, 2> sides;
      for (std::size_t f = 0; f < factors.size(); ++f)
        sides[split >> f & 1].push_back(factors[f]);
      return sides;
    };
    const auto entries_of_tables = [&](unsigned split) -> std::optional<Index> {
      Index all = 0;
      for (const Factors &one : sides_of(split)) {
        if (one.size() == 1 && has_sums(one)) continue;
        if (entries(one) > std::max(max_entries, sum_values(p_))) return {};
        all += entries(one);
      }
      return all;
    };
    const auto split = cheapest_split(factors.size(), factors.size() > 1, entries_of_tables);
    if (split) factors_ = sides_of(*split);
    return split.has_value();
  }

  /// Sorts the labels by the sides that have them, in the order of the strides of a factor.
  void sort_labels() {
    for (int q = 0; q < p_.labels; ++q) {
      const bool left = used(factors_[0], q), right = used(factors_[1], q);
      if (p_.summed(q))
        c_.k.push_back(q);
      else if (left || right)
        (left && right ? c_.b : left ? c_.i : c_.j).push_back(q);
    }
    order(c_.i, factors_[0]), order(c_.j, factors_[1]), order(c_.k, factors_[0]), order(c_.b, factors_[0]);
  }
  static void order(LabelList &labels, const Factors &factors) {
    if (factors.empty()) return;
    const auto &stride = factors.front().map.stride;
    std::stable_sort(labels.begin(), labels.end(), [&](int p, int q) { return stride[at(p)] < stride[at(q)]; });
  }

  Index step(int q) const { return (axis_ == 0 ? p_.row : p_.col).stride[at(q)]; }

  /// Chooses the label with the largest stride along the axis, and moves it to the end of j or of b.
  void choose_slices() {
    int best = -1;
    for (const LabelList *labels : {&c_.i, &c_.j, &c_.b})
      for (const int q : *labels)
        if (step(q) > 0 && (best < 0 || step(q) > step(best))) best = q;
    if (best < 0) return;
    if (std::count(c_.i.begin(), c_.i.end(), best) > 0) std::swap(c_.i, c_.j), std::swap(factors_[0], factors_[1]);
    slice_ = best, c_.slices_of_batch = std::count(c_.b.begin(), c_.b.end(), best) > 0;
    LabelList &labels = c_.slices_of_batch ? c_.b : c_.j;
    labels.erase(std::find(labels.begin(), labels.end(), best));
    labels.push_back(best);
    c_.slices = extent(best), c_.stride = step(best);
    c_.first = (axis_ == 0 ? p_.row : p_.col).offset;
    for (int q = 0; q < p_.labels; ++q) {
      const Index span = step(q) * (extent(q) - 1);
      if (q != best) c_.first += std::min<Index>(span, 0), c_.reach += std::abs(span);
    }
  }

  void count() {
    c_.m = size(c_.i), c_.n = size(c_.j), c_.inner = size(c_.k), c_.batch = size(c_.b);
    (c_.slices_of_batch ? c_.batch : c_.n) /= c_.slices;
  }

  ContractionSide side(int s) const {
    const LabelList &down = s == 0 ? c_.i : c_.k, &across = s == 0 ? c_.k : c_.j;
    const Factors &factors = factors_[at(s)];
    if (factors.size() == 1)
      if (auto direct = view(factors.front(), down, across)) return *direct;
    Product table{.labels = p_.labels, .extent = p_.extent, .factors = factors};
    Index next = 1;
    for (int q = 0; q < p_.labels; ++q)
      table.extent[at(q)] = 1;
    for (const LabelList *labels : {&down, &across, &c_.b})
      for (const int q : *labels)
        table.extent[at(q)] = extent(q), table.row.stride[at(q)] = next, next *= extent(q);
    ContractionSide result{.ld = size(down), .batch_step = size(down) * size(across)};
    if (slice_ >= 0) result.slice_step = table.row.stride[at(slice_)];
    result.table = {Axis::all(next), Axis::all(1), {std::move(table)}};
    return result;
  }

  /// Returns s if the labels form one label of stride s in the factor, 0 if there are no labels, otherwise nothing.
  std::optional<Index> one_stride(const Product::Factor &f, const LabelList &labels) const {
    if (labels.empty()) return 0;
    const Index first = f.map.stride[at(labels.front())];
    Index next = first;
    for (const int q : labels) {
      if (f.map.stride[at(q)] != next) return {};
      next *= extent(q);
    }
    return first;
  }

  /// The factor itself as matrices, if it lies in memory like matrices.
  std::optional<ContractionSide> view(const Product::Factor &f, const LabelList &down, const LabelList &across) const {
    const auto a = one_stride(f, down), b = one_stride(f, across), batch = one_stride(f, c_.b);
    if (!a || !b || !batch || *batch < 0) return {};
    const Index rows = size(down), cols = size(across);
    ContractionSide result{.buffer = f.buffer, .offset = f.map.offset, .batch_step = *batch};
    if ((*a == 1 || rows == 1) && (*b >= rows || cols == 1))
      result.ld = std::max(*b, rows);
    else if ((*b == 1 || cols == 1) && *a >= cols)
      result.op = Op::transpose, result.ld = *a;
    else
      return {};
    if (slice_ >= 0) result.slice_step = f.map.stride[at(slice_)];
    return result;
  }

  const Product &p_;
  const int axis_;
  std::array<Factors, 2> factors_;
  int slice_ = -1;
  Contraction c_;
};

} // namespace

Contraction::SliceRange Contraction::between(Index begin, Index end) const {
  if (slices == 1) return {0, 1};
  const auto below = [&](Index index) { return index <= 0 ? 0 : std::min(slices, (index + stride - 1) / stride); };
  const SliceRange result{below(begin - first - reach), below(end - first)};
  return {std::min(result.begin, result.end), result.end};
}

Product Contraction::rest(int result, Index room) const {
  Product p = others;
  AffineMap map;
  Index next = 1;
  for (const int q : i)
    map.stride[at(q)] = next, next *= p.extent[at(q)];
  for (const int q : j)
    map.stride[at(q)] = next, next *= p.extent[at(q)];
  next = batch_step(room);
  for (const int q : b)
    map.stride[at(q)] = next, next *= p.extent[at(q)];
  p.factors.push_back({result, map});
  return p;
}

std::optional<Contraction> contract(const Product &p, int axis, Index max_entries) {
  return SumSplitter(p, axis).make(max_entries);
}

} // namespace kronvec::cuda

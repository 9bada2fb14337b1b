/// What only terms do with labels: split, unify, slice, restrict.

#include "calculus/terms/term.hpp"

#include <algorithm>
#include <bit>

namespace kronvec::inline KRONVEC_ABI {

AffineMap Term::label(Index extent_of_new) {
  AffineMap unit;
  if (extent_of_new == 1) return unit;
  if (labels == max_labels) throw NoTerms{"its terms would have too many labels"};
  extent[labels] = extent_of_new;
  unit.stride[labels++] = 1;
  return unit;
}

void Term::split(int q, Index fast) {
  if (labels == max_labels) throw NoTerms{"its terms would have too many labels"};
  const int slow = labels++;
  extent[slow] = extent[q] / fast;
  extent[q] = fast;
  for_each_map([&](AffineMap &map) { map.stride[slow] = fast * map.stride[q]; });
}

void Term::unify(int kept, int gone) {
  for_each_map([&](AffineMap &map) { map.stride[kept] += std::exchange(map.stride[gone], 0); });
  drop(*this, gone);
}

void Term::slice(int q, Index first, Index count) {
  for_each_map([&](AffineMap &map) { map.offset += first * map.stride[q]; });
  extent[q] = count;
  if (count > 1) return;
  if (count == 0) scale = 0;
  for_each_map([&](AffineMap &map) { map.stride[q] = 0; });
  drop(*this, q);
}

void Term::reorder(const std::vector<int> &order) {
  const auto permute = [&](std::array<Index, max_labels> &numbers) {
    const auto old = numbers;
    for (int q = 0; q < labels; ++q)
      numbers[q] = old[order[static_cast<std::size_t>(q)]];
  };
  permute(extent);
  for_each_map([&](AffineMap &map) { permute(map.stride); });
}

double Term::volume(Labels set) const {
  double product = 1;
  for (; set; set &= set - 1)
    product *= static_cast<double>(extent[std::countr_zero(set)]);
  return product;
}

Index Term::last(const AffineMap &map) const {
  Index value = map.offset;
  for (int q = 0; q < labels; ++q)
    value += map.stride[q] * (extent[q] - 1);
  return value;
}

std::vector<Digit> digits_of(const AffineMap &map, const Term &term) {
  std::vector<Digit> digits;
  for (int q = 0; q < term.labels; ++q)
    if (map.stride[q] != 0) digits.push_back({map.stride[q], term.extent[q], q});
  std::sort(digits.begin(), digits.end(), [](const Digit &a, const Digit &b) { return a.stride < b.stride; });
  return digits;
}

bool nested(const std::vector<Digit> &digits) {
  Nesting nesting;
  return std::ranges::all_of(digits, [&](const Digit &d) { return nesting.take(d.stride, d.extent); });
}

std::optional<std::pair<AffineMap, AffineMap>> Term::digits(AffineMap Term::*map, Index base) {
  for (int q = 0; q < labels; ++q) { // new labels from splits come last and do not straddle
    const Index stride = (this->*map).stride[q];
    const bool straddles = stride > 0 && stride % base != 0 && stride < base && stride * (extent[q] - 1) >= base;
    if (!straddles) continue;
    if (base % stride != 0 || extent[q] % (base / stride) != 0) return std::nullopt;
    split(q, base / stride);
  }
  const AffineMap &whole = this->*map;
  AffineMap low, high;
  low.offset = whole.offset % base, high.offset = whole.offset / base;
  for (int q = 0; q < labels; ++q)
    low.stride[q] = whole.stride[q] % base, high.stride[q] = whole.stride[q] / base;
  if (last(low) >= base) return std::nullopt; // a carry: not separable
  return std::pair{low, high};
}

bool Term::align_row_and_col() {
  const auto rows = digits_of(row, *this), cols = digits_of(col, *this);
  if (row.offset != col.offset || rows.size() != cols.size() || !nested(rows)) return false;
  std::vector<std::pair<int, int>> pairs;
  Labels used = 0;
  for (std::size_t d = 0; d < rows.size(); ++d) {
    if (rows[d].stride != cols[d].stride || rows[d].extent != cols[d].extent) return false;
    if (rows[d].label == cols[d].label) continue;
    const Labels both = Labels(1) << rows[d].label | Labels(1) << cols[d].label;
    if (used & both) return false;
    used |= both;
    pairs.emplace_back(rows[d].label, cols[d].label);
  }
  std::sort(pairs.begin(), pairs.end(), [](auto &a, auto &b) { return a.second > b.second; });
  while (!pairs.empty()) {
    const auto [kept, gone] = pairs.back();
    pairs.pop_back();
    unify(kept, gone);
    for (auto &[k, g] : pairs)
      k -= k > gone, g -= g > gone;
  }
  return true;
}

bool Term::restrict_to(AffineMap Term::*map, Index first, Index count) {
  const auto all = digits_of(this->*map, *this);
  const Index low = (this->*map).offset, high = last(this->*map);
  if (low >= first && high < first + count) {
    (this->*map).offset -= first;
    return true;
  }
  if (count == 0 || high < first || low >= first + count) {
    scale = 0;
    return true;
  }
  if (all.empty() || !nested(all)) return false;
  const Digit top = all.back();
  const Index stride = top.stride;
  const Index below = high - low - stride * (top.extent - 1); // range of the digits below the highest
  const auto inside = [&](Index a) { return low + stride * a >= first && low + stride * a + below < first + count; };
  const auto outside = [&](Index a) { return low + stride * a + below < first || low + stride * a >= first + count; };
  Index from = std::clamp<Index>((first - low + stride - 1) / stride, 0, top.extent), to = from;
  while (to < top.extent && inside(to))
    ++to;
  if ((from > 0 && !outside(from - 1)) || (to < top.extent && !outside(to))) return false;
  slice(top.label, from, to - from);
  (this->*map).offset -= first;
  return true;
}

} // namespace kronvec

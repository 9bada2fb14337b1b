/// Turns products into terms, which the kernels decode from row and column indices.

#include "devices/cuda/emission/terms.hpp"

#include "emission/labels.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace kronvec::cuda {
namespace {

using kernels::EmissionTerm;
using kernels::TermLabel;

Index stride(const Product &p, int side, int q) {
  return (side == 0 ? p.row : p.col).stride[static_cast<std::size_t>(q)];
}
Index extent(const Product &p, int q) { return p.extent[static_cast<std::size_t>(q)]; }

/// The labels that have a stride on a side, largest stride first.
std::vector<int> along(const Product &p, int side, std::vector<int> labels) {
  std::erase_if(labels, [&](int q) { return stride(p, side, q) == 0; });
  std::stable_sort(labels.begin(), labels.end(),
                   [&](int a, int b) { return std::abs(stride(p, side, a)) > std::abs(stride(p, side, b)); });
  return labels;
}

/// Whether an index on a side determines the labels.
bool nest(const Product &p, int side, const std::vector<int> &labels) {
  const auto sorted = along(p, side, labels);
  Nesting nesting;
  return std::all_of(sorted.rbegin(), sorted.rend(),
                     [&](int q) { return nesting.take(std::abs(stride(p, side, q)), extent(p, q)); });
}

/// A product's labels by role. Labels of extent 1 have only the value 0 and are left out.
struct LabelRoles {
  std::vector<int> digits, searched, summed;
  Index multiplicity = 1; ///< product of the extents of summed labels that no factor uses
};

LabelRoles sort_labels(const Product &p) {
  LabelRoles result;
  std::vector<int> placed;
  for (int q = 0; q < p.labels; ++q) {
    if (extent(p, q) == 1) continue;
    if (!p.summed(q))
      placed.push_back(q);
    else if (is_used(p, q))
      result.summed.push_back(q);
    else
      result.multiplicity *= extent(p, q);
  }
  const auto by_extent = [&](int a, int b) { return extent(p, a) < extent(p, b); };
  std::stable_sort(result.summed.begin(), result.summed.end(), by_extent); // the longest is the innermost loop
  std::stable_sort(placed.rbegin(), placed.rend(), by_extent);             // the longest should not be searched
  for (const int q : placed) {
    result.digits.push_back(q);
    if (nest(p, 0, result.digits) && nest(p, 1, result.digits)) continue;
    result.digits.pop_back();
    result.searched.push_back(q);
  }
  return result;
}

std::uint64_t inverse(Index b) { return std::numeric_limits<std::uint64_t>::max() / static_cast<std::uint64_t>(b); }

/// Builds one term from up to eight factors of a product.
class EmissionTermBuilder {
public:
  EmissionTermBuilder(const Product &p, const LabelRoles &labels, std::size_t first_factor)
      : p_(p), first_(first_factor) {
    term_.scale = p.scale * static_cast<double>(labels.multiplicity);
    term_.parts = 1, term_.searches = 1, term_.sums = 1;
    term_.factors = static_cast<int>(std::min<std::size_t>(p.factors.size() - first_factor, EmissionTerm::max_factors));
    for (int f = 0; f < term_.factors; ++f)
      term_.base[f] = factor(f).map.offset, term_.buffer[f] = factor(f).buffer;
    for (const int side : {0, 1})
      add_digits(side, labels.digits);
    for (const int q : labels.searched)
      add(loop(q)), term_.searches *= extent(p, q);
    term_.end[2] = count_;
    for (const int q : labels.summed)
      add(loop(q)), term_.sums *= q == labels.summed.back() ? 1 : extent(p, q);
    term_.end[3] = count_;
  }
  const EmissionTerm &term() const { return term_; }

private:
  const Product::Factor &factor(int f) const { return p_.factors[first_ + static_cast<std::size_t>(f)]; }
  void add(const TermLabel &label) { term_.label[count_++] = label; }

  TermLabel loop(int q) const {
    TermLabel label{.extent = extent(p_, q),
                    .stride = {stride(p_, 0, q), stride(p_, 1, q)},
                    .inverse = inverse(extent(p_, q)),
                    .key = 0,
                    .step = {}};
    for (int f = 0; f < term_.factors; ++f)
      label.step[f] = factor(f).map.stride[static_cast<std::size_t>(q)];
    return label;
  }

  /// Adds the digits of one side. A label that both sides have moves the factors' addresses by its column digit.
  void add_digits(int side, const std::vector<int> &digits) {
    term_.offset[side] = (side == 0 ? p_.row : p_.col).offset;
    for (const int q : along(p_, side, digits)) {
      TermLabel label = loop(q);
      const bool both = stride(p_, 0, q) != 0 && stride(p_, 1, q) != 0;
      if (both && side == 0) std::fill_n(label.step, EmissionTerm::max_factors, 0);
      if (both) label.key = key_step(q, digits);
      if (label.stride[side] < 0) reverse(side, label);
      label.inverse = inverse(label.stride[side]);
      add(label);
    }
    term_.end[side] = count_;
  }

  /// The weight of a label in the keys: the labels that both sides have are the digits of a number.
  Index key_step(int q, const std::vector<int> &digits) const {
    Index step = 1;
    for (const int before : digits) {
      if (before == q) break;
      if (stride(p_, 0, before) != 0 && stride(p_, 1, before) != 0) step *= extent(p_, before);
    }
    return step;
  }

  /// Reverses a label with a negative stride: it counts from its other end.
  void reverse(int side, TermLabel &label) {
    const Index last = label.extent - 1;
    term_.offset[side] += last * label.stride[side], label.stride[side] = -label.stride[side];
    term_.key[side] += last * label.key, label.key = -label.key;
    for (int f = 0; f < term_.factors; ++f)
      term_.base[f] += last * label.step[f], label.step[f] = -label.step[f];
  }

  const Product &p_;
  std::size_t first_;
  EmissionTerm term_{};
  int count_ = 0;
};

} // namespace

Product varying_first(Product p) {
  std::stable_partition(p.factors.begin(), p.factors.end(), [&](const Product::Factor &f) {
    for (int q = 0; q < p.labels; ++q)
      if (uses(f, q) && stride(p, 0, q) != 0 && stride(p, 1, q) == 0) return true;
    return false;
  });
  return p;
}

std::vector<EmissionTerm> terms_of(const Product &p) {
  std::vector<EmissionTerm> terms;
  if (is_empty(p)) return terms;
  LabelRoles labels = sort_labels(p);
  const bool in_parts = p.factors.size() > EmissionTerm::max_factors;
  if (in_parts) { // the sum over labels is not the product of the parts' sums
    labels.searched.insert(labels.searched.end(), labels.summed.begin(), labels.summed.end());
    labels.summed.clear();
  }
  for (std::size_t first = 0; first == 0 || first < p.factors.size(); first += EmissionTerm::max_factors)
    terms.push_back(EmissionTermBuilder(p, labels, first).term());
  terms[0].parts = static_cast<int>(terms.size());
  return terms;
}

bool LaunchBuffers::take(std::span<EmissionTerm> terms, std::size_t room) {
  auto all = numbers_;
  for (const EmissionTerm &t : terms)
    for (int f = 0; f < t.factors; ++f)
      if (std::find(all.begin(), all.end(), t.buffer[f]) == all.end()) all.push_back(t.buffer[f]);
  if (all.size() > room) return false;
  numbers_ = all;
  for (EmissionTerm &t : terms)
    for (int f = 0; f < t.factors; ++f)
      t.buffer[f] = static_cast<int>(std::find(all.begin(), all.end(), t.buffer[f]) - all.begin());
  return true;
}

} // namespace kronvec::cuda

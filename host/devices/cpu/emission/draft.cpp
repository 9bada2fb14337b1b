/// Brings products to canonical form and groups them.

#include "devices/cpu/emission/draft.hpp"

#include "emission/labels.hpp"

#include <algorithm>
#include <numeric>

namespace kronvec::cpu {
namespace {

/// A group that consists of one product.
DraftGroup draft(Product p) {
  std::vector<int> mapped, summed;
  DraftTerm term{p.scale, {}, {}};
  for (int q = 0; q < p.labels; ++q) {
    if (p.extent[q] == 1) continue;
    if (!is_used(p, q)) {
      term.scale *= static_cast<double>(p.extent[q]);
      continue;
    }
    if (p.col.stride[q] < 0 || (p.col.stride[q] == 0 && p.row.stride[q] < 0)) flip(p, q);
    (p.summed(q) ? summed : mapped).push_back(q);
  }
  std::stable_sort(mapped.begin(), mapped.end(), [&](int a, int b) {
    return std::array{p.col.stride[a], p.row.stride[a], p.extent[a]} <
           std::array{p.col.stride[b], p.row.stride[b], p.extent[b]};
  });
  DraftGroup d{p.row.offset, p.col.offset, {}, {}};
  for (const int q : mapped)
    d.labels.push_back({p.extent[q], p.row.stride[q], p.col.stride[q]});
  for (const int q : summed)
    term.sum_extent.push_back(p.extent[q]);
  for (const auto &f : p.factors) {
    DraftFactor factor{f.buffer, f.map.offset, {}, {}};
    for (const int q : mapped)
      factor.stride.push_back(f.map.stride[q]);
    for (const int q : summed)
      factor.sum_stride.push_back(f.map.stride[q]);
    term.factors.push_back(std::move(factor));
  }
  d.terms.push_back(std::move(term));
  return d;
}

void remove(auto &list, int q) { list.erase(list.begin() + q); }

/// Fuses summed labels of a term.
void fuse_sums(DraftTerm &term) {
  const auto follows = [&](int p, int q) {
    return std::ranges::all_of(term.factors, [&](const DraftFactor &f) {
      return continues(f.sum_stride[q], f.sum_stride[p], term.sum_extent[p]);
    });
  };
  const auto join = [&](int p, int q) {
    term.sum_extent[p] *= term.sum_extent[q];
    remove(term.sum_extent, q);
    for (DraftFactor &f : term.factors)
      remove(f.sum_stride, q);
  };
  fuse_labels([&] { return static_cast<int>(term.sum_extent.size()); }, follows, join);
}

/// Whether label q of a group continues label p in every map.
bool follows(const DraftGroup &d, int p, int q) {
  const auto &[extent, row, col] = d.labels[p];
  if (!continues(d.labels[q].row, row, extent) || !continues(d.labels[q].col, col, extent)) return false;
  for (const DraftTerm &term : d.terms)
    for (const DraftFactor &f : term.factors)
      if (!continues(f.stride[q], f.stride[p], extent)) return false;
  return true;
}

} // namespace

void fuse(DraftGroup &d) {
  const auto join = [&](int p, int q) {
    d.labels[p].extent *= d.labels[q].extent;
    remove(d.labels, q);
    for (DraftTerm &term : d.terms)
      for (DraftFactor &f : term.factors)
        remove(f.stride, q);
  };
  fuse_labels([&] { return static_cast<int>(d.labels.size()); }, [&](int p, int q) { return follows(d, p, q); }, join);
  std::ranges::for_each(d.terms, fuse_sums);
}

/// Column labels whose strides nest are the digits of a column. The others become loops.
Roles roles(const DraftGroup &d) {
  Roles r;
  std::vector<int> columns;
  for (int q = 0; q < static_cast<int>(d.labels.size()); ++q)
    (d.labels[q].col ? columns : r.rows).push_back(q);
  std::stable_sort(columns.begin(), columns.end(), [&](int a, int b) { return d.labels[a].col < d.labels[b].col; });
  std::stable_sort(r.rows.begin(), r.rows.end(), [&](int a, int b) { return d.labels[a].row < d.labels[b].row; });
  Nesting nesting;
  for (const int q : columns)
    (nesting.take(d.labels[q].col, d.labels[q].extent) ? r.columns : r.loops).push_back(q);
  std::reverse(r.columns.begin(), r.columns.end());
  return r;
}

std::vector<DraftGroup> drafts(const std::vector<Product> &products) {
  std::vector<DraftGroup> result;
  for (const Product &p : products) {
    if (is_empty(p)) continue;
    DraftGroup d = draft(p);
    const auto same = std::find_if(result.begin(), result.end(), [&](const DraftGroup &other) {
      return other.labels == d.labels && other.row_offset == d.row_offset && other.col_offset == d.col_offset;
    });
    if (same == result.end())
      result.push_back(std::move(d));
    else
      same->terms.push_back(std::move(d.terms.front()));
  }
  for (DraftGroup &d : result)
    fuse(d);
  return result;
}

} // namespace kronvec::cpu

/// Brings products to canonical form and groups them.

#include "devices/cpu/emission/draft.hpp"

#include <algorithm>
#include <numeric>

namespace kronvec::cpu {
namespace {

/// Reverses a label: a = extent − 1 − a'.
void flip(Product &p, int q) {
  const auto turn = [&](AffineMap &map) {
    map.offset += map.stride[q] * (p.extent[q] - 1);
    map.stride[q] = -map.stride[q];
  };
  turn(p.row), turn(p.col);
  for (auto &factor : p.factors)
    turn(factor.map);
}

bool used(const Product &p, int q) {
  return !p.summed(q) ||
         std::any_of(p.factors.begin(), p.factors.end(), [&](const auto &f) { return f.map.stride[q] != 0; });
}

/// A group that consists of one product.
DraftGroup draft(Product p) {
  std::vector<int> mapped, summed;
  DraftTerm term{p.scale, {}, {}};
  for (int q = 0; q < p.labels; ++q) {
    if (p.extent[q] == 1) continue;
    if (!used(p, q)) {
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

/// Whether stride q continues the digits of label p.
bool follows(Index stride_q, Index stride_p, Index extent_p) { return stride_q == stride_p * extent_p; }

bool fusable(const DraftGroup &d, std::size_t p, std::size_t q) {
  const Index n = d.labels[p].extent;
  if (!follows(d.labels[q].row, d.labels[p].row, n) || !follows(d.labels[q].col, d.labels[p].col, n)) return false;
  for (const DraftTerm &term : d.terms)
    for (const DraftFactor &f : term.factors)
      if (!follows(f.stride[q], f.stride[p], n)) return false;
  return true;
}

/// Fuses the first pair of summed labels of which one continues the other.
bool fuse_sums(DraftTerm &term) {
  const std::size_t n = term.sum_extent.size();
  for (std::size_t p = 0; p < n; ++p)
    for (std::size_t q = 0; q < n; ++q) {
      const bool all = p != q && std::all_of(term.factors.begin(), term.factors.end(), [&](const auto &f) {
                         return follows(f.sum_stride[q], f.sum_stride[p], term.sum_extent[p]);
                       });
      if (!all) continue;
      term.sum_extent[p] *= term.sum_extent[q];
      term.sum_extent.erase(term.sum_extent.begin() + static_cast<std::ptrdiff_t>(q));
      for (auto &f : term.factors)
        f.sum_stride.erase(f.sum_stride.begin() + static_cast<std::ptrdiff_t>(q));
      return true;
    }
  return false;
}

bool fuse_labels(DraftGroup &d) {
  for (std::size_t p = 0; p < d.labels.size(); ++p)
    for (std::size_t q = 0; q < d.labels.size(); ++q) {
      if (p == q || !fusable(d, p, q)) continue;
      d.labels[p].extent *= d.labels[q].extent;
      d.labels.erase(d.labels.begin() + static_cast<std::ptrdiff_t>(q));
      for (DraftTerm &term : d.terms)
        for (DraftFactor &f : term.factors)
          f.stride.erase(f.stride.begin() + static_cast<std::ptrdiff_t>(q));
      return true;
    }
  return false;
}

} // namespace

void fuse(DraftGroup &d) {
  while (fuse_labels(d)) {
  }
  for (DraftTerm &term : d.terms)
    while (fuse_sums(term)) {
    }
}

/// Column labels decode uniquely if each stride exceeds the combined reach of the smaller ones. Other column labels
/// become loops.
Roles roles(const DraftGroup &d) {
  Roles r;
  std::vector<int> columns;
  for (int q = 0; q < static_cast<int>(d.labels.size()); ++q)
    (d.labels[q].col ? columns : r.rows).push_back(q);
  std::stable_sort(columns.begin(), columns.end(), [&](int a, int b) { return d.labels[a].col < d.labels[b].col; });
  std::stable_sort(r.rows.begin(), r.rows.end(), [&](int a, int b) { return d.labels[a].row < d.labels[b].row; });
  Index reach = 0;
  for (const int q : columns) {
    const auto &[extent, row, col] = d.labels[q];
    if (col <= reach) {
      r.loops.push_back(q);
      continue;
    }
    r.columns.push_back(q), reach += col * (extent - 1);
  }
  std::reverse(r.columns.begin(), r.columns.end());
  return r;
}

std::vector<DraftGroup> drafts(const std::vector<Product> &products) {
  std::vector<DraftGroup> result;
  for (const Product &p : products) {
    if (std::any_of(p.extent.begin(), p.extent.begin() + p.labels, [](Index n) { return n == 0; })) continue;
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

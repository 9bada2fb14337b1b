/// Reads results with few rows as results with more rows and fewer columns.

#include "emission/flatten.hpp"

#include "emission/labels.hpp"

#include <algorithm>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {
namespace {

/// Whether all rows of the product lie in the result. Other rows would end up in the next column.
bool within(const Product &p, Index rows) {
  Index least = p.row.offset, most = p.row.offset;
  for (int q = 0; q < p.labels; ++q)
    (p.row.stride[q] < 0 ? least : most) += p.row.stride[q] * (p.extent[q] - 1);
  return least >= 0 && most < rows;
}

/// The product with each column map split at `columns`; nothing if a label crosses the split.
std::optional<Product> cut(Product p, Index rows, Index columns) {
  if (is_empty(p)) return p;
  if (p.col.offset < 0 || !within(p, rows)) return std::nullopt;
  Index reach = p.col.offset % columns;
  p.row.offset += rows * reach, p.col.offset /= columns;
  for (int q = 0; q < p.labels; ++q) {
    const Index stride = p.col.stride[q];
    if (stride == 0 || p.extent[q] <= 1) continue;
    if (stride % columns == 0) {
      p.col.stride[q] = stride / columns;
      continue;
    }
    if (stride < 0) return std::nullopt;
    reach += stride * (p.extent[q] - 1);
    p.row.stride[q] += rows * stride, p.col.stride[q] = 0;
  }
  if (reach >= columns) return std::nullopt;
  return p;
}

} // namespace

std::optional<Flattened> flattened(const Emission &e, Index bytes_each, Index short_column) {
  const Index rows = e.rows.size;
  if (e.rows.triangle || e.cols.triangle || rows * bytes_each >= short_column || e.products.empty()) return {};
  std::vector<Index> candidates{e.cols.size}; // fewest columns first
  for (const Product &p : e.products)
    candidates.insert(candidates.end(), p.col.stride.begin(), p.col.stride.begin() + p.labels);
  std::sort(candidates.begin(), candidates.end());
  for (const Index columns : candidates) {
    const bool long_enough = rows * columns * bytes_each >= short_column || columns == e.cols.size;
    if (columns <= 1 || e.cols.size % columns || !long_enough) continue;
    Flattened flat{{Axis::all(rows * columns), Axis::all(e.cols.size / columns), {}}, columns};
    for (const Product &p : e.products)
      if (auto product = cut(p, rows, columns)) flat.emission.products.push_back(std::move(*product));
    if (flat.emission.products.size() == e.products.size()) return flat;
  }
  return {};
}

} // namespace kronvec

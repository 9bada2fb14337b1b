/// The algebra of labels.

#include "emission/labels.hpp"

#include <algorithm>

namespace kronvec::inline KRONVEC_ABI {

AffineMap operator+(const AffineMap &a, const AffineMap &b) {
  AffineMap sum = a;
  sum.offset += b.offset;
  for (int q = 0; q < max_labels; ++q)
    sum.stride[q] += b.stride[q];
  return sum;
}

AffineMap operator*(Index factor, const AffineMap &a) {
  AffineMap product = a;
  product.offset *= factor;
  for (Index &stride : product.stride)
    stride *= factor;
  return product;
}

Labels labels_of(const AffineMap &map) {
  Labels set = 0;
  for (int q = 0; q < max_labels; ++q)
    if (map.stride[q] != 0) set |= Labels(1) << q;
  return set;
}

void flip(Product &p, int q) {
  p.for_each_map([&](AffineMap &map) {
    map.offset += map.stride[q] * (p.extent[q] - 1);
    map.stride[q] = -map.stride[q];
  });
}

bool is_used(const Product &p, int q) {
  return !p.summed(q) || std::ranges::any_of(p.factors, [&](const Product::Factor &f) { return uses(f, q); });
}

bool is_empty(const Product &p) {
  return std::any_of(p.extent.begin(), p.extent.begin() + p.labels, [](Index n) { return n == 0; });
}

Product simplified(Product p) {
  for (int q = p.labels - 1; q >= 0; --q) {
    if (p.extent[q] != 1 && is_used(p, q)) continue;
    p.scale *= static_cast<double>(p.extent[q]);
    drop(p, q);
  }
  fuse(p);
  return p;
}

bool sums(const Product &p) {
  for (int q = 0; q < p.labels; ++q)
    if (p.summed(q) && p.extent[q] > 1) return true;
  return false;
}

bool sums(const Product &p, const Product::Factor &f) {
  for (int q = 0; q < p.labels; ++q)
    if (p.summed(q) && uses(f, q)) return true;
  return false;
}

Index sum_values(const Product &p) {
  Index values = 1;
  for (int q = 0; q < p.labels; ++q)
    if (p.summed(q)) values *= p.extent[q];
  return values;
}

std::vector<Product> without_sums(const Product &p) {
  std::vector<Product> result{p};
  for (int q = p.labels - 1; q >= 0; --q) {
    if (!p.summed(q)) continue;
    std::vector<Product> more;
    for (const Product &one : result)
      for (Index value = 0; value < p.extent[q]; ++value) {
        more.push_back(one);
        more.back().for_each_map([&](AffineMap &map) { map.offset += value * map.stride[q]; });
        drop(more.back(), q);
      }
    result = std::move(more);
  }
  return result;
}

} // namespace kronvec

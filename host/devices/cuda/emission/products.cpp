/// Rewrites products for the kernels.

#include "devices/cuda/emission/products.hpp"

#include <algorithm>

namespace kronvec::cuda {
namespace {

std::size_t at(int q) { return static_cast<std::size_t>(q); }

/// Calls work(map) for all maps of a product.
void for_maps(auto &p, const auto &work) {
  work(p.row), work(p.col);
  for (auto &f : p.factors)
    work(f.map);
}

void remove(Product &p, int q) {
  const auto close = [&](auto &values) {
    std::copy(values.begin() + q + 1, values.begin() + p.labels, values.begin() + q);
    values[at(p.labels - 1)] = 0;
  };
  for_maps(p, [&](AffineMap &map) { close(map.stride); });
  close(p.extent);
  --p.labels;
}

bool used(const Product &p, int q) {
  return !p.summed(q) || std::any_of(p.factors.begin(), p.factors.end(), [&](const auto &f) { return uses(f, q); });
}

/// Whether label q continues the digits of label p.
bool follows(const Product &product, int p, int q) {
  bool all = true;
  for_maps(product,
           [&](const AffineMap &map) { all = all && map.stride[at(q)] == map.stride[at(p)] * product.extent[at(p)]; });
  return all;
}

bool fuse_one(Product &product) {
  for (int p = 0; p < product.labels; ++p)
    for (int q = 0; q < product.labels; ++q)
      if (p != q && follows(product, p, q)) {
        product.extent[at(p)] *= product.extent[at(q)];
        remove(product, q);
        return true;
      }
  return false;
}

} // namespace

bool uses(const Product::Factor &f, int q) { return f.map.stride[at(q)] != 0; }

Product simplified(const Product &p) {
  Product result = p;
  for (int q = p.labels - 1; q >= 0; --q) {
    if (result.extent[at(q)] != 1 && used(result, q)) continue;
    result.scale *= static_cast<double>(result.extent[at(q)]);
    remove(result, q);
  }
  while (fuse_one(result)) {
  }
  return result;
}

Index sum_values(const Product &p) {
  Index values = 1;
  for (int q = 0; q < p.labels; ++q)
    if (p.summed(q)) values *= p.extent[at(q)];
  return values;
}

std::vector<Product> without_sums(const Product &p) {
  std::vector<Product> result{p};
  for (int q = p.labels - 1; q >= 0; --q) {
    if (!p.summed(q)) continue;
    std::vector<Product> more;
    for (const Product &one : result)
      for (Index value = 0; value < p.extent[at(q)]; ++value) {
        more.push_back(one);
        for_maps(more.back(), [&](AffineMap &map) { map.offset += value * map.stride[at(q)]; });
        remove(more.back(), q);
      }
    result = std::move(more);
  }
  return result;
}

Product varying_first(Product p) {
  std::stable_partition(p.factors.begin(), p.factors.end(), [&](const Product::Factor &f) {
    for (int q = 0; q < p.labels; ++q)
      if (uses(f, q) && p.row.stride[at(q)] != 0 && p.col.stride[at(q)] == 0) return true;
    return false;
  });
  return p;
}

} // namespace kronvec::cuda

#pragma once
/// Products rewritten so that kernels have less to decode.

#include "devices/emission.hpp"

#include <vector>

namespace kronvec::cuda {

/// The same product with fewer labels: labels that continue one another in every map are fused, labels of extent 1 are
/// removed, and a summed label that no factor has becomes part of the scale. No extent may be 0.
Product simplified(const Product &p);

/// Whether a factor depends on the label.
bool uses(const Product::Factor &f, int q);

/// Sums of at most this many values are written out as products. cuBLAS computes longer ones.
constexpr Index few_values = 8;

/// Number of values that the summed labels have together.
Index sum_values(const Product &p);

/// One product for each value of the summed labels.
std::vector<Product> without_sums(const Product &p);

/// The product with reordered factors: first those that change from row to row within a column.
Product varying_first(Product p);

} // namespace kronvec::cuda

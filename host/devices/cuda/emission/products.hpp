#pragma once
/// Products rewritten so that the kernels have less to decode.

#include "devices/emission.hpp"

#include <vector>

namespace kronvec::cuda {

/// The same product with labels that follow one another in every map as one label, none of extent 1, and those that are
/// summed over although no factor has them as a part of the scale. Extents are not 0.
Product simplified(const Product &p);

/// Whether a factor depends on the label.
bool uses(const Product::Factor &f, int q);

/// Sums of at most so many values become products of their own; longer ones are left to cuBLAS.
constexpr Index few_values = 8;

/// How many values the summed labels have together.
Index sum_values(const Product &p);

/// One product for each value of the summed labels.
std::vector<Product> without_sums(const Product &p);

/// The product with those factors first that change from row to row of a column.
Product varying_first(Product p);

} // namespace kronvec::cuda

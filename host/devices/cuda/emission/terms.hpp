#pragma once
/// Products in the form of the emission kernels.
///
/// A label is a digit of an index if the strides allow it: an index r = offset + Σ s_q·a_q determines all a_q if each
/// stride is larger than the max sum of all smaller ones, Σ s_p·(extent_p − 1). Labels that would violate this are
/// searched.

#include "devices/emitter.hpp"
#include "kernels/emission.hpp"

#include <span>
#include <vector>

namespace kronvec::cuda {

/// The product with reordered factors: first those that change from row to row within a column.
Product varying_first(Product p);

/// The terms of a product: none, one, or as many as its factors need. Buffers keep the product's numbers.
std::vector<kernels::EmissionTerm> terms_of(const Product &p);

/// The buffers of one launch, which has its own numbers for them.
class LaunchBuffers {
public:
  /// Whether the buffers of more terms still fit. If so, renumbers the terms' buffers.
  bool take(std::span<kernels::EmissionTerm> terms, std::size_t room);
  /// Stores the buffers' addresses and their steps from item to item, in the order of the launch.
  template <class T> void put(std::span<const Buffer<T>> buffers, const T **data, std::int64_t *step) const {
    for (const int b : numbers_) {
      const Buffer<T> &buffer = buffers[static_cast<std::size_t>(b)];
      *data++ = buffer.data, *step++ = buffer.stride;
    }
  }

private:
  std::vector<int> numbers_;
};

} // namespace kronvec::cuda

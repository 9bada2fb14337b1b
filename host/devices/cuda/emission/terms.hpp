#pragma once
/// Products as the kernels of emissions take them.
///
/// A label is a digit of an index where strides allow it: an index r = offset + Σ s_q·a_q tells all a_q if each stride
/// is larger than what all smaller ones can add up to, Σ s_p·(extent_p − 1). Labels that would break this are searched.

#include "devices/emission.hpp"
#include "kernels/emission.hpp"

#include <span>
#include <vector>

namespace kronvec::cuda {

/// The terms of a product: none, one, or as many as its factors need. Buffers have the product's numbers.
std::vector<kernels::Term> terms_of(const Product &p);

/// The buffers of the terms of one launch, which numbers them for itself.
class LaunchBuffers {
public:
  /// Whether there is room for the buffers of more terms; then those are numbered.
  bool take(std::span<kernels::Term> terms, std::size_t room);
  /// Where they are, and their steps from item to item, in the order of the launch.
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

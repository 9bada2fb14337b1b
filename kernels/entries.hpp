#pragma once
/// The operands of kernels: batches of column-major matrices in device memory.

#include <cstdint>

namespace kronvec::kernels {

/// Entry (i, j) of item b lies at data[b·stride + j·ld + i].
template <class T> struct Entries {
  T *data;
  std::int64_t rows, cols, ld, count, stride;
};

} // namespace kronvec::kernels

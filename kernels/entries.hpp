#pragma once
/// The operands of kernels: batches of column-major matrices in device memory.

#include <cstdint>

namespace kronvec::kernels {

/// Entry (i, j) of item b lies at data[b·stride + j·ld + i].
template <class T> struct Entries {
  T *data = nullptr;
  std::int64_t rows = 0, cols = 0, ld = 0, count = 0, stride = 0;
};

/// N values, read and written in one access.
template <class T, int N> struct alignas(N * sizeof(T)) Vector { T entry[N]; };

/// Whether all items of a batch with this layout form one packed run of entries.
template <class Batch> bool is_run(const Batch &x) {
  return (x.ld == x.rows || x.cols <= 1) && (x.count <= 1 || x.stride == x.rows * x.cols);
}

} // namespace kronvec::kernels

#pragma once
/// The operands of primitives: batches of `count` matrices of one shape, `stride` elements apart. A stride of 0 means
/// that all items are the same matrix; it is for inputs only.

#include "kronvec/matrix.hpp"

namespace kronvec::inline KRONVEC_ABI {

template <class T> struct BatchView {
  T *data = nullptr;
  Index rows = 0, cols = 0, ld = 0;
  Index count = 1, stride = 0;

  BatchView() = default;
  BatchView(MatrixView<T> m) : data(m.data()), rows(m.rows()), cols(m.cols()), ld(m.ld()) {}
  template <class U>
  requires(std::is_same_v<T, const U>) BatchView(MatrixView<U> m) : BatchView(MatrixView<T>(m)) {}
  BatchView(T *first, Index m, Index n, Index leading, Index items, Index apart)
      : data(first), rows(m), cols(n), ld(leading), count(items), stride(apart) {}
  template <class U>
  requires(std::is_same_v<T, const U>) BatchView(BatchView<U> o)
      : BatchView(o.data, o.rows, o.cols, o.ld, o.count, o.stride) {}

  /// Item b. In a batch of one, item 0 stands for every b.
  MatrixView<T> operator[](Index b) const { return {data + b * (count == 1 ? 0 : stride), rows, cols, ld}; }
  bool is_scalar() const { return rows == 1 && cols == 1; }
};

} // namespace kronvec

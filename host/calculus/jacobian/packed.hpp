#pragma once
/// Packed copies of operands that are read or written as the vec of a matrix.

#include "devices/backend.hpp"

namespace kronvec::detail {

/// The matrix itself if it is packed or `needed` is false; otherwise a packed copy in a workspace from the pool.
template <class T> class Packed {
  using Entry = std::remove_const_t<T>;

public:
  Packed(const Backend &backend, MatrixView<T> m, bool needed)
      : primitives_(backend.primitives(Entry{})), matrix_(m), view_(m) {
    if (!needed || m.packed()) return;
    block_ = backend.pool().take(static_cast<std::size_t>(m.shape().size()) * sizeof(T));
    const MatrixView<Entry> packed(static_cast<Entry *>(block_.data()), m.rows(), m.cols());
    if constexpr (std::is_const_v<T>) primitives_.copy(m, packed);
    view_ = packed;
  }
  MatrixView<T> view() const { return view_; }
  /// Copies a packed result back into the matrix.
  void deliver() const {
    if (block_.data()) primitives_.copy(BatchView<Entry>(view_), matrix_);
  }

private:
  const Primitives<Entry> &primitives_;
  MatrixView<T> matrix_, view_;
  Pool::Block block_;
};

} // namespace kronvec::detail

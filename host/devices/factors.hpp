#pragma once
/// The layout of LU factors in the n×(n + 3) matrix that `Primitives::lu` writes: L and U lie in the first n columns.
/// The last three columns hold n integers, the row exchanges counted from 1, starting at the first address that is a
/// multiple of 8 bytes.

#include "devices/primitives.hpp"

#include <cstdint>

namespace kronvec::inline KRONVEC_ABI {

constexpr Index factor_columns(Index n) { return n + 3; }

/// The pivots in an item's factors. Integer has at most 64 bits.
template <class Integer, class T> auto *pivots(MatrixView<T> f) {
  const auto end = reinterpret_cast<std::uintptr_t>(f.data() + f.rows() * f.ld());
  if constexpr (std::is_const_v<T>) {
    return reinterpret_cast<const Integer *>((end + 7) / 8 * 8);
  } else {
    return reinterpret_cast<Integer *>((end + 7) / 8 * 8);
  }
}

template <class T> MatrixView<T> lu_part(MatrixView<T> f) { return f.block(0, 0, f.rows(), f.rows()); }

} // namespace kronvec

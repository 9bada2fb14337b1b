#pragma once
/// How the factors of an n×n matrix lie in the n×(n + 3) that `Primitives::lu` writes: L and U in the first n columns,
/// and n integers, the row exchanges counted from 1, in the memory of the last three from its first multiple of 8
/// bytes.

#include "devices/primitives.hpp"

#include <cstdint>

namespace kronvec {

constexpr Index factor_columns(Index n) { return n + 3; }

/// The pivots of an item's factors; Integer has at most 64 bits.
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

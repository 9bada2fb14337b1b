#pragma once
/// Transposes in tiles that fit in the first-level cache. Entries are only moved.

#include "devices/cpu/parallel.hpp"
#include "devices/cpu/simd.hpp"

#include <algorithm>
#include <complex>

namespace kronvec::cpu {

/// `turn` and `copy_run` for complex entries. A complex entry of 8 bytes moves as a double.
template <class T> void turn_tile(const T *x, Index ld_x, Index m, Index n, T *y, Index ld_y) {
  turn(x, ld_x, m, n, y, ld_y);
}
inline void turn_tile(const std::complex<float> *x, Index ld_x, Index m, Index n, std::complex<float> *y, Index ld_y) {
  turn(reinterpret_cast<const double *>(x), ld_x, m, n, reinterpret_cast<double *>(y), ld_y);
}
inline void turn_tile(const std::complex<double> *x, Index ld_x, Index m, Index n, std::complex<double> *y,
                      Index ld_y) {
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < m; ++i)
      y[i + j * ld_y] = x[j + i * ld_x];
}
template <class T> void move_run(const T *x, T *y, Index n, bool streams) { copy_run(x, y, n, streams); }
template <class R> void move_run(const std::complex<R> *x, std::complex<R> *y, Index n, bool streams) {
  copy_run(reinterpret_cast<const R *>(x), reinterpret_cast<R *>(y), 2 * n, streams);
}

template <class T> class Transposer {
  /// Sizes of tiles of Y. Results of at least `worth_streaming` bytes are written past the caches.
  static constexpr Index tile_rows = 512 / sizeof(T), tile_cols = 256 / sizeof(T), worth_streaming = 4 << 20;

  /// The m×n tile of Xᵀ at (i, j), in columns tile_rows apart.
  static void turn(MatrixView<const T> x, Index m, Index n, Index i, Index j, T *turned) {
    turn_tile(&x(j, i), x.ld(), m, n, turned, tile_rows);
  }

  /// Columns j … j + n − 1 of Y = Xᵀ, tile by tile.
  static void transpose_strip(MatrixView<const T> x, MatrixView<T> y, Index j, Index n, bool streams) {
    alignas(64) T turned[tile_rows * tile_cols];
    for (Index i = 0; i < y.rows(); i += tile_rows) {
      const Index m = std::min(tile_rows, y.rows() - i);
      turn(x, m, n, i, j, turned);
      for (Index c = 0; c < n; ++c)
        move_run(turned + c * tile_rows, &y(i, j + c), m, streams);
    }
    if (streams) cpu::flush_streams();
  }

  /// Swaps columns j … j + n − 1 of the upper triangle of Y, tile by tile, with their mirror images.
  static void swap_strip(MatrixView<T> y, Index j, Index n) {
    alignas(64) T above[tile_rows * tile_cols], below[tile_cols * tile_rows];
    for (Index i = 0; i < j + n; i += tile_cols) {
      const Index m = std::min(tile_cols, y.rows() - i);
      turn(y, m, n, i, j, above); // the future contents of Y(i…, j…)
      if (i == j) {
        for (Index c = 0; c < n; ++c)
          move_run(above + c * tile_rows, &y(i, j + c), m, false);
        continue;
      }
      turn(y, n, m, j, i, below);
      for (Index c = 0; c < n; ++c)
        move_run(above + c * tile_rows, &y(i, j + c), m, false);
      for (Index r = 0; r < m; ++r)
        move_run(below + r * tile_rows, &y(j, i + r), n, false);
    }
  }

public:
  /// Y_b = X_bᵀ. Y may be X if it is square.
  static void run(const BatchView<const T> &x, const BatchView<T> &y) {
    const Index across = (y.cols + tile_cols - 1) / tile_cols, entries = y.rows * y.cols * y.count;
    if (entries == 0) return;
    if (x.data == y.data)
      return parallel(y.count * across, entries, [&](Index task) {
        const Index j = task % across * tile_cols;
        swap_strip(y[task / across], j, std::min(tile_cols, y.cols - j));
      });
    const bool streams = entries * static_cast<Index>(sizeof(T)) >= worth_streaming;
    parallel(y.count * across, entries, [&](Index task) {
      const Index j = task % across * tile_cols;
      transpose_strip(x[task / across], y[task / across], j, std::min(tile_cols, y.cols - j), streams);
    });
  }
};

} // namespace kronvec::cpu

#pragma once
/// BLAS products whose results do not depend, bit for bit, on the number of threads. (BLAS itself cuts its work by that
/// number.)

#include "devices/cpu/blas.hpp"
#include "devices/cpu/parallel.hpp"
#include "kernels/entries.hpp"

#include <algorithm>

namespace kronvec::cpu {

/// The part of an algebra that `modes::kronecker` needs.
template <class T> class ProductsInPieces {
public:
  explicit ProductsInPieces(const Algebra<T> &algebra) : algebra_(algebra) {}

  void combine(T alpha, MatrixView<const T> x, T beta, MatrixView<T> y) const { algebra_.combine(alpha, x, beta, y); }

  /// C = α·op(A)·op(B) + β·C. Each piece of C is computed on one thread.
  void multiply(T alpha, Op op_a, BatchView<const T> a, Op op_b, BatchView<const T> b, T beta, BatchView<T> c) const {
    if (a.count == 1 && op_b == Op::none && b.count == c.count && kernels::is_run(b) && kernels::is_run(c))
      b = {b.data, b.rows, b.cols * b.count, b.ld, 1, 0}, c = {c.data, c.rows, c.cols * c.count, c.ld, 1, 0};
    const Index inner = op_a == Op::none ? a.cols : a.rows, flops = c.rows * c.cols * c.count * inner;
    const PieceSize each = piece_size(c.rows, c.cols, inner);
    const Index across = ceil(c.cols, each.cols), down = ceil(c.rows, each.rows);
    parallel(c.count * across * down, flops, [&](Index task) {
      const Index item = task / (across * down), i = task % down * each.rows, j = task / down % across * each.cols;
      const Index m = std::min(each.rows, c.rows - i), n = std::min(each.cols, c.cols - j);
      cpu::multiply(alpha, op_a, piece(a[item], op_a, i, m, true), op_b, piece(b[item], op_b, j, n, false), beta,
                    c[item].block(i, j, m, n));
    });
  }

private:
  struct PieceSize {
    Index rows, cols;
  };
  static Index ceil(Index n, Index d) { return (n + d - 1) / d; }
  /// Pieces of at least some ten million flops, as square as possible: the data that BLAS copies for a piece grows with
  /// the sides of the piece.
  static PieceSize piece_size(Index m, Index n, Index k) {
    constexpr Index flops = Index(1) << 26, most = 8;
    PieceSize each{std::max<Index>(m, 1), std::max<Index>(n, 1)};
    for (Index pieces = 1; pieces < most && each.rows * each.cols * k >= flops; pieces *= 2) {
      Index &side = each.rows > each.cols ? each.rows : each.cols;
      side = ceil(ceil(side, 2), 64) * 64;
    }
    return each;
  }
  /// Rows (or columns) first … first + count − 1 of op(X).
  static MatrixView<const T> piece(MatrixView<const T> x, Op op, Index first, Index count, bool rows) {
    return rows == (op == Op::none) ? x.block(first, 0, count, x.cols()) : x.block(0, first, x.rows(), count);
  }

  const Algebra<T> &algebra_;
};

} // namespace kronvec::cpu

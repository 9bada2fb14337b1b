#pragma once
/// Linear algebra on the host's cores: BLAS for products, tiles for transposes, OpenMP over columns and batches.

#include "devices/cpu/blas.hpp"
#include "devices/cpu/kronecker/kronecker.hpp"
#include "devices/cpu/kronecker/pieces.hpp"
#include "devices/cpu/parallel.hpp"
#include "devices/cpu/small_products.hpp"
#include "devices/cpu/transpose.hpp"
#include "devices/kronecker.hpp"
#include "kernels/entries.hpp"

#include <algorithm>
#include <complex>
#include <cstring>

namespace kronvec::cpu {

template <class T> T times(T a, T b) { return a * b; }
/// By real and imaginary parts, which vectorises; operator* also checks for infinities.
template <class R> std::complex<R> times(std::complex<R> a, std::complex<R> b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

/// w·x. If w = 0, x is not read.
template <class T> T weighted(T w, T x) { return w == T(0) ? T(0) : times(w, x); }

/// `Interface` is Algebra<T>, or its subclass Primitives<T>.
template <class T, class Interface> class CpuAlgebra : public Interface {
public:
  using In = BatchView<const T>;
  using Out = BatchView<T>;

  void fill(T value, Out y) const override {
    over_columns(y, [&](Index b, Index j) { std::fill_n(y[b].data() + j * y.ld, y.rows, value); });
  }
  void unit_columns(Index first, MatrixView<T> y) const override {
    fill(T(0), y);
    for (Index t = 0; t < y.cols(); ++t)
      if (first + t < y.rows()) y(first + t, t) = 1;
  }
  void copy(In x, Out y) const override {
    over_columns(y, [&](Index b, Index j) {
      if (y.rows)
        std::memcpy(y[b].data() + j * y.ld, x[b].data() + j * x.ld, static_cast<std::size_t>(y.rows) * sizeof(T));
    });
  }
  void transpose(In x, Out y) const override { Transposer<T>::run(x, y); }
  void commute_columns(Index m, Index n, In x, Out y) const override {
    if (y.rows == 1 && x.ld == 1 && y.ld == 1) // each row is the vec of an n×m matrix
      return transpose({x.data, n, m, n, x.count, x.stride}, {y.data, m, n, m, y.count, y.stride});
    over_columns(y, [&](Index b, Index c) {
      std::copy_n(x[b].data() + (c / m + c % m * n) * x.ld, y.rows, y[b].data() + c * y.ld);
    });
  }
  void conjugate(In x, Out y) const override {
    over_columns(y, [&](Index b, Index j) {
      const T *from = x[b].data() + j * x.ld;
      std::transform(from, from + y.rows, y[b].data() + j * y.ld, [](T entry) { return conjugated(entry); });
    });
  }
  void pack_triangle(Triangle triangle, T near, T mirrored, In x, Out y) const override {
    const Index n = x.rows;
    parallel(y.count * n, n * n * y.count, [&](Index task) {
      const MatrixView<const T> m = x[task / n];
      const Index j = task % n;
      const auto [first, last] = triangle.column(j, n);
      T *to = y[task / n].data() + triangle.entries_before(j, n);
      if (mirrored == T(0) && near == T(1)) return (void)std::copy(&m(0, j) + first, &m(0, j) + last, to);
      for (Index i = first; i < last; ++i)
        *to++ = i == j ? m(j, j) : weighted(near, m(i, j)) + weighted(mirrored, m(j, i));
    });
  }
  void unpack_triangle(Triangle triangle, T near, T mirrored, In y, Out x) const override {
    const Index n = x.rows;
    over_columns(x, [&](Index b, Index j) {
      const T *from = y[b].data();
      T *column = x[b].data() + j * x.ld;
      const auto [first, last] = triangle.column(j, n);
      const T *run = from + triangle.entries_before(j, n);
      for (Index i = first; i < last; ++i)
        column[i] = i == j ? run[i - first] : weighted(near, run[i - first]);
      const Index begin = triangle.lower ? 0 : last, end = triangle.lower ? first : n;
      for (Index i = begin; i < end; ++i) // column i of the triangle has entry (j, i)
        column[i] =
            i == j ? T(0) : weighted(mirrored, from[triangle.entries_before(i, n) + j - triangle.column(i, n).first]);
    });
  }
  void gather_rows(std::span<const Index> index, In x, Out y) const override {
    over_columns(y, [&](Index b, Index j) {
      const T *from = x[b].data() + j * x.ld;
      T *to = y[b].data() + j * y.ld;
      for (Index i = 0; i < y.rows; ++i)
        to[i] = from[index[static_cast<std::size_t>(i)]];
    });
  }
  void scatter_rows(std::span<const Index> index, In x, Out y) const override {
    over_columns(y, [&](Index b, Index j) {
      const T *from = x[b].data() + j * x.ld;
      T *to = y[b].data() + j * y.ld;
      std::fill_n(to, y.rows, T(0));
      for (Index i = 0; i < x.rows; ++i)
        to[index[static_cast<std::size_t>(i)]] += from[i];
    });
  }
  using Interface::multiply;
  void multiply(T alpha, Op op_a, In a, Op op_b, In b, T beta, Out c) const override {
    const bool one_product = (a.count == 1 || a.stride == 0) && op_b == Op::none && b.count == c.count &&
                             kernels::is_run(b) && kernels::is_run(c);
    if (one_product && c.count > 0) {
      const MatrixView<const T> columns(b.data, b.rows, b.cols * b.count);
      return cpu::multiply(alpha, op_a, a[0], op_b, columns, beta, MatrixView<T>(c.data, c.rows, c.cols * c.count));
    }
    const Index inner = op_a == Op::none ? a.cols : a.rows;
    if constexpr (std::is_floating_point_v<T>)
      if (beta == T(0) && c.count > 1 && are_small(c, inner))
        return in_pieces(c, inner,
                         [&](Index first, Index last) { multiply_small(alpha, op_a, a, op_b, b, c, first, last); });
    const bool a_thread_each = c.count >= threads(); // otherwise BLAS uses the threads within each product
    parallel(c.count, a_thread_each ? c.count * c.rows * c.cols * inner : 0,
             [&](Index t) { cpu::multiply(alpha, op_a, a[t], op_b, b[t], beta, c[t]); });
  }
  void inner(In a, In b, Out y) const override {
    parallel(y.count, a.rows * a.cols * y.count, [&](Index t) {
      const MatrixView<const T> u = a[t], v = b[t];
      T total = 0;
      for (Index j = 0; j < u.cols(); ++j) {
        T column_total = 0;
        for (Index i = 0; i < u.rows(); ++i)
          column_total += u(i, j) * v(i, j);
        total += column_total;
      }
      y[t](0, 0) = total;
    });
  }
  Index kronecker_workspace(std::span<const KroneckerFactor<T>> factors, Index columns) const override {
    if constexpr (std::is_floating_point_v<T>)
      if (const auto needed = sweeps_workspace(factors, columns)) return *needed;
    return modes::workspace(factors, columns);
  }
  void kronecker(T alpha, std::span<const KroneckerFactor<T>> factors, MatrixView<const T> x, T beta, MatrixView<T> y,
                 std::span<T> workspace) const override {
    if constexpr (std::is_floating_point_v<T>)
      if (kronecker_by_sweeps(alpha, factors, x, beta, y, workspace)) return;
    modes::kronecker<T>(ProductsInPieces<T>(*this), alpha, factors, x, beta, y, workspace);
  }

private:
  /// Calls work(first, last) for pieces of a batch of small products.
  static void in_pieces(const Out &c, Index inner, const auto &work) {
    constexpr Index items = 64;
    parallel((c.count + items - 1) / items, c.count * c.rows * c.cols * inner,
             [&](Index piece) { work(piece * items, std::min(piece * items + items, c.count)); });
  }
};

/// For complex entries: the functions that Primitives<T> implements by chains.
template <class R> class ComplexAlgebra final : public CpuAlgebra<std::complex<R>, Algebra<std::complex<R>>> {
  using T = std::complex<R>;

public:
  using In = BatchView<const T>;
  using Out = BatchView<T>;
  void scale(T alpha, In x, Out y) const override {
    over_entries(x, x, y, [&](T u, T) { return times(alpha, u); });
  }
  void add(T alpha, In a, T beta, In b, Out c) const override {
    over_entries(a, b, c, [&](T u, T v) { return times(alpha, u) + times(beta, v); });
  }
  void hadamard(In a, In b, Out c) const override {
    over_entries(a, b, c, [](T u, T v) { return times(u, v); });
  }

private:
  /// c = f(a, b), entry by entry. One row is broadcast to all rows, one column to all columns.
  static void over_entries(const In &a, const In &b, const Out &c, const auto &f) {
    over_columns(c, [&](Index t, Index j) {
      const T *u = a[t].data() + (a.cols == 1 ? 0 : j * a.ld), *v = b[t].data() + (b.cols == 1 ? 0 : j * b.ld);
      const Index down_a = a.rows == 1 ? 0 : 1, down_b = b.rows == 1 ? 0 : 1;
      T *to = c[t].data() + j * c.ld;
      for (Index i = 0; i < c.rows; ++i)
        to[i] = f(u[i * down_a], v[i * down_b]);
    });
  }
};

} // namespace kronvec::cpu

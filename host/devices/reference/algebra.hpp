#pragma once
/// The oracle's linear algebra: every primitive by its definition, entry by entry, serially.

#include "devices/algebra.hpp"

#include <utility>

namespace kronvec::reference {

/// y_b(i, j) = entry(b, i, j).
template <class T> void tabulate(const BatchView<T> &y, const auto &entry) {
  for (Index b = 0; b < y.count; ++b)
    for (Index j = 0; j < y.cols; ++j)
      for (Index i = 0; i < y.rows; ++i)
        y[b](i, j) = entry(b, i, j);
}

/// Entry (i, j). One row is broadcast to all rows, one column to all columns.
template <class T> T broadcast(MatrixView<const T> m, Index i, Index j) {
  return m(m.rows() == 1 ? 0 : i, m.cols() == 1 ? 0 : j);
}

/// β·y. If β = 0, y is not read.
template <class T> T scaled(T beta, T y) { return beta == T(0) ? T(0) : beta * y; }

/// Entry (i, j) of F₁ ⊗ … ⊗ F_N. The last factor has the fastest indices.
template <class T> T kronecker_entry(std::span<const KroneckerFactor<T>> factors, Index i, Index j) {
  T entry = 1;
  for (std::size_t f = factors.size(); f-- > 0;) {
    const KroneckerFactor<T> &factor = factors[f];
    const Index r = i % factor.rows(), c = j % factor.cols();
    i /= factor.rows(), j /= factor.cols();
    if (factor.is_identity()) {
      entry *= T(r == c ? 1 : 0);
    } else {
      entry *= factor.op == Op::none ? factor.a(r, c) : factor.a(c, r);
    }
  }
  return entry;
}

/// `Interface` is Algebra<T>, or its subclass Primitives<T>.
template <class T, class Interface> class ReferenceAlgebra : public Interface {
public:
  using In = BatchView<const T>;
  using Out = BatchView<T>;

  void fill(T value, Out y) const override {
    tabulate(y, [&](Index, Index, Index) { return value; });
  }
  void unit_columns(Index first, MatrixView<T> y) const override {
    tabulate<T>(y, [&](Index, Index i, Index t) { return i == first + t ? T(1) : T(0); });
  }
  void copy(In x, Out y) const override {
    tabulate(y, [&](Index b, Index i, Index j) { return x[b](i, j); });
  }
  void conjugate(In x, Out y) const override {
    tabulate(y, [&](Index b, Index i, Index j) { return conjugated(x[b](i, j)); });
  }
  void transpose(In x, Out y) const override {
    if (x.data == y.data && y.rows == y.cols) { // two empty matrices may both have null as address
      for (Index b = 0; b < y.count; ++b)
        for (Index j = 0; j < y.cols; ++j)
          for (Index i = 0; i < j; ++i)
            std::swap(y[b](i, j), y[b](j, i));
    } else {
      tabulate(y, [&](Index b, Index i, Index j) { return x[b](j, i); });
    }
  }
  void commute_columns(Index m, Index n, In x, Out y) const override {
    tabulate(y, [&](Index b, Index r, Index c) { return x[b](r, c / m + c % m * n); });
  }
  void pack_triangle(Triangle triangle, T near, T mirrored, In x, Out y) const override {
    for (Index b = 0; b < y.count; ++b)
      for_triangle(triangle, x.rows, [&](Index k, Index i, Index j) {
        y[b](k, 0) = i == j ? x[b](i, i) : scaled(near, x[b](i, j)) + scaled(mirrored, x[b](j, i));
      });
  }
  void unpack_triangle(Triangle triangle, T near, T mirrored, In y, Out x) const override {
    fill(T(0), x);
    for (Index b = 0; b < x.count; ++b)
      for_triangle(triangle, x.rows, [&](Index k, Index i, Index j) {
        x[b](i, j) = i == j ? y[b](k, 0) : scaled(near, y[b](k, 0));
        if (i != j) x[b](j, i) = scaled(mirrored, y[b](k, 0));
      });
  }
  void gather_rows(std::span<const Index> index, In x, Out y) const override {
    tabulate(y, [&](Index b, Index i, Index j) { return x[b](index[static_cast<std::size_t>(i)], j); });
  }
  void scatter_rows(std::span<const Index> index, In x, Out y) const override {
    fill(T(0), y);
    for (Index b = 0; b < x.count; ++b)
      for (Index j = 0; j < x.cols; ++j)
        for (Index i = 0; i < x.rows; ++i)
          y[b](index[static_cast<std::size_t>(i)], j) += x[b](i, j);
  }
  using Interface::multiply;
  void multiply(T alpha, Op op_a, In a, Op op_b, In b, T beta, Out c) const override {
    const Index inner = op_a == Op::none ? a.cols : a.rows;
    tabulate(c, [&](Index t, Index i, Index j) {
      T total = 0;
      for (Index k = 0; k < inner; ++k)
        total += (op_a == Op::none ? a[t](i, k) : a[t](k, i)) * (op_b == Op::none ? b[t](k, j) : b[t](j, k));
      return alpha * total + scaled(beta, c[t](i, j));
    });
  }
  void inner(In a, In b, Out y) const override {
    tabulate(y, [&](Index t, Index, Index) {
      T total = 0;
      for (Index j = 0; j < a.cols; ++j)
        for (Index i = 0; i < a.rows; ++i)
          total += a[t](i, j) * b[t](i, j);
      return total;
    });
  }
  Index kronecker_workspace(std::span<const KroneckerFactor<T>>, Index) const override { return 0; }
  void kronecker(T alpha, std::span<const KroneckerFactor<T>> factors, MatrixView<const T> x, T beta, MatrixView<T> y,
                 std::span<T>) const override {
    tabulate<T>(y, [&](Index, Index i, Index k) {
      T total = 0;
      for (Index j = 0; j < x.rows(); ++j)
        total += kronecker_entry(factors, i, j) * x(j, k);
      return alpha * total + scaled(beta, y(i, k));
    });
  }

private:
  /// Calls work(k, i, j) for the k-th entry (i, j) of the triangle.
  static void for_triangle(Triangle triangle, Index n, const auto &work) {
    Index k = 0;
    for (Index j = 0; j < n; ++j)
      for (Index i = 0; i < n; ++i)
        if ((triangle.lower ? i > j : i < j) || (i == j && triangle.diagonal)) work(k++, i, j);
  }
};

/// For complex entries: the functions that Primitives<T> implements by chains.
template <class T> class ComplexAlgebra final : public ReferenceAlgebra<T, Algebra<T>> {
  using Base = ReferenceAlgebra<T, Algebra<T>>;

public:
  using typename Base::In;
  using typename Base::Out;
  void scale(T alpha, In x, Out y) const override {
    tabulate(y, [&](Index b, Index i, Index j) { return alpha * x[b](i, j); });
  }
  void add(T alpha, In a, T beta, In b, Out c) const override {
    tabulate(c,
             [&](Index t, Index i, Index j) { return alpha * broadcast(a[t], i, j) + beta * broadcast(b[t], i, j); });
  }
  void hadamard(In a, In b, Out c) const override {
    tabulate(c, [&](Index t, Index i, Index j) { return broadcast(a[t], i, j) * broadcast(b[t], i, j); });
  }
};

} // namespace kronvec::reference

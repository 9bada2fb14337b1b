#pragma once
/// Matrices of numbers that carry a derivative, and the few matrix algorithms that have no closed formula.

#include "calculus/jacobian/numbers.hpp"
#include "kronvec/matrix.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace kronvec::detail {

inline std::size_t at(Index k) { return static_cast<std::size_t>(k); }

/// Column-major. A single entry acts as a scalar and broadcasts.
template <class Number> struct NumberMatrix {
  Shape shape;
  std::vector<Number> entries;
  explicit NumberMatrix(Shape s) : shape(s), entries(at(s.size())) {}
  Number &operator()(Index i, Index j) { return entries[at(i + j * shape.rows)]; }
  const Number &operator()(Index i, Index j) const {
    return shape == Shape{1, 1} ? entries[0] : entries[at(i + j * shape.rows)];
  }
};

/// Y(i, j) = entry(i, j).
template <class Number, class Entry> NumberMatrix<Number> tabulate(Shape shape, Entry entry) {
  NumberMatrix<Number> y(shape);
  for (Index j = 0; j < shape.cols; ++j)
    for (Index i = 0; i < shape.rows; ++i)
      y(i, j) = entry(i, j);
  return y;
}

template <class Number> NumberMatrix<Number> identity(Shape shape) {
  return tabulate<Number>(shape, [](Index i, Index j) { return Number{double(i == j), 0}; });
}

template <class Number> NumberMatrix<Number> product(const NumberMatrix<Number> &a, const NumberMatrix<Number> &b) {
  return tabulate<Number>({a.shape.rows, b.shape.cols}, [&](Index i, Index j) {
    Number total{};
    for (Index k = 0; k < a.shape.cols; ++k)
      total = total + a.entries[at(i + k * a.shape.rows)] * b.entries[at(k + j * b.shape.rows)];
    return total;
  });
}

/// The row, from row c on, with the largest entry in column c.
template <class Number> Index pivot_row(const NumberMatrix<Number> &a, Index c) {
  Index pivot = c;
  for (Index i = c + 1; i < a.shape.rows; ++i)
    if (std::abs(value_of(a(i, c))) > std::abs(value_of(a(pivot, c)))) pivot = i;
  return pivot;
}

/// Gauss–Jordan elimination with row exchanges.
template <class Number> NumberMatrix<Number> inverse(NumberMatrix<Number> a) {
  const Index n = a.shape.rows;
  NumberMatrix<Number> y = identity<Number>(a.shape);
  for (Index c = 0; c < n; ++c) {
    const Index pivot = pivot_row(a, c);
    for (Index j = 0; j < n; ++j)
      std::swap(a(c, j), a(pivot, j)), std::swap(y(c, j), y(pivot, j));
    const Number d = a(c, c);
    for (Index j = 0; j < n; ++j)
      a(c, j) = a(c, j) / d, y(c, j) = y(c, j) / d;
    for (Index i = 0; i < n; ++i) {
      const Number factor = a(i, c);
      for (Index j = 0; i != c && j < n; ++j) {
        a(i, j) = a(i, j) - factor * a(c, j);
        y(i, j) = y(i, j) - factor * y(c, j);
      }
    }
  }
  return y;
}

/// A without row i and column j.
template <class Number> NumberMatrix<Number> without(const NumberMatrix<Number> &a, Index i, Index j) {
  return tabulate<Number>({a.shape.rows - 1, a.shape.cols - 1}, [&](Index r, Index c) {
    return a.entries[at(r + (r >= i) + (c + (c >= j)) * a.shape.rows)];
  });
}

/// The value of a determinant, by elimination with row exchanges.
template <class Number> long double determinant_value(const NumberMatrix<Number> &entries) {
  NumberMatrix<Dual> a = tabulate<Dual>(entries.shape, [&](Index i, Index j) {
    return Dual{value_of(entries(i, j)), 0};
  });
  long double det = 1; // has a range in which few products overflow
  const Index n = a.shape.rows;
  for (Index c = 0; c < n; ++c) {
    const Index pivot = pivot_row(a, c);
    for (Index j = 0; pivot != c && j < n; ++j)
      std::swap(a(c, j), a(pivot, j));
    det *= pivot == c ? a(c, c).value : -a(c, c).value;
    for (Index i = c + 1; a(c, c).value != 0 && i < n; ++i) {
      const Dual factor = a(i, c) / a(c, c);
      for (Index j = c; j < n; ++j)
        a(i, j) = a(i, j) - factor * a(c, j);
    }
  }
  return det;
}

/// A determinant and its slope.
struct WideDeterminant {
  long double value = 0, slope = 0;
};

/// det A. Its slope comes from cofactors, so A may be singular: Σ slope(aᵢⱼ)·cofactor(i, j).
template <class Number> WideDeterminant wide_determinant(const NumberMatrix<Number> &a) {
  WideDeterminant det{determinant_value(a), 0};
  for (Index j = 0; j < a.shape.cols; ++j)
    for (Index i = 0; i < a.shape.rows; ++i)
      if (const double s = slope_of(a(i, j)); s != 0)
        det.slope += ((i + j) % 2 ? -s : s) * determinant_value(without(a, i, j));
  return det;
}

template <class Number> Number determinant(const NumberMatrix<Number> &a) {
  const WideDeterminant det = wide_determinant(a);
  return with_slope<Number>(static_cast<double>(det.value), static_cast<double>(det.slope));
}

/// log |det A|.
template <class Number> Number log_determinant(const NumberMatrix<Number> &a) {
  const WideDeterminant det = wide_determinant(a);
  return with_slope<Number>(static_cast<double>(std::log(std::abs(det.value))),
                            det.slope == 0 ? 0 : static_cast<double>(det.slope / det.value));
}

/// The cofactor of row i and column j.
template <class Number> Number cofactor(const NumberMatrix<Number> &a, Index i, Index j) {
  const Number d = determinant(without(a, i, j));
  return (i + j) % 2 ? Number{} - d : d;
}

/// The derivative of a determinant at A in the direction of U, Σ uₖₗ·cofactor(k, l).
template <class Number> Number determinant_derivative(const NumberMatrix<Number> &a, const NumberMatrix<Number> &u) {
  Number total{};
  for (Index l = 0; l < a.shape.cols; ++l)
    for (Index k = 0; k < a.shape.rows; ++k)
      total = total + u.entries[at(k + l * u.shape.rows)] * cofactor(a, k, l);
  return total;
}

/// ‖A‖₂ over all entries. Its slope is Σ (aᵢ/‖A‖)·slope(aᵢ), and 0 at A = 0.
template <class Number> Number norm(const NumberMatrix<Number> &a) {
  double value = 0, slope = 0;
  for (const Number &entry : a.entries)
    value = std::hypot(value, value_of(entry));
  for (const Number &entry : a.entries)
    if (value_of(entry) != 0 && slope_of(entry) != 0) slope += value_of(entry) / value * slope_of(entry);
  return with_slope<Number>(value, slope);
}

/// Row by row, from LLᵀ = A.
template <class Number> NumberMatrix<Number> cholesky(const NumberMatrix<Number> &a) {
  NumberMatrix<Number> l(a.shape);
  for (Index j = 0; j < a.shape.cols; ++j)
    for (Index i = j; i < a.shape.rows; ++i) {
      Number rest = a(i, j);
      for (Index k = 0; k < j; ++k)
        rest = rest - l(i, k) * l(j, k);
      l(i, j) = i == j ? elementwise(Function::sqrt, 0, rest) : rest / l(j, j);
    }
  return l;
}

/// Σ (A/2ˢ)ᵏ/k! to the power 2ˢ.
template <class Number> NumberMatrix<Number> exponential(NumberMatrix<Number> a) {
  double size = 0;
  for (const Number &entry : a.entries)
    size = std::max(size, std::abs(value_of(entry)) * static_cast<double>(a.shape.rows));
  const int squarings = size > 0 && std::isfinite(size) ? std::max(0, std::ilogb(size) + 3) : 0;
  const Number scale{std::ldexp(1.0, -squarings), 0};
  for (Number &entry : a.entries)
    entry = scale * entry;
  NumberMatrix<Number> term = identity<Number>(a.shape), total = term;
  for (int k = 1; k <= 24; ++k) {
    term = product(term, a);
    for (std::size_t e = 0; e < term.entries.size(); ++e) {
      term.entries[e] = Number{1.0 / k, 0} * term.entries[e];
      total.entries[e] = total.entries[e] + term.entries[e];
    }
  }
  for (int s = 0; s < squarings; ++s)
    total = product(total, total);
  return total;
}

} // namespace kronvec::detail

#pragma once
/// Textbook inverses, factors, determinants and exponentials for the oracle. Serial, by rows.

#include "devices/condition.hpp"
#include "devices/factors.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace kronvec::reference {

template <class T> using RowVectors = std::vector<std::vector<T>>;

/// ‖·‖₁ of columns first … first + n − 1: the largest column sum of absolute values; NaN if an entry is NaN.
template <class T> T one_norm(const RowVectors<T> &rows, Index first) {
  T norm = 0;
  for (Index j = 0; j < static_cast<Index>(rows.size()); ++j) {
    T total = 0;
    for (const auto &row : rows)
      total += std::abs(row[first + j]);
    if (!(total <= norm)) norm = total;
    if (std::isnan(norm)) break;
  }
  return norm;
}

/// Gauss–Jordan elimination with row exchanges: turns [A | I] into [I | A⁻¹]. Returns false if A has no pivot left.
template <class T> bool eliminate(RowVectors<T> &rows) {
  const Index n = static_cast<Index>(rows.size());
  for (Index c = 0; c < n; ++c) {
    const auto pivot = std::max_element(rows.begin() + c, rows.end(),
                                        [&](const auto &a, const auto &b) { return std::abs(a[c]) < std::abs(b[c]); });
    std::swap(rows[c], *pivot);
    const T p = rows[c][c];
    if (p == 0) return false;
    for (T &entry : rows[c])
      entry /= p;
    for (Index i = 0; i < n; ++i)
      if (const T factor = rows[i][c]; i != c)
        for (Index j = 0; j < 2 * n; ++j)
          rows[i][j] -= factor * rows[c][j];
  }
  return true;
}

/// The larger of the two, or NaN if one is NaN.
template <class T> T larger(T a, T b) { return a >= b || std::isnan(a) ? a : b; }

template <class T> RowVectors<T> rows_of(MatrixView<const T> x) {
  RowVectors<T> rows(static_cast<std::size_t>(x.rows()), std::vector<T>(static_cast<std::size_t>(x.cols())));
  for (Index i = 0; i < x.rows(); ++i)
    for (Index j = 0; j < x.cols(); ++j)
      rows[i][j] = x(i, j);
  return rows;
}

/// Textbook LU with row exchanges. Pivots count from 1.
template <class T> void factor(MatrixView<const T> x, MatrixView<T> f) {
  RowVectors<T> a = rows_of(x);
  const Index n = x.rows();
  for (Index c = 0; c < n; ++c) {
    const auto pivot = std::max_element(a.begin() + c, a.end(),
                                        [&](const auto &u, const auto &v) { return std::abs(u[c]) < std::abs(v[c]); });
    pivots<Index>(f)[c] = pivot - a.begin() + 1;
    std::swap(a[c], *pivot);
    for (Index i = c + 1; i < n && a[c][c] != 0; ++i) {
      a[i][c] /= a[c][c];
      for (Index j = c + 1; j < n; ++j)
        a[i][j] -= a[i][c] * a[c][j];
    }
  }
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j)
      f(i, j) = a[i][j];
}

/// Y = op(X)⁻¹B by forward and back substitution: X = PᵀLU, Xᵀ = UᵀLᵀP.
template <class T> void solve(Op op, MatrixView<const T> f, MatrixView<const T> b, MatrixView<T> y) {
  const Index n = f.rows();
  const auto unit_lower = [&](Index i, Index j) { return i == j ? T(1) : f(i, j); };
  const auto upper = [&](Index i, Index j) { return f(i, j); };
  for (Index c = 0; c < b.cols(); ++c) {
    std::vector<T> v(static_cast<std::size_t>(n));
    for (Index i = 0; i < n; ++i)
      v[i] = b(i, c);
    const auto down = [&](auto entry) {
      for (Index i = 0; i < n; ++i) {
        for (Index k = 0; k < i; ++k)
          v[i] -= entry(i, k) * v[k];
        v[i] /= entry(i, i);
      }
    };
    const auto up = [&](auto entry) {
      for (Index i = n - 1; i >= 0; --i) {
        for (Index k = i + 1; k < n; ++k)
          v[i] -= entry(i, k) * v[k];
        v[i] /= entry(i, i);
      }
    };
    if (op == Op::none) {
      for (Index k = 0; k < n; ++k)
        std::swap(v[k], v[pivots<Index>(f)[k] - 1]);
      down(unit_lower), up(upper);
    } else {
      down([&](Index i, Index k) { return upper(k, i); }), up([&](Index i, Index k) { return unit_lower(k, i); });
      for (Index k = n - 1; k >= 0; --k)
        std::swap(v[k], v[pivots<Index>(f)[k] - 1]);
    }
    for (Index i = 0; i < n; ++i)
      y(i, c) = v[i];
  }
}

/// det A, by elimination.
template <class T> T determinant_by_elimination(RowVectors<T> a) {
  T det = 1;
  const Index n = static_cast<Index>(a.size());
  for (Index c = 0; c < n; ++c) {
    const auto pivot = std::max_element(a.begin() + c, a.end(),
                                        [&](const auto &u, const auto &v) { return std::abs(u[c]) < std::abs(v[c]); });
    if (pivot != a.begin() + c) std::swap(a[c], *pivot), det = -det;
    det *= a[c][c];
    for (Index r = c + 1; r < n && a[c][c] != 0; ++r)
      for (Index k = n - 1; k >= c; --k)
        a[r][k] -= a[r][c] / a[c][c] * a[c][k];
  }
  return det;
}

/// The determinant of X without row i and column j.
template <class T> T minor(MatrixView<const T> x, Index i, Index j) {
  RowVectors<T> a = rows_of(x);
  a.erase(a.begin() + i);
  for (auto &row : a)
    row.erase(row.begin() + j);
  return determinant_by_elimination(std::move(a));
}

/// Y = Σ (X/2ˢ)ᵏ/k! to the power 2ˢ, with ‖X/2ˢ‖₁ ≤ 1/2.
template <class T> void exponential(MatrixView<const T> x, MatrixView<T> y) {
  const Index n = x.rows();
  RowVectors<T> a = rows_of(x);
  const T norm = one_norm(a, 0);
  const int squarings = std::isfinite(norm) && norm > 0 ? std::max(0, std::ilogb(norm) + 2) : 0;
  const auto product = [&](const RowVectors<T> &u, const RowVectors<T> &v) {
    RowVectors<T> w = u;
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < n; ++j) {
        w[i][j] = 0;
        for (Index k = 0; k < n; ++k)
          w[i][j] += u[i][k] * v[k][j];
      }
    return w;
  };
  RowVectors<T> term = a, total = a;
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j) {
      a[i][j] = std::isfinite(norm) ? std::ldexp(a[i][j], -squarings) : norm - norm;
      term[i][j] = total[i][j] = i == j;
    }
  for (int k = 1; k <= 24; ++k) {
    term = product(term, a);
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < n; ++j)
        total[i][j] += term[i][j] /= T(k);
  }
  for (int s = 0; s < squarings; ++s)
    total = product(total, total);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j)
      y(i, j) = total[i][j];
}

/// Y = X⁻¹. Throws DomainError if there is none. NaN anywhere gives NaN.
template <class T> void invert(MatrixView<const T> x, MatrixView<T> y) {
  const Index n = x.rows();
  RowVectors<T> rows(static_cast<std::size_t>(n), std::vector<T>(static_cast<std::size_t>(2 * n)));
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j)
      rows[i][j] = x(i, j);
    rows[i][n + i] = 1;
  }
  const T norm = one_norm(rows, 0);
  const bool found = std::isfinite(norm) && eliminate(rows);
  if (n > 0) require_inverse(x.shape(), !found, norm);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j)
      y(i, j) = std::isnan(norm) ? norm : rows[i][n + j];
}

template <class T> std::vector<T> inverse_of(MatrixView<const T> x) {
  std::vector<T> entries(static_cast<std::size_t>(x.rows() * x.rows()));
  if (!entries.empty()) invert(x, MatrixView<T>(entries.data(), x.rows(), x.rows()));
  return entries;
}

} // namespace kronvec::reference

#pragma once
/// The singular value decomposition for the oracle, by one-sided Jacobi rotations (Golub and Van Loan, "Matrix
/// Computations", 8.6.3): columns of X·V are rotated in pairs until they are orthogonal.

#include "devices/reference/elimination.hpp"

namespace kronvec::reference {

template <class T> using Column = std::vector<T>;

template <class T> T dot(const Column<T> &a, const Column<T> &b) {
  T total = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    total += a[i] * b[i];
  return total;
}

/// Rotates the pair so that a and b become orthogonal; v and w turn with them. Returns whether they were not.
template <class T> bool orthogonalise(Column<T> &a, Column<T> &b, Column<T> &v, Column<T> &w) {
  const T aa = dot(a, a), bb = dot(b, b), ab = dot(a, b);
  if (std::abs(ab) <= std::numeric_limits<T>::epsilon() * std::sqrt(aa) * std::sqrt(bb)) return false;
  const T zeta = (bb - aa) / (2 * ab), t = (zeta < 0 ? T(-1) : T(1)) / (std::abs(zeta) + std::hypot(T(1), zeta));
  const T c = 1 / std::hypot(T(1), t), s = c * t;
  const auto rotate = [&](Column<T> &p, Column<T> &q) {
    for (std::size_t i = 0; i < p.size(); ++i) {
      const T x = p[i], y = q[i];
      p[i] = c * x - s * y, q[i] = s * x + c * y;
    }
  };
  rotate(a, b), rotate(v, w);
  return true;
}

/// A unit vector that is orthogonal to these.
template <class T> Column<T> orthogonal_to(const std::vector<Column<T>> &others, std::size_t n) {
  Column<T> best;
  T longest = 0;
  for (std::size_t k = 0; k < n; ++k) {
    Column<T> e(n);
    e[k] = 1;
    for (int twice = 0; twice < 2; ++twice)
      for (const Column<T> &u : others) {
        const T along = dot(u, e);
        for (std::size_t i = 0; i < n; ++i)
          e[i] -= along * u[i];
      }
    if (const T length = std::sqrt(dot(e, e)); length > longest) longest = length, best = e;
  }
  for (T &entry : best)
    entry /= longest;
  return best;
}

/// X = U·Diag(s)·Vᵀ, n×n; the columns of U and V.
template <class T> struct SingularValues {
  std::vector<T> s;
  std::vector<Column<T>> u, v;
};

template <class T> SingularValues<T> singular_values(MatrixView<const T> x) {
  const auto n = static_cast<std::size_t>(x.rows());
  std::vector<Column<T>> a(n, Column<T>(n)), v = a;
  T largest = 0;
  for (std::size_t j = 0; j < n; ++j)
    for (std::size_t i = 0; i < n; ++i)
      largest = larger(largest, std::abs(x(static_cast<Index>(i), static_cast<Index>(j))));
  const T scale = largest > 0 ? largest : T(1); // so that no square overflows
  for (std::size_t j = 0; j < n; ++j) {
    v[j][j] = 1;
    for (std::size_t i = 0; i < n; ++i)
      a[j][i] = x(static_cast<Index>(i), static_cast<Index>(j)) / scale;
  }
  bool turned = true;
  for (int sweep = 0; turned && sweep < 60; ++sweep) {
    turned = false;
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = j + 1; k < n; ++k)
        turned = orthogonalise(a[j], a[k], v[j], v[k]) || turned;
  }
  SingularValues<T> result{std::vector<T>(n), std::vector<Column<T>>(n), v};
  T longest = 0;
  for (std::size_t k = 0; k < n; ++k)
    longest = std::max(longest, result.s[k] = std::sqrt(dot(a[k], a[k])));
  std::vector<Column<T>> known;
  std::vector<std::size_t> without;
  for (std::size_t k = 0; k < n; ++k) {
    if (result.s[k] <= static_cast<T>(n) * std::numeric_limits<T>::epsilon() * longest) {
      without.push_back(k); // its direction is noise
      continue;
    }
    result.u[k] = a[k];
    for (T &entry : result.u[k])
      entry /= result.s[k];
    known.push_back(result.u[k]);
  }
  for (const std::size_t k : without) {
    result.u[k] = orthogonal_to(known, n);
    result.s[k] = dot(result.u[k], a[k]); // may be negative: U·Diag(s)·Vᵀ is X all the same
    known.push_back(result.u[k]);
  }
  for (T &value : result.s)
    value *= scale;
  return result;
}

} // namespace kronvec::reference

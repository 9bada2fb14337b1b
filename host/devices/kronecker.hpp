#pragma once
/// Kronecker products applied mode by mode through matrix products. A column of X is a tensor whose fastest dimension
/// belongs to the last factor. A factor F, p×q, with `inner` entries of faster dimensions, maps X_o, inner×q, to Y_o =
/// X_o·Fᵀ, inner×p, for each of the `outer` values of the slower dimensions. No entry is moved between factors.

#include "devices/algebra.hpp"

#include <algorithm>
#include <vector>

namespace kronvec::modes {

struct Mode {
  std::size_t factor;
  Index inner, outer; ///< for one column
};

/// The key by which factors are sorted, ascending, for the fewest flops. Applying f (p×q) to a tensor of S entries
/// takes 2pS flops and leaves Sp/q entries, so f comes before g exactly if 1/q_f − 1/p_f < 1/q_g − 1/p_g: the factor
/// that shrinks the tensor most goes first.
inline double growth(Index p, Index q) {
  return 1 / std::max(1.0, static_cast<double>(q)) - 1 / std::max(1.0, static_cast<double>(p));
}

/// All factors that are not identities, in the order with the fewest flops.
template <class T> std::vector<Mode> plan(std::span<const KroneckerFactor<T>> factors) {
  std::vector<Mode> order;
  std::vector<Index> extent;
  for (std::size_t f = 0; f < factors.size(); ++f) {
    extent.push_back(factors[f].cols());
    if (!factors[f].is_identity()) order.push_back({f, 1, 1});
  }
  const auto growth_of = [&](const Mode &m) { return growth(factors[m.factor].rows(), factors[m.factor].cols()); };
  std::stable_sort(order.begin(), order.end(),
                   [&](const Mode &a, const Mode &b) { return growth_of(a) < growth_of(b); });
  for (Mode &m : order) {
    for (std::size_t f = 0; f < factors.size(); ++f)
      (f < m.factor ? m.outer : m.inner) *= f == m.factor ? 1 : extent[f];
    extent[m.factor] = factors[m.factor].rows();
  }
  return order;
}

/// Multiplications and additions for one column.
template <class T> double flops(std::span<const KroneckerFactor<T>> factors) {
  double total = 0;
  for (const Mode &m : plan(factors)) {
    const KroneckerFactor<T> &f = factors[m.factor];
    total += 2.0 * static_cast<double>(m.inner) * static_cast<double>(m.outer) * static_cast<double>(f.rows()) *
             static_cast<double>(f.cols());
  }
  return total;
}

/// Entries of one column after the mode.
template <class T> Index left(std::span<const KroneckerFactor<T>> factors, const Mode &m) {
  return m.inner * m.outer * factors[m.factor].rows();
}

/// The two halves of the workspace alternate in holding the intermediate results; the last result goes to Y.
struct Halves {
  Index first = 0, second = 0;
};
template <class T> Halves halves(std::span<const KroneckerFactor<T>> factors, const std::vector<Mode> &modes) {
  Halves size;
  for (std::size_t m = 0; m + 1 < modes.size(); ++m) {
    Index &half = m % 2 ? size.second : size.first;
    half = std::max(half, left(factors, modes[m]));
  }
  return size;
}

template <class T> Index workspace(std::span<const KroneckerFactor<T>> factors, Index columns) {
  const Halves size = halves(factors, plan(factors));
  return (size.first + size.second) * columns;
}

/// Applies one mode: Y_o = α·X_o·Fᵀ + β·Y_o, for all columns. `algebra` is an Algebra<T>, or anything with its
/// `multiply` and `combine`.
template <class T> void apply(const auto &algebra, T alpha, const KroneckerFactor<T> &f, const Mode &m,
                              MatrixView<const T> x, T beta, MatrixView<T> y) {
  using In = BatchView<const T>;
  using Out = BatchView<T>;
  const Index p = f.rows(), q = f.cols();
  const Op turned = f.op == Op::none ? Op::transpose : Op::none;
  const bool packed = x.packed() && y.packed();
  if (packed || m.outer == 1 || m.inner == 1) {
    const Index columns = packed ? 1 : x.cols(), outer = packed ? m.outer * x.cols() : m.outer;
    if (m.inner == 1)
      return algebra.multiply(alpha, f.op, f.a, Op::none, In(x.data(), q, outer, q, columns, x.ld()), beta,
                              Out(y.data(), p, outer, p, columns, y.ld()));
    const Index count = packed ? outer : columns;
    return algebra.multiply(alpha, Op::none, In(x.data(), m.inner, q, m.inner, count, packed ? m.inner * q : x.ld()),
                            turned, f.a, beta,
                            Out(y.data(), m.inner, p, m.inner, count, packed ? m.inner * p : y.ld()));
  }
  for (Index k = 0; k < x.cols(); ++k)
    algebra.multiply(alpha, Op::none, In(&x(0, k), m.inner, q, m.inner, m.outer, m.inner * q), turned, f.a, beta,
                     Out(&y(0, k), m.inner, p, m.inner, m.outer, m.inner * p));
}

/// Y = α·(F₁ ⊗ … ⊗ F_N)·X + β·Y.
template <class T> void kronecker(const auto &algebra, T alpha, std::span<const KroneckerFactor<T>> factors,
                                  MatrixView<const T> x, T beta, MatrixView<T> y, std::span<T> workspace) {
  if (y.rows() == 0 || y.cols() == 0) return;
  const std::vector<Mode> modes = plan(factors);
  if (modes.empty() || x.rows() == 0) return algebra.combine(x.rows() == 0 ? T(0) : alpha, x, beta, y);
  T *half[] = {workspace.data(), workspace.data() + halves(factors, modes).first * x.cols()};
  MatrixView<const T> from = x;
  for (std::size_t m = 0; m < modes.size(); ++m) {
    const bool last = m + 1 == modes.size();
    const MatrixView<T> to = last ? y : MatrixView<T>(half[m % 2], left(factors, modes[m]), x.cols());
    apply<T>(algebra, last ? alpha : T(1), factors[modes[m].factor], modes[m], from, last ? beta : T(0), to);
    from = to;
  }
}

} // namespace kronvec::modes

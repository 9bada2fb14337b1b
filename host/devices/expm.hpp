#pragma once
/// The matrix exponential by other primitives, for every device except the reference: scaling and squaring with the
/// Padé approximant of degree 13 (Higham, "The scaling and squaring method for the matrix exponential revisited",
/// 2005).

#include "devices/backend.hpp"
#include "devices/factors.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {

/// The largest ‖X‖₁ for which degree 13 needs no scaling: for double by Higham's table 2.3; for float it is stricter
/// than needed.
constexpr double pade_bound = 5.371920351148152;

constexpr std::array<double, 14> pade_coefficients{64764752532480000.,
                                                   32382376266240000.,
                                                   7771770303897600.,
                                                   1187353796428800.,
                                                   129060195264000.,
                                                   10559470521600.,
                                                   670442572800.,
                                                   33522128640.,
                                                   1323241920.,
                                                   40840800.,
                                                   960960.,
                                                   16380.,
                                                   182.,
                                                   1.};

constexpr int pade_matrices = 7; ///< A, A², A⁴, A⁶ and three more, in addition to the factors of V − U

/// Elements per n×n item that are taken from the pool, in addition to X and Y.
constexpr Index expm_scratch(Index n) { return n * (pade_matrices * n + factor_columns(n)); }

/// Y = exp X for items that all need the same scaling. `memory` has expm_scratch(n) elements per item.
template <class T>
void expm_scaled(const Primitives<T> &p, BatchView<const T> x, BatchView<T> y, int squarings, T *memory) {
  const Index n = y.rows, count = y.count;
  const Index size = n * n * count;
  const Index factored = n * factor_columns(n);
  const auto matrix = [&](int k) { return BatchView<T>(memory + k * size, n, n, n, count, n * n); };
  const BatchView<T> a = matrix(0), a2 = matrix(1), a4 = matrix(2), a6 = matrix(3), u = matrix(4), v = matrix(5),
                     w = matrix(6), factors(memory + pade_matrices * size, n, factor_columns(n), n, count, factored);
  using In = BatchView<const T>;
  const auto multiply = [&](const BatchView<T> &c, const BatchView<T> &l, const BatchView<T> &r) {
    p.multiply(1, Op::none, In(l), Op::none, In(r), c);
  };
  const auto b = [](int k) { return static_cast<T>(pade_coefficients[k]); };
  // c₆A⁶ + c₄A⁴ + c₂A²
  const auto even = [&](const BatchView<T> &out, int c6, int c4, int c2) {
    p.add(b(c6), In(a6), b(c4), In(a4), out);
    p.add(1, In(out), b(c2), In(a2), out);
  };
  const auto add_identity = [&](const BatchView<T> &out, T c0) {
    const Index diagonal = n + 1;
    const BatchView<T> entries(out.data, 1, n, diagonal, count, out.stride);
    Chain<T> plus{.inputs = 1, .links = 1, .outputs = 1};
    plus.link[0] = {.kind = Link<T>::Kind::affine, .alpha = 1, .beta = c0}, plus.output[0] = 1;
    const In from(entries);
    p.chain(plus, {&from, 1}, {&entries, 1});
  };
  Chain<T> scale{.inputs = 1, .links = 1, .outputs = 1};
  scale.link[0] = {
      .kind = Link<T>::Kind::affine, .alpha = static_cast<T>(std::ldexp(1.0, -squarings)), .beta = T(-0.0)};
  scale.output[0] = 1;
  p.chain(scale, {&x, 1}, {&a, 1});
  multiply(a2, a, a), multiply(a4, a2, a2), multiply(a6, a4, a2);
  even(w, 13, 11, 9), multiply(v, a6, w), even(w, 7, 5, 3); // U = A·(A⁶(b₁₃A⁶ + b₁₁A⁴ + b₉A²) + b₇A⁶ + … + b₁I)
  p.add(1, In(v), 1, In(w), w), add_identity(w, b(1)), multiply(u, a, w);
  even(w, 12, 10, 8), multiply(v, a6, w), even(w, 6, 4, 2); // V the same with the even coefficients
  p.add(1, In(v), 1, In(w), v), add_identity(v, b(0));
  p.add(1, In(v), -1, In(u), w), p.add(1, In(v), 1, In(u), v);
  p.lu(In(w), false, factors); // exp A ≈ (V − U)⁻¹(V + U)
  p.lu_solve(Op::none, In(factors), In(v), u);
  BatchView<T> from = u, to = w;
  for (int k = 0; k < squarings; ++k, std::swap(from, to))
    multiply(to, from, from);
  p.copy(In(from), y);
}

/// Y = exp X for items that all need the same scaling. If there are enough items, each core takes some of them through
/// all steps. Sharing every step would make the threads wait for each other after each step, which is slow when other
/// processes are busy.
template <class T> void expm_in_parts(const Backend &backend, const Primitives<T> &p, BatchView<const T> x,
                                      BatchView<T> y, int squarings, T *memory) {
  constexpr Index entries = 1 << 14; // per part: enough for efficient batched products of many tiny items
  const Index n = y.rows, few = std::max<Index>(1, entries / (n * n));
  const Index each = backend.parts_at_once((y.count + few - 1) / few) > 1 ? few : y.count;
  backend.for_parts((y.count + each - 1) / each, [&](Index part) {
    const Index first = part * each, count = std::min(each, y.count - first);
    const BatchView<const T> from(x.count == 1 ? x.data : x.data + first * x.stride, n, n, x.ld,
                                  x.count == 1 ? 1 : count, x.stride);
    expm_scaled(p, from, {y.data + first * y.stride, n, n, y.ld, count, y.stride}, squarings,
                memory + first * expm_scratch(n));
  });
}

/// Y = exp X. Neighbours that need the same scaling are computed together; the result of an item does not depend on
/// other items.
template <class T>
void expm_by_pade(const Backend &backend, const Primitives<T> &p, BatchView<const T> x, BatchView<T> y) {
  if (y.rows == 0 || y.count == 0) return;
  constexpr int none = -1; // for an X that is not finite
  std::vector<int> squarings;
  for (const double norm : p.one_norms(x))
    squarings.push_back(!std::isfinite(norm) ? none
                        : norm > pade_bound  ? static_cast<int>(std::ceil(std::log2(norm / pade_bound)))
                                             : 0);
  squarings.resize(static_cast<std::size_t>(y.count), squarings.front()); // one X serves all items
  const auto memory = backend.pool().take(static_cast<std::size_t>(y.count * expm_scratch(y.rows)) * sizeof(T));
  for (auto first = squarings.begin(); first != squarings.end();) {
    const auto last = std::find_if(first, squarings.end(), [&](int s) { return s != *first; });
    const Index at = first - squarings.begin(), count = last - first;
    const BatchView<T> part(y[at].data(), y.rows, y.cols, y.ld, count, y.stride);
    const BatchView<const T> from(x[at].data(), x.rows, x.cols, x.ld, x.count == 1 ? 1 : count, x.stride);
    if (*first == none)
      p.fill(std::numeric_limits<T>::quiet_NaN(), part);
    else
      expm_in_parts(backend, p, from, part, *first, static_cast<T *>(memory.data()));
    first = last;
  }
}

} // namespace kronvec

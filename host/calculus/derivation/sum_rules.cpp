/// The rules that take common factors out of the terms of a sum.

#include "calculus/derivation/simplifier.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace kronvec::derivation {
namespace {

std::span<const Expression> head(const Monomial &m, std::size_t n) { return std::span(m.matrices).first(n); }
std::span<const Expression> tail(const Monomial &m, std::size_t n) { return std::span(m.matrices).last(n); }

/// How many leading matrices two chains share (trailing ones if `right`).
std::size_t common(const Monomial &a, const Monomial &b, bool right) {
  const std::size_t most = std::min(a.matrices.size(), b.matrices.size());
  for (std::size_t n = 0; n < most; ++n) {
    const Expression &x = right ? a.matrices[a.matrices.size() - 1 - n] : a.matrices[n];
    const Expression &y = right ? b.matrices[b.matrices.size() - 1 - n] : b.matrices[n];
    if (!same(x, y)) return n;
  }
  return most;
}

/// The usual order of the terms of a sum: I + …, A + Aᵀ, … + K·….
int order_of(const Monomial &m) {
  if (m.is_scalar()) return 1;
  if (m.matrices.empty()) return 0;
  if (m.matrices[0].node()->kind == Kind::commutation) return 3;
  return m.matrices.size() == 1 && m.matrices[0].node()->kind == Kind::transpose ? 2 : 1;
}

} // namespace

void Simplifier::append(std::vector<Monomial> &terms, double factor, const Expression &u) const {
  const Node &node = *u.node();
  if (node.kind == Kind::add && node.operands[0]->shape == node.operands[1]->shape) {
    append(terms, factor * node.alpha, argument(u, 0));
    append(terms, factor * node.beta, argument(u, 1));
    return;
  }
  terms.push_back(monomial_of(u));
  terms.back().number *= factor;
}

Expression Simplifier::sum(std::vector<Monomial> terms) {
  const Shape shape = terms[0].shape;
  while (join_equal(terms) || join_scalars(terms) || take_out(terms, true) || take_out(terms, false) ||
         join_kronecker(terms) || join_diagonals(terms)) {
  }
  if (terms.empty()) return unique(shape == Shape{1, 1} ? Expression(0) : zeros(shape.rows, shape.cols));
  std::stable_sort(terms.begin(), terms.end(),
                   [](const Monomial &a, const Monomial &b) { return order_of(a) < order_of(b); });
  const auto positive = std::find_if(terms.begin(), terms.end(), [](const Monomial &m) { return m.number > 0; });
  if (positive != terms.end()) std::rotate(terms.begin(), positive, positive + 1);
  // A number that all terms share moves outside, with its sign.
  double number = std::abs(terms[0].number);
  for (const Monomial &term : terms)
    if (std::abs(term.number) != number) number = 1;
  if (terms.size() > 1 && positive == terms.end()) number = -number;
  for (Monomial &term : terms)
    term.number /= number;
  Expression total = expression_of(terms[0]);
  for (Monomial &term : std::span(terms).subspan(1)) {
    const double sign = term.number < 0 ? -1 : 1;
    term.number *= sign;
    total = combination(1, total, sign, expression_of(term));
  }
  return unique(number * unique(total));
}

/// 2A + 3A = 5A; terms that become zero vanish.
bool Simplifier::join_equal(std::vector<Monomial> &terms) {
  const std::size_t before = terms.size();
  for (std::size_t i = 0; i < terms.size(); ++i)
    for (std::size_t k = terms.size() - 1; k > i; --k)
      if (same_matrices(terms[i], terms[k]) && same_scalars(terms[i], terms[k])) {
        terms[i].number += terms[k].number;
        terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(k));
      }
  std::erase_if(terms, [](const Monomial &m) { return m.number == 0; });
  return terms.size() != before;
}

/// s·A + t·A = (s + t)·A.
bool Simplifier::join_scalars(std::vector<Monomial> &terms) {
  if (terms.empty() || terms[0].is_scalar()) return false;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    std::vector<Monomial> scalars;
    const auto scalar_part = [](const Monomial &m) { return Monomial{.number = m.number, .scalars = m.scalars}; };
    for (std::size_t k = terms.size() - 1; k > i; --k)
      if (same_matrices(terms[i], terms[k])) {
        scalars.insert(scalars.begin(), scalar_part(terms[k]));
        terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(k));
      }
    if (scalars.empty()) continue;
    scalars.insert(scalars.begin(), scalar_part(terms[i]));
    terms[i].number = 1;
    terms[i].scalars = {sum(std::move(scalars))};
    return true;
  }
  return false;
}

/// A·C + B·C = (A + B)·C, and the same at the left.
bool Simplifier::take_out(std::vector<Monomial> &terms, bool right) {
  if (terms.empty() || terms[0].is_scalar()) return false;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    std::vector<std::size_t> group{i};
    std::size_t shared = terms[i].matrices.size();
    for (std::size_t k = i + 1; k < terms.size(); ++k)
      if (const std::size_t n = common(terms[i], terms[k], right); n > 0) {
        group.push_back(k);
        shared = std::min(shared, n);
      }
    if (group.size() == 1) continue;
    const auto common_part = right ? tail(terms[i], shared) : head(terms[i], shared);
    Monomial factor{.matrices = {common_part.begin(), common_part.end()}};
    factor.shape = {common_part.front().rows(), common_part.back().cols()};
    std::vector<Monomial> rest;
    for (const std::size_t k : group) {
      Monomial part = terms[k];
      const auto kept = right ? head(part, part.matrices.size() - shared) : tail(part, part.matrices.size() - shared);
      part.matrices = std::vector(kept.begin(), kept.end());
      part.shape = right ? Shape{part.shape.rows, factor.shape.rows} : Shape{factor.shape.cols, part.shape.cols};
      rest.push_back(std::move(part));
    }
    const Monomial sum_of_rest = monomial_of(sum(std::move(rest)));
    terms[i] = reduced(right ? sum_of_rest * factor : factor * sum_of_rest);
    for (std::size_t k = group.size() - 1; k > 0; --k)
      terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(group[k]));
    return true;
  }
  return false;
}

/// A ⊗ B + A ⊗ C = A ⊗ (B + C), and the same at the right (ledger K4).
bool Simplifier::join_kronecker(std::vector<Monomial> &terms) {
  const auto is_kron = [](const Monomial &m) { return m.matrices.size() == 1 && is_function(m.matrices[0], "kron"); };
  for (std::size_t i = 0; i < terms.size(); ++i)
    for (std::size_t k = i + 1; k < terms.size(); ++k) {
      if (!is_kron(terms[i]) || !is_kron(terms[k])) continue;
      const Expression a = terms[i].matrices[0], b = terms[k].matrices[0];
      for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
        if (!same(argument(a, side), argument(b, side))) continue;
        std::vector<Monomial> parts;
        for (const std::size_t t : {i, k}) {
          const Monomial coefficient{.number = terms[t].number, .scalars = terms[t].scalars};
          parts.push_back(coefficient * monomial_of(argument(terms[t].matrices[0], 1 - side)));
        }
        const Expression other = sum(std::move(parts)), shared = argument(a, side);
        terms[i] = monomial_of(side == 0 ? kronecker_product(shared, other) : kronecker_product(other, shared));
        terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(k));
        return true;
      }
    }
  return false;
}

/// Diag(u) + Diag(v) = Diag(u + v).
bool Simplifier::join_diagonals(std::vector<Monomial> &terms) {
  const auto vector_of = [](const Monomial &m) -> std::optional<Expression> {
    const bool is_diag = m.matrices.size() == 1 && is_function(m.matrices[0], "diag") && m.shape.cols > 1;
    if (!is_diag) return std::nullopt;
    const Expression v = argument(m.matrices[0], 0);
    return v.node()->kind == Kind::reshape ? argument(v, 0) : v;
  };
  for (std::size_t i = 0; i < terms.size(); ++i)
    for (std::size_t k = i + 1; k < terms.size(); ++k) {
      const auto u = vector_of(terms[i]), v = vector_of(terms[k]);
      if (!u || !v || u->shape() != v->shape()) continue;
      std::vector<Monomial> parts;
      for (const auto &[t, entries] : {std::pair(i, *u), std::pair(k, *v)}) {
        const Monomial coefficient{.number = terms[t].number, .scalars = terms[t].scalars};
        parts.push_back(coefficient * monomial_of(entries));
      }
      terms[i] = monomial_of(diagonal(reshaped(sum(std::move(parts)), {terms[i].shape.rows, 1})));
      terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(k));
      return true;
    }
  return false;
}

} // namespace kronvec::derivation

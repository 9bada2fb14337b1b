/// Products as lists of factors.

#include "calculus/derivation/monomial.hpp"

#include "calculus/expression/interning.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kronvec::derivation {
namespace {

bool is_reciprocal(const Expression &s) {
  return is(s, Kind::elementwise) && s.node()->function == Function::reciprocal;
}

/// Max number of factors in a chain. Nobody reads longer ones, such as the power X^1000000 written out.
constexpr std::size_t max_factors = 100;

/// Removes pairs s and 1/s.
void cancel_reciprocals(std::vector<Expression> &scalars) {
  for (std::size_t i = 0; i < scalars.size(); ++i) {
    if (!is_reciprocal(scalars[i])) continue;
    const NodePtr &s = scalars[i].node()->operands[0];
    const auto other = std::ranges::find(scalars, s, &Expression::node);
    if (other == scalars.end()) continue;
    const auto at = other - scalars.begin();
    scalars.erase(scalars.begin() +
                  static_cast<std::ptrdiff_t>(std::max<std::size_t>(i, static_cast<std::size_t>(at))));
    scalars.erase(scalars.begin() +
                  static_cast<std::ptrdiff_t>(std::min<std::size_t>(i, static_cast<std::size_t>(at))));
    i = static_cast<std::size_t>(-1); // from the start
  }
}

/// Appends a scalar as a factor. Its chain of matrices, such as xᵀ·w, becomes one factor.
void append_scalar(Monomial &m, const Monomial &scalar) {
  m.number *= scalar.number;
  m.scalars.insert(m.scalars.end(), scalar.scalars.begin(), scalar.scalars.end());
  if (scalar.matrices.empty()) return;
  Monomial chain;
  chain.matrices = scalar.matrices;
  m.scalars.push_back(expression_of(chain));
}

} // namespace

bool same(const Expression &a, const Expression &b) { return a.node() == b.node(); }

bool is(const Expression &f, Kind kind) { return f.node()->kind == kind; }
bool is_function(const Expression &f, const char *name) { return is(f, Kind::named) && f.node()->name == name; }
Expression argument(const Expression &f, std::size_t i) { return Expression(arguments(*f.node())[i]); }

Monomial monomial_of(const Expression &f) {
  const Node &node = *f.node();
  Monomial m{.shape = f.shape()};
  switch (node.kind) {
  case Kind::number:
    m.number = node.alpha;
    return m;
  case Kind::eye:
    return m;
  case Kind::scale:
    m = monomial_of(node.operand(0));
    m.number *= node.alpha;
    return m;
  case Kind::filled:
    m.number = node.alpha;
    if (!m.is_scalar()) m.matrices = {node.alpha == 1 ? f : ones(f.rows(), f.cols())};
    return m;
  case Kind::multiply:
    return monomial_of(node.operand(0)) * monomial_of(node.operand(1));
  case Kind::hadamard:
    if (!node.operand(0).is_scalar() && !node.operand(1).is_scalar()) break;
    return monomial_of(node.operand(0)) * monomial_of(node.operand(1));
  case Kind::quotient:
    if (!node.operand(1).is_scalar()) break;
    m = monomial_of(node.operand(0));
    if (is(node.operand(1), Kind::number))
      m.number /= node.operand(1).node()->alpha;
    else
      m.scalars.push_back(reciprocal(node.operand(1)));
    return m;
  default:
    break;
  }
  (m.is_scalar() ? m.scalars : m.matrices) = {f};
  return m;
}

Expression expression_of(const Monomial &m) {
  if (m.number == 0) return m.is_scalar() ? Expression(0) : zeros(m.shape.rows, m.shape.cols);
  Expression product = m.is_scalar() ? Expression(1) : eye(m.shape.rows);
  if (!m.matrices.empty()) {
    product = m.matrices[0];
    for (std::size_t i = 1; i < m.matrices.size(); ++i)
      product = product * m.matrices[i];
  }
  Expression scalars(1);
  for (const Expression &s : m.scalars)
    if (!is_reciprocal(s)) scalars = same(scalars, s) ? square(s) : hadamard(scalars, s);
  product = m.matrices.empty() && m.is_scalar() ? scalars : hadamard(scalars, product);
  for (const Expression &s : m.scalars)
    if (is_reciprocal(s)) product = quotient(product, s.node()->operand(0));
  return m.number * product;
}

Monomial operator*(Monomial a, const Monomial &b) {
  if (a.is_scalar() && (!b.is_scalar() || a.matrices.empty())) {
    Monomial m = b;
    m.number = 1, m.scalars.clear();
    append_scalar(m, a);
    m.number *= b.number;
    m.scalars.insert(m.scalars.end(), b.scalars.begin(), b.scalars.end());
    cancel_reciprocals(m.scalars);
    return m;
  }
  if (b.is_scalar()) {
    append_scalar(a, b);
    cancel_reciprocals(a.scalars);
    return a;
  }
  a.number *= b.number;
  a.scalars.insert(a.scalars.end(), b.scalars.begin(), b.scalars.end());
  cancel_reciprocals(a.scalars);
  a.matrices.insert(a.matrices.end(), b.matrices.begin(), b.matrices.end());
  if (a.matrices.size() > max_factors)
    throw Error(
        fmt::format("a product of more than {} matrices, as this derivation has, is not to be read", max_factors));
  a.shape.cols = b.shape.cols;
  return a;
}

bool same_scalars(const Monomial &a, const Monomial &b) {
  return std::is_permutation(a.scalars.begin(), a.scalars.end(), b.scalars.begin(), b.scalars.end(), same);
}

bool same_matrices(const Monomial &a, const Monomial &b) {
  return std::equal(a.matrices.begin(), a.matrices.end(), b.matrices.begin(), b.matrices.end(), same);
}

} // namespace kronvec::derivation

/// Simplifies each kind of node, given simplified arguments.

#include "calculus/derivation/simplifier.hpp"

#include <algorithm>
#include <ranges>

namespace kronvec::derivation {
namespace {

bool is_ones(const Expression &f) { return is(f, Kind::filled) && f.node()->alpha == 1; }
bool is_zero(const Expression &f) { return (is(f, Kind::filled) || is(f, Kind::number)) && f.node()->alpha == 0; }

/// Whether the transpose of a sum is better written term by term: some term is symmetric, or is itself a transpose.
bool is_better_transposed(const Expression &sum) {
  const Node &node = *sum.node();
  if (node.kind == Kind::add) return is_better_transposed(argument(sum, 0)) || is_better_transposed(argument(sum, 1));
  if (node.kind == Kind::scale || node.kind == Kind::multiply)
    return is_better_transposed(argument(sum, node.operands.size() - 1)) || is_better_transposed(argument(sum, 0));
  const bool structured = node.kind == Kind::eye || node.kind == Kind::commutation || node.kind == Kind::transpose;
  return structured || is_function(sum, "kron") || is_function(sum, "diag");
}

/// Sums that are part of exactly one other sum and of nothing else. The other sum handles their terms.
std::unordered_set<const Node *> inner_sums(const std::vector<NodePtr> &order) {
  std::unordered_map<const Node *, int> uses;
  std::unordered_set<const Node *> in_sums;
  for (const NodePtr &node : order)
    for (const NodePtr &argument : arguments(*node)) {
      ++uses[argument.get()];
      if (node->kind == Kind::add && argument->kind == Kind::add && argument->shape == node->shape)
        in_sums.insert(argument.get());
    }
  std::erase_if(in_sums, [&](const Node *sum) { return uses.at(sum) > 1; });
  return in_sums;
}

/// The node with simplified arguments.
Expression of_parts(const NodePtr &node, const std::vector<Expression> &u) {
  std::vector<NodePtr> parts(u.size());
  std::ranges::transform(u, parts.begin(), &Expression::node);
  return std::ranges::equal(parts, arguments(*node)) ? Expression(node) : with_arguments(*node, parts);
}

/// The coefficients c and d as one list.
Monomial joined(Monomial c, const Monomial &d) {
  c.number *= d.number;
  c.scalars.insert(c.scalars.end(), d.scalars.begin(), d.scalars.end());
  return c;
}

} // namespace

Expression Simplifier::operator()(const Expression &f) {
  const Expression whole = unique(f);
  kept_.push_back(whole.node());
  const std::vector<NodePtr> order = argument_order(whole.node());
  const auto inner = inner_sums(order);
  for (const NodePtr &node : order) {
    if (done_.contains(node.get())) continue;
    std::vector<Expression> parts;
    for (const NodePtr &argument : arguments(*node))
      parts.push_back(done_.at(argument.get()));
    const Expression result = unique(inner.contains(node.get()) ? of_parts(node, parts) : simplified(node, parts));
    done_.emplace(node.get(), result);
    done_.emplace(result.node().get(), result);
  }
  return done_.at(whole.node().get());
}

Expression Simplifier::simplified(const NodePtr &node, const std::vector<Expression> &u) {
  const Node &f = *node;
  const bool scalar = f.shape == Shape{1, 1};
  switch (f.kind) {
  case Kind::eye:
  case Kind::filled:
    if (scalar) return f.kind == Kind::eye ? 1 : f.alpha;
    break;
  case Kind::symbol:
  case Kind::number:
    break;
  case Kind::add: {
    if (u[0].shape() != u[1].shape()) break; // a scalar that broadcasts
    std::vector<Monomial> terms;
    append(terms, f.alpha, u[0]);
    append(terms, f.beta, u[1]);
    return sum(std::move(terms));
  }
  case Kind::scale:
    return product(f.alpha, u[0]);
  case Kind::multiply:
    return product(u[0], u[1]);
  case Kind::hadamard:
  case Kind::hadamard_or_zero:
    return u[0].is_scalar() || u[1].is_scalar() ? product(u[0], u[1]) : entrywise_product(u[0], u[1]);
  case Kind::power:
    if (f.alpha > 0) // written out: the limit where u^v is 0 is of no interest to a reader
      return entrywise_product(unique(pow(u[0], u[1])), unique(pow(unique(log(u[0])), f.alpha)));
    break;
  case Kind::quotient:
  case Kind::quotient_or_zero:
    if (is(u[1], Kind::number)) return product(1 / u[1].node()->alpha, u[0]);
    if (u[1].is_scalar()) return product(u[0], reciprocal(u[1]));
    if (f.kind == Kind::quotient_or_zero) return unique(quotient(u[0], u[1]));
    break;
  case Kind::transpose:
    return transposed(u[0]);
  case Kind::elementwise:
    if (f.function == Function::square && is(u[0], Kind::elementwise) && u[0].node()->function == Function::sqrt)
      return argument(u[0], 0);
    break;
  case Kind::inner:
    return inner_product(u[0], u[1]);
  case Kind::trace:
    return traced(u[0]);
  case Kind::sum:
    return summed(u[0]);
  case Kind::embed: // Diag(u)
    if (f.window.step == f.shape.rows + 1 && u[0].rows() == 1) return diagonal(reshaped(u[0], {u[0].cols(), 1}));
    break;
  case Kind::reshape:
    return reshaped(u[0], f.shape);
  case Kind::named:
    if (f.name == "kron") return kronecker_product(u[0], u[1]);
    if (f.name == "dexpm" && is(u[1], Kind::eye)) return unique(expm(u[0]));
    if (f.name == "diag" && f.shape.cols > 1) return diagonal(u[0].cols() == 1 ? u[0] : transposed(u[0]));
    break;
  case Kind::extract:
    return extracted(u[0], f.window, f.shape);
  case Kind::permute: { // (I ⊗ K ⊗ I) vec U
    const auto [inner, m, n] = f.middle;
    const Expression k = kronecker_product(unique(commutation_matrix(m, n)), unique(eye(inner)));
    const Expression order = kronecker_product(unique(eye(u[0].shape().size() / k.rows())), k);
    return reshaped(product(order, reshaped(u[0], {u[0].shape().size(), 1})), f.shape);
  }
  case Kind::inverse:
    if (is(u[0], Kind::inverse)) return argument(u[0], 0);
    if (is(u[0], Kind::transpose)) return transposed(unique(inverse(argument(u[0], 0))));
    break;
  default:
    break;
  }
  return of_parts(node, u);
}

Simplifier::ScaledExpression Simplifier::taken_apart(const Expression &u) {
  Monomial m = monomial_of(u), coefficient{.number = m.number, .scalars = m.scalars};
  m.number = 1, m.scalars.clear();
  return {std::move(coefficient), unique(expression_of(m))};
}

Expression Simplifier::put_together(const Monomial &coefficient, const Expression &rest) {
  Monomial m = monomial_of(rest);
  m.number *= coefficient.number;
  m.scalars.insert(m.scalars.begin(), coefficient.scalars.begin(), coefficient.scalars.end());
  return unique(expression_of(m));
}

Expression Simplifier::product(const Expression &u, const Expression &v) {
  return unique(expression_of(reduced(monomial_of(u) * monomial_of(v))));
}

Expression Simplifier::transposed_product(const Monomial &m) {
  Monomial result = m;
  std::swap(result.shape.rows, result.shape.cols);
  std::reverse(result.matrices.begin(), result.matrices.end());
  for (Expression &factor : result.matrices)
    factor = transposed(factor);
  return unique(expression_of(reduced(result)));
}

Expression Simplifier::transposed(const Expression &u) {
  const Node &node = *u.node();
  const auto of = [&](std::size_t i) { return transposed(argument(u, i)); };
  switch (node.kind) {
  case Kind::add: {
    if (node.operands[0]->shape != node.operands[1]->shape || !is_better_transposed(u)) break;
    std::vector<Monomial> terms;
    append(terms, node.alpha, of(0));
    append(terms, node.beta, of(1));
    return sum(std::move(terms));
  }
  case Kind::scale:
  case Kind::multiply:
    return transposed_product(monomial_of(u));
  case Kind::hadamard:
  case Kind::quotient: {
    const Monomial m = monomial_of(u);
    if (m.matrices.size() != 1 || !same(m.matrices[0], u)) return transposed_product(m);
    break;
  }
  case Kind::filled:
    return unique(product(node.alpha, ones(u.cols(), u.rows())));
  case Kind::commutation:
    return unique(commutation_matrix(node.middle.n, node.middle.m));
  case Kind::named:
    if (node.name == "kron") return kronecker_product(of(0), of(1)); // K2
    if (node.name == "dirsum") return unique(direct_sum(of(0), of(1)));
    if (node.name == "diag" && u.cols() > 1) return u;
    break;
  default:
    break;
  }
  return unique(transpose(u));
}

Expression Simplifier::entrywise_product(const Expression &u, const Expression &v) {
  if (is_ones(u) || is_zero(v)) return v;
  if (is_ones(v) || is_zero(u)) return u;
  const auto [c, left] = taken_apart(u); // numbers and scalars move outside
  const auto [d, right] = taken_apart(v);
  const Monomial coefficient = joined(c, d);
  if (is_ones(left) || is_ones(right)) return put_together(coefficient, is_ones(left) ? right : left);
  return put_together(coefficient, unique(same(left, right) ? square(left) : hadamard(left, right)));
}

/// ⟨U, V⟩ = tr(UᵀV); for columns UᵀV.
Expression Simplifier::inner_product(const Expression &u, const Expression &v) {
  for (const auto &[a, b] : {std::pair(u, v), std::pair(v, u)}) {
    if (is(a, Kind::eye)) return unique(trace(b));
    if (is_ones(a)) return unique(kronvec::sum(b));
  }
  if (u.cols() == 1) return product(transposed(u), v);
  if (u.rows() == 1) return product(u, transposed(v));
  return traced(product(transposed(u), v));
}

/// The sum of all entries; for U ⊙ V it is tr(UᵀV) (T6).
Expression Simplifier::summed(const Expression &u) {
  const auto [coefficient, rest] = taken_apart(u);
  const bool entrywise = is(rest, Kind::hadamard);
  const Expression total = entrywise ? inner_product(argument(rest, 0), argument(rest, 1)) : unique(kronvec::sum(rest));
  return unique(expression_of(coefficient * monomial_of(total)));
}

/// tr U. Factors of all of U move outside.
Expression Simplifier::traced(const Expression &u) {
  const auto [coefficient, rest] = taken_apart(u);
  return put_together(coefficient, unique(trace(rest)));
}

Expression Simplifier::kronecker_product(const Expression &u, const Expression &v) {
  if (u.is_scalar() || v.is_scalar()) return product(u, v);
  if (is(u, Kind::eye) && is(v, Kind::eye)) return unique(eye(u.rows() * v.rows()));
  const auto [c, left] = taken_apart(u);
  const auto [d, right] = taken_apart(v);
  return put_together(joined(c, d), unique(kron(left, right)));
}

/// Diag(v) of a column. Factors of all of v move outside.
Expression Simplifier::diagonal(const Expression &v) {
  const bool stacked = is(v, Kind::reshape);
  const auto [coefficient, entries] = taken_apart(stacked ? argument(v, 0) : v);
  if (is_ones(entries)) return put_together(coefficient, eye(v.rows()));
  return put_together(coefficient, unique(diag(stacked ? unique(vec(entries)) : entries)));
}

Expression Simplifier::reshaped(const Expression &u, Shape shape) {
  if (shape == u.shape()) return u;
  if (is(u, Kind::reshape)) return reshaped(argument(u, 0), shape);
  if (is(u, Kind::filled)) return unique(product(u.node()->alpha, ones(shape.rows, shape.cols)));
  if (u.cols() == 1 && shape.rows == 1) return transposed(u);
  if (u.rows() == 1 && shape.cols == 1) return transposed(u);
  const auto [coefficient, rest] = taken_apart(u);
  return put_together(coefficient, unique(unvec(rest, shape.rows, shape.cols)));
}

/// A block of U is Eᵀ·U·E, where each E is an identity padded with zeros; a diagonal window is diag(U).
Expression Simplifier::extracted(const Expression &u, Window window, Shape shape) {
  if (window.step == u.rows() + 1) return reshaped(unique(diag(u)), shape);
  const auto [row, col] = window.first(shape, u.shape());
  const Expression rows = (*this)(among_zeros(row, shape.rows, u.rows() - row - shape.rows));
  const Expression cols = (*this)(among_zeros(col, shape.cols, u.cols() - col - shape.cols));
  return product(product(transposed(rows), u), cols);
}

void Simplifier::note(std::string_view rule, std::string_view ledger, const Expression &before,
                      const Expression &after) {
  const auto known = std::ranges::find_if(applied_, [&](const AppliedIdentity &i) { return same(i.before, before); });
  if (known == applied_.end()) applied_.push_back({rule, ledger, before, after});
}

} // namespace kronvec::derivation

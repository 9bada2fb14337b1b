/// Readings of a whole differential: its transpose, its value at a given dX, its matrix.

#include "calculus/differential/differential.hpp"

#include "calculus/terms/term_builder.hpp"

#include <unordered_map>

namespace kronvec::inline KRONVEC_ABI {
namespace {

bool is_seed(const LinearPtr &node) { return node->operands.empty(); }

} // namespace

Differential transposed(const Differential &df, Shape seed_shape) {
  Differential result(seed_shape);
  if (df.is_zero()) return result;
  std::unordered_map<const LinearNode *, Differential> cotangents;
  const auto order = topological_order(df.node());
  cotangents.emplace(df.node().get(), seed(df.shape()));
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    const Differential cotangent = cotangents.at(node->get());
    if (is_seed(*node)) result = cotangent;
    const auto parts = (*node)->transposed(cotangent);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto [entry, first] = cotangents.try_emplace((*node)->operands[i].get(), parts[i]);
      if (!first) entry->second = entry->second + parts[i];
    }
  }
  return result;
}

namespace {

/// The value of a differential, given the values of its seeds, `seeds(node)`.
Expression applied_to(const Differential &df, const auto &seeds) {
  if (df.is_zero()) return zeros(df.shape().rows, df.shape().cols);
  std::unordered_map<const LinearNode *, Expression> values;
  for (const LinearPtr &node : topological_order(df.node())) {
    std::vector<Expression> operands;
    for (const LinearPtr &operand : node->operands)
      operands.push_back(values.at(operand.get()));
    values.emplace(node.get(), is_seed(node) ? seeds(node.get()) : node->applied(operands));
  }
  return values.at(df.node().get());
}

} // namespace

Expression applied(const Differential &df, const Expression &u) {
  return applied_to(df, [&](const LinearNode *) { return u; });
}

Expression applied(const Differential &df, const std::unordered_map<const LinearNode *, Expression> &seeds) {
  return applied_to(df, [&](const LinearNode *seed) { return seeds.at(seed); });
}

namespace {

/// A·J without redundant identities; numbers and scalars come first.
Expression times(const Expression &a, const Expression &j) {
  const Node &node = *a.node(), &below = *j.node();
  if (node.kind == Kind::eye) return j;
  if (below.kind == Kind::eye) return a;
  if (node.kind == Kind::scale) return node.alpha * times(node.operand(0), j);
  if (below.kind == Kind::scale) return below.alpha * times(a, below.operand(0));
  const bool scales = node.kind == Kind::hadamard && node.operand(0).is_scalar();
  return scales ? hadamard(node.operand(0), times(node.operand(1), j)) : a * j;
}

/// J + K; a negative scale of K becomes a minus sign.
Expression plus(const Expression &j, const Expression &k) {
  const Node &node = *k.node();
  return node.kind == Kind::scale && node.alpha < 0 ? combination(1, j, node.alpha, node.operand(0)) : j + k;
}

} // namespace

Expression matrix_of(const Differential &df, Shape seed_shape) {
  if (df.is_zero()) return zeros(df.shape().size(), seed_shape.size());
  std::unordered_map<const LinearNode *, Expression> jacobians;
  for (const LinearPtr &node : topological_order(df.node())) {
    const std::vector<Expression> parts = node->matrices();
    Expression j = eye(seed_shape.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const LinearPtr &operand = node->operands[i];
      const Expression part = is_seed(operand) ? parts[i] : times(parts[i], jacobians.at(operand.get()));
      j = i == 0 ? part : plus(j, part);
    }
    jacobians.emplace(node.get(), j);
  }
  return jacobians.at(df.node().get());
}

Terms terms_of(const Differential &df, TermBuilder &builder) {
  if (df.is_zero()) return {};
  NormalForm &form = builder.form();
  std::unordered_map<const LinearNode *, Terms> done;
  for (const LinearPtr &node : topological_order(df.node())) {
    std::vector<Terms> operands;
    for (const LinearPtr &operand : node->operands)
      operands.push_back(done.at(operand.get()));
    Terms terms = node->terms(std::move(operands), builder);
    if (node != df.node()) terms = form.normalise(std::move(terms), node->shape); // the root: see `finish`
    done.emplace(node.get(), std::move(terms));
  }
  return form.finish(std::move(done.at(df.node().get())));
}

} // namespace kronvec

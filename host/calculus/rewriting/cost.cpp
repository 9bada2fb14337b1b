/// The work of expressions.

#include "calculus/rewriting/cost.hpp"

namespace kronvec::rewriting {
namespace {

double flops_of(const Node &f) {
  const auto size = [](Index n) { return static_cast<double>(n); };
  const double entries = static_cast<double>(f.shape.rows) * static_cast<double>(f.shape.cols);
  const auto cubed = [](double n) { return n * n * n; };
  switch (f.kind) {
  case Kind::multiply:
    return 2 * entries * size(f.operands[0]->shape.cols);
  case Kind::inverse:
    return 2 * cubed(size(f.shape.rows));
  case Kind::solve:
    return cubed(size(f.operands[0]->shape.rows)) + 4 * entries * size(f.operands[0]->shape.rows);
  case Kind::det:
  case Kind::logdet:
  case Kind::signdet:
    return 2.0 / 3 * cubed(size(f.operands[0]->shape.rows));
  case Kind::cholesky:
    return cubed(size(f.shape.rows)) / 3;
  case Kind::expm:
  case Kind::adjugate:
    return 20 * cubed(size(f.shape.rows));
  case Kind::symbol:
  case Kind::number:
  case Kind::constant:
  case Kind::reshape:
  case Kind::named:
    return 0;
  default:
    return entries;
  }
}

} // namespace

double work(const Expression &f, const std::unordered_set<const Node *> &known) {
  double total = 0;
  const auto operands = [&](const Node &node) {
    return known.contains(&node) ? std::span<const NodePtr>() : std::span<const NodePtr>(node.operands);
  };
  for (const NodePtr &node : topological_order(f.node(), operands))
    if (!known.contains(node.get())) total += flops_of(*node);
  return total;
}

} // namespace kronvec::rewriting

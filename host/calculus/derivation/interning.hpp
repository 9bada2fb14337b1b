#pragma once
/// One node for equal expressions, so that pointers decide equality.

#include "calculus/expression/node.hpp"

#include <map>
#include <span>
#include <unordered_set>

namespace kronvec::derivation {

/// The differential of U as a function `d` of U, for printing only.
Expression d(const Expression &u);
/// The expressions that a node was made from: its operands; for a named function its arguments, not its definition.
std::span<const NodePtr> arguments(const Node &f);
/// F with its arguments replaced by others of the same values.
Expression with_arguments(const Node &f, const std::vector<NodePtr> &arguments);
/// All nodes reachable from F through arguments, each after its arguments.
inline std::vector<NodePtr> argument_order(const NodePtr &f) {
  return topological_order(f, [](const Node &node) { return arguments(node); });
}

class Interner {
public:
  /// The one node for all expressions that are written like F.
  Expression operator()(const Expression &f);

private:
  std::map<std::string, NodePtr> nodes_;
  std::unordered_set<const Node *> known_;
};

} // namespace kronvec::derivation

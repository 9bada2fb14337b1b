#pragma once
/// One node for equal expressions, so that equality is that of pointers.

#include "calculus/node.hpp"

#include <map>
#include <span>
#include <unordered_set>

namespace kronvec::derivation {

/// The differential of U as a symbol of its own, which only prints.
Expression d(const Expression &u);
/// The expressions that a node was made from: its operands, but not what a named function means.
std::span<const NodePtr> arguments(const Node &f);
/// F with other arguments, which have the same values.
Expression with_arguments(const Node &f, const std::vector<NodePtr> &arguments);
/// The nodes that F is made of, through arguments, each after its arguments.
inline std::vector<NodePtr> argument_order(const NodePtr &f) {
  return topological_order(f, [](const Node &node) { return arguments(node); });
}

class Interner {
public:
  /// The node that stands for all expressions that are written as F is.
  Expression operator()(const Expression &f);

private:
  std::map<std::string, NodePtr> nodes_;
  std::unordered_set<const Node *> known_;
};

} // namespace kronvec::derivation

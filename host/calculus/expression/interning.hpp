#pragma once
/// One node for equal expressions, so that pointers decide equality.

#include "calculus/expression/node.hpp"

#include <span>
#include <unordered_map>
#include <unordered_set>

namespace kronvec::inline KRONVEC_ABI {

/// The expressions that a node was made from: its operands; for a named function its arguments, not its definition.
std::span<const NodePtr> arguments(const Node &f);
/// F with its arguments replaced by others of the same values.
Expression with_arguments(const Node &f, const std::vector<NodePtr> &arguments);
/// All nodes reachable from F through arguments, each after its arguments.
inline std::vector<NodePtr> argument_order(const NodePtr &f) {
  return topological_order(f, [](const Node &node) { return arguments(node); });
}

/// Hash-consing: equal expressions become one node. A symbol is equal only to itself.
class Interner {
public:
  /// The one node for all expressions that are written like F.
  Expression operator()(const Expression &f);

private:
  struct Hash {
    std::size_t operator()(const NodePtr &f) const;
  };
  struct Equal {
    bool operator()(const NodePtr &f, const NodePtr &g) const;
  };
  std::unordered_set<NodePtr, Hash, Equal> nodes_;
  std::unordered_set<const Node *> known_;
};

} // namespace kronvec

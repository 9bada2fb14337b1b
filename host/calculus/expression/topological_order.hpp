#pragma once
/// Post-order of a DAG whose nodes hold their `operands`, without recursion. Used for expressions and differentials.

#include "kronvec/abi.hpp"

#include <iterator>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {

struct AllOperands {
  const auto &operator()(const auto &node) const { return node.operands; }
};

/// `operands(node)` returns the operands to follow.
template <class Ptr, class Operands = AllOperands>
std::vector<Ptr> topological_order(const Ptr &root, Operands operands = {}) {
  std::vector<Ptr> order;
  std::unordered_set<const void *> seen{root.get()};
  std::vector<std::pair<Ptr, std::size_t>> path{{root, 0}};
  while (!path.empty()) {
    auto &[node, next] = path.back();
    if (next < operands(*node).size()) {
      const Ptr &operand = operands(*node)[next++];
      if (seen.insert(operand.get()).second) path.emplace_back(operand, 0);
    } else {
      order.push_back(std::move(node));
      path.pop_back();
    }
  }
  return order;
}

/// Takes over the operands of a dying node, and of every node that dies with it, so that no destructor recurses.
template <class Node> void release_operands(std::vector<std::shared_ptr<const Node>> operands) {
  while (!operands.empty()) {
    const auto node = std::move(operands.back());
    operands.pop_back();
    if (node.use_count() != 1) continue;
    auto &below = const_cast<Node &>(*node).operands; // the last owner may take the node apart
    operands.insert(operands.end(), std::make_move_iterator(below.begin()), std::make_move_iterator(below.end()));
    below.clear();
  }
}

} // namespace kronvec

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

/// Releases the operands of a dying node, and of every node that dies with it, without recursion and without memory: a
/// node that is being taken apart holds in its first operand the node that it was reached from.
template <class Node> void release_operands(std::vector<std::shared_ptr<const Node>> operands) {
  std::shared_ptr<const Node> open, next; // the innermost node that is being taken apart, and the one to release next
  const auto below = [](const std::shared_ptr<const Node> &node) -> auto & {
    return const_cast<Node &>(*node).operands; // the last owner may take the node apart
  };
  for (;;) {
    if (next && next.use_count() == 1 && !next->operands.empty()) {
      std::swap(open, below(next)[0]); // `open` is now the first operand, which is released next
      std::swap(open, next);
    } else if (auto &rest = open ? below(open) : operands; rest.size() > (open ? 1 : 0)) {
      next = std::move(rest.back());
      rest.pop_back();
    } else if (open) {
      next = nullptr;
      auto outer = std::move(rest[0]);
      rest.clear();
      open = std::move(outer);
    } else {
      return;
    }
  }
}

} // namespace kronvec

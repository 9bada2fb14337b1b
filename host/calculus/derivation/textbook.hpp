#pragma once
/// The rules of differentials as a textbook writes them. They differ from rules.cpp only for functions that evaluation
/// decomposes for numerical stability: tanh′ = 1 − tanh², the softmax, d(X ⊗ Y) = dX ⊗ Y + X ⊗ dY.

#include "calculus/differential/differential.hpp"

#include <functional>
#include <string_view>

namespace kronvec::derivation {

/// The differential of U as a function `d` of U, for printing only.
inline Expression d(const Expression &u) { return named_function("d", {u}); }

/// The differential of one node, given those of its arguments (interning.hpp).
Differential textbook_rule(const NodePtr &node, const std::vector<Differential> &arguments);
/// dF, with dX as the seed.
Differential textbook_differential(const Expression &f, const Expression &x);

struct RuleName {
  std::string_view name;   ///< "product rule"
  std::string_view ledger; ///< its row, "D2"
};
/// The name of the rule for a node's differential. `depends` tells which of its arguments depend on X.
RuleName rule_name(const Node &node, const std::function<bool(const NodePtr &)> &depends);
/// Whether the rule applies to the argument in the same line: a product within a product, squares within a sum.
bool goes_on(const Node &node, const Node &argument);
/// Whether the rule only moves the d inside, as in d(U + V) = dU + dV.
bool is_linear(const Node &node);
/// A remark on a node's differential, such as where it does not exist; empty if there is none.
std::string_view remark(const Node &node);

} // namespace kronvec::derivation

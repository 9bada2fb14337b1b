#pragma once
/// The rules of differentials as a textbook writes them. They are those of rules.cpp but for functions that evaluation
/// takes apart for stability's sake: tanh′ = 1 − tanh², the softmax, d(X ⊗ Y) = dX ⊗ Y + X ⊗ dY.

#include "calculus/differential.hpp"

#include <functional>
#include <string_view>

namespace kronvec::derivation {

/// The differential of one node, given those of its arguments (interning.hpp).
Differential textbook_rule(const NodePtr &node, const std::vector<Differential> &arguments);
/// dF, where the seed is dX.
Differential textbook_differential(const Expression &f, const Expression &x);

struct RuleName {
  std::string_view name;   ///< "product rule"
  std::string_view ledger; ///< its row, "D2"
};
/// Of the rule that takes a node's differential, where `depends` says which of its arguments depend on X.
RuleName rule_name(const Node &node, const std::function<bool(const NodePtr &)> &depends);
/// The same rule at once: of a product in a product, of squares in a sum.
bool goes_on(const Node &node, const Node &argument);
/// Whether the rule only moves the d inside, as d(U + V) = dU + dV does.
bool is_linear(const Node &node);
/// What has to be said of a node's differential, such as where it does not exist; or nothing.
std::string_view remark(const Node &node);

} // namespace kronvec::derivation

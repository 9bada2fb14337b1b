#pragma once
/// Rewrites expressions by the rules.

#include "calculus/expression/interning.hpp"
#include "calculus/rewriting/cost.hpp"
#include "calculus/rewriting/rules.hpp"

namespace kronvec::rewriting {

/// The cost of computing F, given the nodes in `known`.
using Cost = double (*)(const Expression &f, const std::unordered_set<const Node *> &known);

/// One use of a rule.
struct Application {
  const Rule *rule;
  Expression before, after;
};

class Rewriter {
public:
  explicit Rewriter(Cost cost = work) : cost_(cost) {}
  /// F with each node, from the arguments to the root, rewritten by the first rule that fits, until none fits. Takes
  /// time in proportion to the number of nodes.
  Expression operator()(const Expression &f);
  /// The rules that were used, in order.
  const std::vector<Application> &applied() const { return applied_; }

private:
  std::optional<Expression> rewritten_once(const Expression &f);

  Cost cost_;
  Interner interner_;
  std::vector<Application> applied_;
};

} // namespace kronvec::rewriting

namespace kronvec::inline KRONVEC_ABI {

/// F, rewritten so that it can be computed better: the form that values and derivatives are computed from.
Expression rewritten(const Expression &f);

} // namespace kronvec

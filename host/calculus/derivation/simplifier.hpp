#pragma once
/// Rewrites symbolic expressions by the identities of the ledger, as a person tidies up after differentiating.
///
/// Every part is simplified once, after its arguments. A product is a chain (monomial.hpp) whose neighbours are merged.
/// A sum is a list of products whose common factors are taken out. Nothing is multiplied out.

#include "calculus/derivation/monomial.hpp"
#include "calculus/expression/interning.hpp"

#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace kronvec::derivation {

/// One application of an identity.
struct AppliedIdentity {
  std::string_view rule;   ///< "(A ⊗ B)·(C ⊗ D) = A·C ⊗ B·D"
  std::string_view ledger; ///< its row, "K3"
  Expression before, after;
};

class Simplifier {
public:
  /// The simplified expression, interned. Its value is the same up to rounding.
  Expression operator()(const Expression &f);
  /// F unchanged, with interned parts.
  Expression as_written(const Expression &f) { return interner_(f); }
  /// The identities applied to products since the last call, in order.
  std::vector<AppliedIdentity> take_applied() { return std::exchange(applied_, {}); }

private:
  // By kind, from simplified arguments (simplifier.cpp).
  Expression simplified(const NodePtr &node, const std::vector<Expression> &u);
  /// U = c·V, where c holds U's number and scalars, and V is the rest. `put_together` forms c·V again.
  struct ScaledExpression {
    Monomial coefficient;
    Expression rest;
  };
  ScaledExpression taken_apart(const Expression &u);
  Expression put_together(const Monomial &coefficient, const Expression &rest);
  Expression transposed(const Expression &u);
  Expression transposed_product(const Monomial &m);
  Expression entrywise_product(const Expression &u, const Expression &v);
  Expression inner_product(const Expression &u, const Expression &v);
  Expression summed(const Expression &u);
  Expression traced(const Expression &u);
  Expression kronecker_product(const Expression &u, const Expression &v);
  Expression diagonal(const Expression &v);
  Expression reshaped(const Expression &u, Shape shape);
  Expression extracted(const Expression &u, Window window, Shape shape);
  Expression product(const Expression &u, const Expression &v);

  // Chains (chain_rules.cpp).
  struct ChainRule;
  static const std::vector<ChainRule> &chain_rules();
  Monomial reduced(Monomial m);
  /// The result of the first rule that fits two neighbours.
  std::optional<Expression> merged(const Expression &a, const Expression &b);
  std::optional<Expression> merge_kronecker(const Expression &a, const Expression &b);
  std::optional<Expression> absorb(const Expression &a, const Expression &b);
  std::optional<Expression> sum_of_column(const Expression &a, const Expression &b);
  std::optional<Expression> merge_commutations(const Expression &a, const Expression &b);
  std::optional<Expression> move_commutation(const Expression &a, const Expression &b);
  std::optional<Expression> merge_diagonals(const Expression &a, const Expression &b);
  std::optional<Expression> cancel_inverse(const Expression &a, const Expression &b);
  std::optional<Expression> kronecker_on_vec(const Expression &a, const Expression &b);
  std::optional<Expression> commutation_on_vec(const Expression &a, const Expression &b);
  std::optional<Expression> diagonal_on_vec(const Expression &a, const Expression &b);

  // Sums (sum_rules.cpp).
  Expression sum(std::vector<Monomial> terms);
  void append(std::vector<Monomial> &terms, double factor, const Expression &u) const;
  bool join_equal(std::vector<Monomial> &terms);
  bool join_scalars(std::vector<Monomial> &terms);
  bool take_out(std::vector<Monomial> &terms, bool right);
  bool join_kronecker(std::vector<Monomial> &terms);
  bool join_diagonals(std::vector<Monomial> &terms);

  Expression unique(const Expression &f) { return interner_(f); }
  void note(std::string_view rule, std::string_view ledger, const Expression &before, const Expression &after);

  Interner interner_;
  std::unordered_map<const Node *, Expression> done_;
  std::vector<NodePtr> kept_; ///< keeps alive the nodes whose addresses are keys of `done_`
  std::vector<AppliedIdentity> applied_;
};

} // namespace kronvec::derivation

#pragma once
/// The identities of operators as rules. A rule gets two neighbours and returns their product (sum, …), or null if it
/// does not apply.

#include "algebra/composed.hpp"
#include "core/readable.hpp"

#include <fmt/format.h>

namespace kronvec::algebra {

/// A number that stands for what a rule looks at.
using RuleKey = std::size_t;

template <class T> struct Rule {
  const char *statement, *ledger;
  NodePtr<T> (*apply)(const NodePtr<T> &a, const NodePtr<T> &b);
  bool must_save = false; ///< apply it only if the result has less work, or as much with fewer operators
  /// For rules of sums: the rule may only fit two terms that share a key.
  std::vector<RuleKey> (*keys)(const NodePtr<T> &a) = nullptr;
  bool fits_any = false; ///< if one of two terms has a key, the rule fits them
};

/// Rules for a·b.
template <class T> std::span<const Rule<T>> product_rules();
/// Rules for a + b.
template <class T> std::span<const Rule<T>> sum_rules();
/// Rules for a ⊗ b.
template <class T> std::span<const Rule<T>> kronecker_rules();
/// Rules for a ⊕ b.
template <class T> std::span<const Rule<T>> direct_sum_rules();

/// Whether two operators are recognisably the same: equal structure, with the same matrix objects in the same places.
template <class T> bool same(const NodePtr<T> &a, const NodePtr<T> &b);

/// Equal for operators that are the same.
template <class T> RuleKey key_of(const NodePtr<T> &a);
/// A key for this one and those before it.
inline RuleKey with(RuleKey before, RuleKey key) { return before * 0x9e3779b97f4a7c15 + (key ^ key >> 31); }

/// The node as a `Kind`, or null if it is of another kind.
template <class Kind, class T> const Kind *as(const NodePtr<T> &node) { return dynamic_cast<const Kind *>(node.get()); }

/// n if `a` is N[n] or K[n,n], which are symmetric in the two indices of the vec of an n×n matrix. Otherwise −1.
template <class T> Index symmetric_size(const NodePtr<T> &a);

/// The factor of a multiple of an operator, and the operator.
template <class T> std::pair<T, NodePtr<T>> parts(const NodePtr<T> &a) {
  if (const auto *scaled = as<Scaled<T>>(a)) return {scaled->scale(), scaled->a()};
  return {T(1), a};
}

/// "(A·B)": the name of a matrix that has been computed from two. Of long names it has the beginning and the end.
template <class T> std::string computed(const Node<T> &a, const char *sign, const Node<T> &b) {
  return both_ends(fmt::format("({}{}{})", a.text(), sign, b.text()), 100);
}

// Combinations, flattened as by the public functions.
template <class T> NodePtr<T> product(const NodePtr<T> &a, const NodePtr<T> &b) {
  return (Operator<T>(a) * Operator<T>(b)).node();
}
template <class T> NodePtr<T> sum(const NodePtr<T> &a, const NodePtr<T> &b) {
  return (Operator<T>(a) + Operator<T>(b)).node();
}
/// A product or a sum of parts that are none themselves.
template <class Kind, class T> NodePtr<T> combined(std::vector<NodePtr<T>> parts) {
  if (parts.size() == 1) return parts.front();
  return std::make_shared<Kind>(std::move(parts));
}
template <class T> NodePtr<T> multiple(T alpha, const NodePtr<T> &a) { return (alpha * Operator<T>(a)).node(); }
template <class T> Operators<T> operators_of(const std::vector<NodePtr<T>> &nodes) {
  return {nodes.begin(), nodes.end()};
}

} // namespace kronvec::algebra

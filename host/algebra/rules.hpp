#pragma once
/// The identities of operators as rules. A rule gets two neighbours and returns their product (sum, …), or null if it
/// does not apply.

#include "algebra/composed.hpp"

#include <fmt/format.h>

namespace kronvec::algebra {

template <class T> struct Rule {
  const char *statement, *ledger;
  NodePtr<T> (*apply)(const NodePtr<T> &a, const NodePtr<T> &b);
  bool must_save = false; ///< apply it only if the result has less work, or as much with fewer operators
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

/// The node as a `Kind`, or null if it is of another kind.
template <class Kind, class T> const Kind *as(const NodePtr<T> &node) { return dynamic_cast<const Kind *>(node.get()); }

/// n if `a` is N[n] or K[n,n], which are symmetric in the two indices of the vec of an n×n matrix. Otherwise −1.
template <class T> Index symmetric_size(const NodePtr<T> &a);

/// The factor of a multiple of an operator, and the operator.
template <class T> std::pair<T, NodePtr<T>> parts(const NodePtr<T> &a) {
  if (const auto *scaled = as<Scaled<T>>(a)) return {scaled->scale(), scaled->a()};
  return {T(1), a};
}

/// "(A·B)": the name of a matrix that has been computed from two.
template <class T> std::string computed(const Node<T> &a, const char *sign, const Node<T> &b) {
  return fmt::format("({}{}{})", a.text(), sign, b.text());
}

// Combinations, flattened as by the public functions.
template <class T> NodePtr<T> product(const NodePtr<T> &a, const NodePtr<T> &b) {
  return (Operator<T>(a) * Operator<T>(b)).node();
}
template <class T> NodePtr<T> sum(const NodePtr<T> &a, const NodePtr<T> &b) {
  return (Operator<T>(a) + Operator<T>(b)).node();
}
template <class T> NodePtr<T> multiple(T alpha, const NodePtr<T> &a) { return (alpha * Operator<T>(a)).node(); }
template <class T> Operators<T> operators_of(const std::vector<NodePtr<T>> &nodes) {
  return {nodes.begin(), nodes.end()};
}

} // namespace kronvec::algebra

#pragma once
/// The identities of operators as rules. Each looks at two neighbours, and gives what their product (sum, …) is, or
/// nothing where it does not apply.

#include "algebra/composed.hpp"

#include <fmt/format.h>

namespace kronvec::algebra {

template <class T> struct Rule {
  const char *statement, *ledger;
  NodePtr<T> (*apply)(const NodePtr<T> &a, const NodePtr<T> &b);
  bool must_save = false; ///< whether it is worth it only where less is left in the end: of work, or else of operators
};

/// Of a·b.
template <class T> std::span<const Rule<T>> product_rules();
/// Of a + b.
template <class T> std::span<const Rule<T>> sum_rules();
/// Of a ⊗ b.
template <class T> std::span<const Rule<T>> kronecker_rules();
/// Of a ⊕ b.
template <class T> std::span<const Rule<T>> direct_sum_rules();

/// Whether two operators are seen to be the same: of the same structure, with the same matrices in the same places.
template <class T> bool same(const NodePtr<T> &a, const NodePtr<T> &b);

/// The node as a kind, or null.
template <class Kind, class T> const Kind *as(const NodePtr<T> &node) { return dynamic_cast<const Kind *>(node.get()); }

/// n for what is symmetric in the two indices of a vec of n×n: N[n] and K[n,n]. Otherwise −1.
template <class T> Index symmetric_size(const NodePtr<T> &a);

/// An operator and what it is multiplied by.
template <class T> std::pair<T, NodePtr<T>> parts(const NodePtr<T> &a) {
  if (const auto *scaled = as<Scaled<T>>(a)) return {scaled->scale(), scaled->a()};
  return {T(1), a};
}

/// "(A·B)": how a matrix is called that has been computed from two.
template <class T> std::string computed(const Node<T> &a, const char *sign, const Node<T> &b) {
  return fmt::format("({}{}{})", a.text(), sign, b.text());
}

// Combinations, flattened, as the public functions make them.
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

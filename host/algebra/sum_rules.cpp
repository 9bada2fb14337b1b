/// Rules for sums, Kronecker products and direct sums of operators.

#include "algebra/rules.hpp"

#include "algebra/composed.hpp"
#include "algebra/dense.hpp"
#include "algebra/kronecker.hpp"
#include "algebra/structured.hpp"

#include <algorithm>

namespace kronvec::algebra {
namespace {

template <class T> NodePtr<T> zero_plus(const NodePtr<T> &a, const NodePtr<T> &b) {
  return as<Zero<T>>(a) ? b : as<Zero<T>>(b) ? a : nullptr;
}

template <class T> std::vector<RuleKey> keys_of_zero(const NodePtr<T> &a) {
  return as<Zero<T>>(a) ? std::vector<RuleKey>{0} : std::vector<RuleKey>();
}

template <class T> NodePtr<T> multiples(const NodePtr<T> &a, const NodePtr<T> &b) {
  const auto [alpha, u] = parts<T>(a);
  const auto [beta, v] = parts<T>(b);
  if (!same<T>(u, v)) return nullptr;
  if (alpha + beta == T(0)) return std::make_shared<Zero<T>>(a->shape(), a->device());
  return multiple<T>(alpha + beta, u);
}

template <class T> std::vector<RuleKey> keys_of_multiple(const NodePtr<T> &a) {
  return {key_of<T>(parts<T>(a).second)};
}

template <class T> NodePtr<T> identity_plus_commutation(const NodePtr<T> &a, const NodePtr<T> &b) {
  const auto [alpha, u] = parts<T>(a);
  const auto [beta, v] = parts<T>(b);
  const auto &k = as<Identity<T>>(u) ? v : u;
  const bool one_each = (as<Identity<T>>(u) && as<Commutation<T>>(v)) || (as<Commutation<T>>(u) && as<Identity<T>>(v));
  if (!one_each || alpha != beta || symmetric_size<T>(k) < 0) return nullptr;
  return multiple<T>(T(2) * alpha, std::make_shared<Symmetrizer<T>>(symmetric_size<T>(k), a->device()));
}

template <class T> std::vector<RuleKey> keys_of_symmetric(const NodePtr<T> &a) {
  const auto u = parts<T>(a).second;
  const bool may_be = as<Identity<T>>(u) || (as<Commutation<T>>(u) && symmetric_size<T>(u) >= 0);
  return may_be ? std::vector<RuleKey>{0} : std::vector<RuleKey>();
}

/// A ⊗ B + A ⊗ C = A ⊗ (B + C): the two terms differ in exactly one factor.
template <class T> NodePtr<T> common_factor(const NodePtr<T> &a, const NodePtr<T> &b) {
  const auto [alpha, x] = parts<T>(a);
  const auto [beta, y] = parts<T>(b);
  const auto *u = as<Kronecker<T>>(x), *v = as<Kronecker<T>>(y);
  if (!u || !v || u->parts().size() != v->parts().size()) return nullptr;
  std::vector<NodePtr<T>> factors = u->parts();
  int different = 0;
  for (std::size_t f = 0; f < factors.size(); ++f) {
    const NodePtr<T> &other = v->parts()[f];
    if (same<T>(factors[f], other)) continue;
    if (factors[f]->shape() != other->shape() || ++different > 1) return nullptr;
    factors[f] = sum<T>(alpha == T(1) ? factors[f] : multiple<T>(alpha, factors[f]),
                        beta == T(1) ? other : multiple<T>(beta, other));
  }
  return different == 1 ? kronvec::kron(operators_of<T>(factors)).node() : nullptr;
}

/// One key for each factor: all other factors, and its shape.
template <class T> std::vector<RuleKey> keys_of_factors(const NodePtr<T> &a) {
  std::vector<RuleKey> keys;
  const NodePtr<T> x = parts<T>(a).second;
  const auto *kronecker = as<Kronecker<T>>(x);
  for (std::size_t different = 0; kronecker && different < kronecker->parts().size(); ++different) {
    RuleKey key = different;
    for (std::size_t f = 0; f < kronecker->parts().size(); ++f) {
      const NodePtr<T> &factor = kronecker->parts()[f];
      key = with(key, f == different ? static_cast<RuleKey>(factor->rows()) : key_of<T>(factor));
    }
    keys.push_back(key);
  }
  return keys;
}

template <class T> NodePtr<T> direct_sums_added(const NodePtr<T> &a, const NodePtr<T> &b) {
  const auto *u = as<DirectSum<T>>(a), *v = as<DirectSum<T>>(b);
  const auto alike = [](const NodePtr<T> &x, const NodePtr<T> &y) { return x->shape() == y->shape(); };
  if (!u || !v || !std::equal(u->parts().begin(), u->parts().end(), v->parts().begin(), v->parts().end(), alike))
    return nullptr;
  Operators<T> blocks;
  for (std::size_t k = 0; k < u->parts().size(); ++k)
    blocks.push_back(Operator<T>(sum<T>(u->parts()[k], v->parts()[k])));
  return kronvec::direct_sum(blocks).node();
}

template <class T> std::vector<RuleKey> keys_of_direct_sum(const NodePtr<T> &a) {
  const auto *u = as<DirectSum<T>>(a);
  if (!u) return {};
  RuleKey key = u->parts().size();
  for (const NodePtr<T> &block : u->parts())
    key = with(with(key, static_cast<RuleKey>(block->rows())), static_cast<RuleKey>(block->cols()));
  return {key};
}

/// The sum of two matrices, or of two diagonal matrices, as one matrix.
template <class T> NodePtr<T> matrices_added(const NodePtr<T> &a, const NodePtr<T> &b) {
  const auto [alpha, x] = parts<T>(a);
  const auto [beta, y] = parts<T>(b);
  const auto *u = as<Diagonal<T>>(x), *v = as<Diagonal<T>>(y);
  if (u && v) {
    auto d = Matrix<T>::uninitialized(a->rows(), 1, a->device());
    a->primitives().add(alpha, u->entries().view(), beta, v->entries().view(), d.view());
    return std::make_shared<Diagonal<T>>(std::make_shared<const Matrix<T>>(std::move(d)), computed(*a, " + ", *b));
  }
  if (!as<Dense<T>>(x) || !as<Dense<T>>(y)) return nullptr;
  auto left = Matrix<T>::uninitialized(a->rows(), a->cols(), a->device());
  auto right = Matrix<T>::uninitialized(a->rows(), a->cols(), a->device());
  x->window(0, 0, left), y->window(0, 0, right);
  a->primitives().add(alpha, BatchView<T>(left.view()), beta, BatchView<T>(right.view()), left.view());
  return std::make_shared<Dense<T>>(std::move(left), computed(*a, " + ", *b));
}

template <class T> std::vector<RuleKey> keys_of_matrix(const NodePtr<T> &a) {
  const NodePtr<T> x = parts<T>(a).second;
  return as<Dense<T>>(x)      ? std::vector<RuleKey>{0}
         : as<Diagonal<T>>(x) ? std::vector<RuleKey>{1}
                              : std::vector<RuleKey>();
}

// Kronecker products and direct sums.

template <class T> NodePtr<T> identities(const NodePtr<T> &a, const NodePtr<T> &b) {
  if (!as<Identity<T>>(a) || !as<Identity<T>>(b)) return nullptr;
  return std::make_shared<Identity<T>>(Shape{a->rows(), b->rows()}.size(), a->device());
}

template <class T> NodePtr<T> one_times(const NodePtr<T> &a, const NodePtr<T> &b) {
  if (as<Identity<T>>(a) && a->rows() == 1) return b;
  return as<Identity<T>>(b) && b->rows() == 1 ? a : nullptr;
}

template <class T> NodePtr<T> zero_kronecker(const NodePtr<T> &a, const NodePtr<T> &b) {
  if (!as<Zero<T>>(a) && !as<Zero<T>>(b)) return nullptr;
  return std::make_shared<Zero<T>>(Shape{Shape{a->rows(), b->rows()}.size(), Shape{a->cols(), b->cols()}.size()},
                                   a->device());
}

template <class T> NodePtr<T> adjacent_identities(const NodePtr<T> &a, const NodePtr<T> &b) {
  if (!as<Identity<T>>(a) || !as<Identity<T>>(b)) return nullptr;
  return std::make_shared<Identity<T>>(a->rows() + b->rows(), a->device());
}

} // namespace

template <class T> std::span<const Rule<T>> sum_rules() {
  static constexpr Rule<T> rules[] = {
      {"A + 0 = A", "", zero_plus<T>, false, keys_of_zero<T>, true},
      {"αA + βA = (α + β)A", "", multiples<T>, false, keys_of_multiple<T>},
      {"I + K[n,n] = 2·N", "", identity_plus_commutation<T>, false, keys_of_symmetric<T>},
      {"A ⊗ B + A ⊗ C = A ⊗ (B + C)", "K4", common_factor<T>, true, keys_of_factors<T>},
      {"(A ⊕ B) + (C ⊕ D) = (A + C) ⊕ (B + D)", "K9", direct_sums_added<T>, false, keys_of_direct_sum<T>},
      {"two matrices, added once", "", matrices_added<T>, true, keys_of_matrix<T>},
  };
  return rules;
}

template <class T> std::span<const Rule<T>> kronecker_rules() {
  static constexpr Rule<T> rules[] = {
      {"I[1] ⊗ A = A ⊗ I[1] = A", "", one_times<T>},
      {"I[m] ⊗ I[n] = I[mn]", "", identities<T>},
      {"0 ⊗ A = 0", "", zero_kronecker<T>},
  };
  return rules;
}

template <class T> std::span<const Rule<T>> direct_sum_rules() {
  static constexpr Rule<T> rules[] = {{"I[m] ⊕ I[n] = I[m + n]", "", adjacent_identities<T>}};
  return rules;
}

template std::span<const Rule<float>> sum_rules();
template std::span<const Rule<float>> kronecker_rules();
template std::span<const Rule<float>> direct_sum_rules();
template std::span<const Rule<double>> sum_rules();
template std::span<const Rule<double>> kronecker_rules();
template std::span<const Rule<double>> direct_sum_rules();
template std::span<const Rule<std::complex<float>>> sum_rules();
template std::span<const Rule<std::complex<float>>> kronecker_rules();
template std::span<const Rule<std::complex<float>>> direct_sum_rules();
template std::span<const Rule<std::complex<double>>> sum_rules();
template std::span<const Rule<std::complex<double>>> kronecker_rules();
template std::span<const Rule<std::complex<double>>> direct_sum_rules();

} // namespace kronvec::algebra

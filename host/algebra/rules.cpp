/// Helpers of the rules: when two operators are the same.

#include "algebra/rules.hpp"

#include "algebra/composed.hpp"
#include "algebra/dense.hpp"
#include "algebra/kronecker.hpp"
#include "algebra/structured.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <typeinfo>

namespace kronvec::algebra {
namespace {

/// Whether the operator has no entries of its own: its text says all.
template <class T> bool has_structure(const NodePtr<T> &a) {
  return as<Identity<T>>(a) || as<Zero<T>>(a) || as<Commutation<T>>(a) || as<Symmetrizer<T>>(a) || as<Triangular<T>>(a);
}

} // namespace

template <class T> bool same(const NodePtr<T> &a, const NodePtr<T> &b) {
  if (a == b) return true;
  if (a->shape() != b->shape()) return false;
  if (const auto *x = as<Dense<T>>(a)) return as<Dense<T>>(b) && x->is(*as<Dense<T>>(b));
  if (const auto *x = as<Diagonal<T>>(a)) return as<Diagonal<T>>(b) && &x->entries() == &as<Diagonal<T>>(b)->entries();
  if (const auto *x = as<Scaled<T>>(a)) {
    const auto *y = as<Scaled<T>>(b);
    return y && x->scale() == y->scale() && same<T>(x->a(), y->a());
  }
  if (const auto *x = as<Combined<T>>(a)) {
    const auto *y = as<Combined<T>>(b);
    return y && typeid(*x) == typeid(*y) &&
           std::equal(x->parts().begin(), x->parts().end(), y->parts().begin(), y->parts().end(), same<T>);
  }
  return has_structure<T>(a) && a->text() == b->text();
}

template <class T> RuleKey key_of(const NodePtr<T> &a) {
  const auto of_address = [](const void *address) { return std::hash<const void *>()(address); };
  RuleKey key = with(static_cast<RuleKey>(a->rows()), static_cast<RuleKey>(a->cols()));
  if (const auto *x = as<Dense<T>>(a)) return with(key, of_address(x->matrix()));
  if (const auto *x = as<Diagonal<T>>(a)) return with(key, of_address(&x->entries()));
  if (const auto *x = as<Scaled<T>>(a)) {
    const auto of_number = std::hash<decltype(std::real(T{}))>();
    return with(with(with(key, of_number(std::real(x->scale()))), of_number(std::imag(x->scale()))), key_of<T>(x->a()));
  }
  if (const auto *x = as<Combined<T>>(a)) {
    for (const NodePtr<T> &part : x->parts())
      key = with(key, key_of<T>(part));
    return key;
  }
  return has_structure<T>(a) ? with(key, std::hash<std::string>()(a->text())) : with(key, of_address(a.get()));
}

template <class T> Index symmetric_size(const NodePtr<T> &a) {
  if (const auto *n = as<Symmetrizer<T>>(a)) return n->n();
  const auto *k = as<Commutation<T>>(a);
  return k && k->m() == k->n() ? k->n() : -1;
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template bool same(const NodePtr<T> &, const NodePtr<T> &);                                                          \
  template RuleKey key_of(const NodePtr<T> &);                                                                         \
  template Index symmetric_size(const NodePtr<T> &);
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)
KRONVEC_INSTANTIATE(std::complex<float>)
KRONVEC_INSTANTIATE(std::complex<double>)

} // namespace kronvec::algebra

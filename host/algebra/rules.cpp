#include "algebra/rules.hpp"

#include "algebra/composed.hpp"
#include "algebra/dense.hpp"
#include "algebra/kronecker.hpp"
#include "algebra/structured.hpp"

#include <algorithm>

namespace kronvec::algebra {

namespace {

/// What a combination is made of, where it is one of the kind.
template <class Kind, class T> const std::vector<NodePtr<T>> *list(const NodePtr<T> &a, auto parts) {
  const auto *kind = as<Kind>(a);
  return kind ? &(kind->*parts)() : nullptr;
}

template <class Kind, class T> bool same_parts(const NodePtr<T> &a, const NodePtr<T> &b, auto parts) {
  const auto *u = list<Kind>(a, parts), *v = list<Kind>(b, parts);
  return u && v &&
         std::equal(u->begin(), u->end(), v->begin(), v->end(), [](auto &x, auto &y) { return same<T>(x, y); });
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
  if (same_parts<Kronecker<T>>(a, b, &Kronecker<T>::factors) ||
      same_parts<Composition<T>>(a, b, &Composition<T>::factors) || same_parts<Sum<T>>(a, b, &Sum<T>::terms) ||
      same_parts<DirectSum<T>>(a, b, &DirectSum<T>::blocks))
    return true;
  const bool structure =
      as<Identity<T>>(a) || as<Zero<T>>(a) || as<Commutation<T>>(a) || as<Symmetrizer<T>>(a) || as<Triangular<T>>(a);
  return structure && a->text() == b->text();
}

template <class T> Index symmetric_size(const NodePtr<T> &a) {
  if (const auto *n = as<Symmetrizer<T>>(a)) return n->n();
  const auto *k = as<Commutation<T>>(a);
  return k && k->m() == k->n() ? k->n() : -1;
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template bool same(const NodePtr<T> &, const NodePtr<T> &);                                                          \
  template Index symmetric_size(const NodePtr<T> &);
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)
KRONVEC_INSTANTIATE(std::complex<float>)
KRONVEC_INSTANTIATE(std::complex<double>)

} // namespace kronvec::algebra

#include "algebra/rules.hpp"

#include "algebra/composed.hpp"
#include "algebra/dense.hpp"
#include "algebra/kronecker.hpp"
#include "algebra/structured.hpp"

#include <algorithm>

namespace kronvec::algebra {

template <class T> bool same(const NodePtr<T> &a, const NodePtr<T> &b) {
  const auto all_same = [](const auto &u, const auto &v) {
    return std::equal(u.begin(), u.end(), v.begin(), v.end(), [](auto &x, auto &y) { return same<T>(x, y); });
  };
  if (a == b) return true;
  if (const auto *x = as<Dense<T>>(a)) return as<Dense<T>>(b) && x->is(*as<Dense<T>>(b));
  if (const auto *x = as<Kronecker<T>>(a))
    return as<Kronecker<T>>(b) && all_same(x->factors(), as<Kronecker<T>>(b)->factors());
  if (const auto *x = as<Composition<T>>(a))
    return as<Composition<T>>(b) && all_same(x->factors(), as<Composition<T>>(b)->factors());
  const bool structure =
      as<Identity<T>>(a) || as<Zero<T>>(a) || as<Commutation<T>>(a) || as<Symmetrizer<T>>(a) || as<Triangular<T>>(a);
  return structure && a->text() == b->text();
}

/// What is symmetric in the two indices of vec: N, K[n,n]; and n itself.
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

#pragma once
/// A chain: a few entrywise operations in one pass over memory. Each operand is read once and each result written once.

#include "kernels/elementwise.hpp"

namespace kronvec::kernels {

/// One operation of a chain, on registers.
template <class T> struct Link {
  enum class Kind : signed char {
    affine,      ///< α·a + β
    add,         ///< α·a + β·b
    binary,      ///< a op b
    elementwise, ///< f(a); α is pow's exponent
  };
  Kind kind = Kind::affine;
  Binary op = {};
  Function function = {};
  int a = 0, b = 0;
  T alpha = 0, beta = 0;
};

template <class T> KRONVEC_HOST_DEVICE T apply(const Link<T> &link, T a, T b) {
  switch (link.kind) {
  case Link<T>::Kind::affine:
    return link.alpha * a + link.beta;
  case Link<T>::Kind::add:
    return link.alpha * a + link.beta * b;
  case Link<T>::Kind::binary:
    return apply(link.op, a, b);
  case Link<T>::Kind::elementwise:
    return apply(link.function, link.alpha, a);
  }
  return a;
}

/// Registers 0 … inputs − 1 hold the entries of the inputs; register inputs + k holds the result of link k.
template <class T> struct Chain {
  static constexpr int max_inputs = 6, max_links = 8, max_outputs = 4;
  int inputs = 0, links = 0, outputs = 0;
  Link<T> link[max_links] = {};
  int output[max_outputs] = {}; ///< the registers that hold the results
};

} // namespace kronvec::kernels

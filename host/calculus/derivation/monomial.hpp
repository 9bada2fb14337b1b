#pragma once
/// Products as lists: c · s₁·s₂·… · M₁·M₂·…, a number, scalars and a chain of matrices.

#include "calculus/expression/node.hpp"

#include <vector>

namespace kronvec::derivation {

struct Monomial {
  double number = 1;
  std::vector<Expression> scalars = {};  ///< 1×1 each, in any order
  std::vector<Expression> matrices = {}; ///< an empty list is the identity
  Shape shape = {1, 1};

  bool is_scalar() const { return shape == Shape{1, 1}; }
};

/// The monomial of an expression whose parts are simplified.
Monomial monomial_of(const Expression &f);
/// The monomial as an expression: number first, then scalars, then matrices.
Expression expression_of(const Monomial &m);
/// Concatenates the chains. If one chain is a scalar, it joins the scalars of the other monomial.
Monomial operator*(Monomial a, const Monomial &b);

bool same(const Expression &a, const Expression &b);
/// Whether both have the same scalars (or matrices), apart from their numbers.
bool same_scalars(const Monomial &a, const Monomial &b);
bool same_matrices(const Monomial &a, const Monomial &b);

bool is(const Expression &f, Kind kind);
/// Whether F is function `name` of anything.
bool is_function(const Expression &f, const char *name);
Expression argument(const Expression &f, std::size_t i);

} // namespace kronvec::derivation

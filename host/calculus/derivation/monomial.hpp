#pragma once
/// Products as lists: c · s₁·s₂·… · M₁·M₂·…, a number, scalars and a chain of matrices.

#include "calculus/node.hpp"

#include <vector>

namespace kronvec::derivation {

struct Monomial {
  double number = 1;
  std::vector<Expression> scalars = {};  ///< 1×1 each; in any order
  std::vector<Expression> matrices = {}; ///< none of them: the identity
  Shape shape = {1, 1};

  bool is_scalar() const { return shape == Shape{1, 1}; }
};

/// Of an expression whose parts are simplified.
Monomial monomial_of(const Expression &f);
/// The same as an expression, number first, then scalars.
Expression expression_of(const Monomial &m);
/// The chains one after the other; a scalar one goes to the scalars of the other.
Monomial operator*(Monomial a, const Monomial &b);

bool same(const Expression &a, const Expression &b);
/// Whether both are products of the same things, whatever their numbers.
bool same_scalars(const Monomial &a, const Monomial &b);
bool same_matrices(const Monomial &a, const Monomial &b);

bool is(const Expression &f, Kind kind);
/// Whether F is function `name` of something, and its arguments.
bool is_function(const Expression &f, const char *name);
Expression argument(const Expression &f, std::size_t i);

} // namespace kronvec::derivation

/// One seed for one variable, for several, and for a symmetric one.

#include "calculus/jacobian/seeds.hpp"

#include "kronvec/triangle.hpp"

namespace kronvec::detail {
namespace {

/// The symmetric matrix with this lower triangle: L + Lᵀ − I ⊙ L.
Differential mirrored(const Differential &lower, Index n) { return lower + transpose(lower) - hadamard(eye(n), lower); }

} // namespace

void require_variables(const Variables &variables) {
  if (variables.empty()) throw Error("a Jacobian needs a variable");
  for (std::size_t i = 0; i < variables.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (variables[i].symbol().node() == variables[k].symbol().node())
        throw Error("variable '" + variables[i].symbol().name() + "' is named twice");
}

Shape seed_shape(const Variables &variables) {
  if (variables.size() == 1 && !variables[0].is_symmetric()) return variables[0].symbol().shape();
  Index total = 0;
  for (const Variable &x : variables)
    total += x.size();
  return {total, 1};
}

Differentials seeded(const Variables &variables, bool square) {
  if (variables.size() == 1) {
    const Symbol &x = variables[0].symbol();
    if (!variables[0].is_symmetric()) return {{x, seed(x.shape())}};
    return {{x, mirrored(square ? seed(x.shape()) : unvech(seed(seed_shape(variables))), x.rows())}};
  }
  const Differential all = seed(seed_shape(variables));
  Differentials parts;
  Index offset = 0;
  for (const Variable &variable : variables) {
    const Symbol &x = variable.symbol();
    const Differential entries = extract(all, {offset, variable.size()}, {variable.size(), 1});
    parts.emplace_back(x, variable.is_symmetric() ? mirrored(unvech(entries), x.rows()) : reshape(entries, x.shape()));
    offset += variable.size();
  }
  return parts;
}

} // namespace kronvec::detail

namespace kronvec::inline KRONVEC_ABI {

Index Variable::size() const { return symmetric_ ? Triangle{}.entries(symbol_.rows()) : symbol_.shape().size(); }

Variable symmetric(const Symbol &x) {
  if (x.rows() != x.cols()) throw ShapeError("a symmetric variable is square, not " + to_string(x.shape()));
  Variable variable(x);
  variable.symmetric_ = true;
  return variable;
}

} // namespace kronvec

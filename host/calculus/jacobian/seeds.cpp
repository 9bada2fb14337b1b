/// One seed for one variable, for several, and for a symmetric one.

#include "calculus/jacobian/seeds.hpp"

namespace kronvec::detail {

Shape seed_shape(const std::vector<Symbol> &variables, Structure structure) {
  if (structure == Structure::symmetric) return {triangle(variables[0].rows()), 1};
  if (variables.size() == 1) return variables[0].shape();
  Index total = 0;
  for (const Symbol &x : variables)
    total += x.shape().size();
  return {total, 1};
}

Differentials seeded(const std::vector<Symbol> &variables, Structure structure, bool square) {
  if (structure == Structure::symmetric) {
    const Differential lower = square ? seed(variables[0].shape()) : unvech(seed(seed_shape(variables, structure)));
    return {{variables[0], lower + transpose(lower) - hadamard(eye(variables[0].rows()), lower)}};
  }
  const Differential all = seed(seed_shape(variables, structure));
  if (variables.size() == 1) return {{variables[0], all}};
  Differentials parts;
  Index offset = 0;
  for (const Symbol &x : variables) {
    const Index size = x.shape().size();
    parts.emplace_back(x, reshape(extract(all, {offset, size}, {size, 1}), x.shape()));
    offset += size;
  }
  return parts;
}

} // namespace kronvec::detail

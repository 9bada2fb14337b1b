#pragma once
/// Random expressions.

#include "tests/calculus/jacobian_checks.hpp"

#include <random>

namespace kronvec::testing {

/// Grows random expressions of a given shape over three symbols. All functions in them are smooth and of moderate size.
class Grower {
public:
  /// Without constants, there are more symbols instead.
  explicit Grower(std::uint64_t seed, bool constants = true) : random_(seed), constants_(constants) {
    for (const char *name : {"X", "A", "B"})
      symbols.emplace_back(name, side(), side());
  }

  Expression grow(Shape shape, int depth) {
    if (depth == 0) return leaf(shape);
    const auto again = [&](Shape s) { return grow(s, depth - 1 - pick(2) * (depth > 1)); };
    switch (pick(shape == Shape{1, 1} ? 22 : 19)) {
    case 0:
      return again(shape) + again(shape);
    case 1:
      return again(shape) - pick_number() * again(shape);
    case 2:
    case 3: {
      const Index inner = side();
      return again({shape.rows, inner}) * again({inner, shape.cols});
    }
    case 4:
      return transpose(again({shape.cols, shape.rows}));
    case 5:
      return hadamard(again(shape), again(shape));
    case 6:
      return quotient(again(shape), 2 + square(again(shape)));
    case 7:
      return again({1, 1}) * again(shape);
    case 8:
      return unvec(again({shape.cols, shape.rows}), shape.rows, shape.cols);
    case 9:
      return again(shape) * inverse(3 * eye(shape.cols) + tanh(again({shape.cols, shape.cols})));
    case 10: {
      static constexpr Function smooth[] = {Function::tanh, Function::sin,      Function::cos, Function::sigmoid,
                                            Function::atan, Function::softplus, Function::erf, Function::square};
      return elementwise(smooth[pick(std::size(smooth))], again(shape));
    }
    case 11:
      return softmax(again(shape));
    case 12: { // U ⊗ V for every shape that divides
      const Index rows = shape.rows % 2 ? 1 : 2, cols = shape.cols % 2 ? 1 : 2;
      return kron(again({rows, cols}), again({shape.rows / rows, shape.cols / cols}));
    }
    case 13:
      return again({shape.rows, 1}) * logsumexp(again({side(), shape.cols}));
    case 14:
      return khatri_rao(again({1, shape.cols}), again(shape));
    case 15:
      return diag(again({shape.rows, 1})) * again(shape) + again(shape) * diag(again({1, shape.cols}));
    case 16:
      if (shape.rows > 1 && shape.cols > 1) return direct_sum(again({1, 1}), again({shape.rows - 1, shape.cols - 1}));
      return transpose(vech(again({1, 1}))) * again(shape);
    case 17:
      return solve(4 * eye(shape.rows) + tanh(again({shape.rows, shape.rows})), again(shape));
    case 18: {
      const Expression u = tanh(again({shape.rows, shape.rows}));
      return (pick(2) ? expm(u) : cholesky(eye(shape.rows) + u * transpose(u))) * again(shape);
    }
    case 19:
      return sum(again({side(), side()}));
    case 20: {
      const Index n = side();
      const int which = pick(4);
      if (which == 0) return det(tanh(again({n, n})));
      if (which == 1) return logdet(3 * eye(n) + tanh(again({n, n})));
      return which == 2 ? trace(again({n, n})) : sum(vech(again({n, n}))) + sum(diag(again({n, n})));
    }
    default:
      return norm2(1 + square(again({side(), side()})));
    }
  }

  Index side() { return 1 + pick(4); }
  int pick(std::size_t n) { return static_cast<int>(std::uniform_int_distribution<std::size_t>(0, n - 1)(random_)); }

  std::vector<Symbol> symbols;

private:
  double pick_number() { return std::uniform_real_distribution<double>(-2, 2)(random_); }

  /// A symbol, multiplied by constants to get the shape, or a constant.
  Expression leaf(Shape shape) {
    const auto table = [&](Index rows, Index cols) -> Expression {
      if (constants_) return constant(Matrix<double>::random(rows, cols, random_()).view());
      return symbols.emplace_back("C" + std::to_string(symbols.size()), rows, cols);
    };
    if (pick(5) == 0) return table(shape.rows, shape.cols);
    const Symbol s = symbols[pick(2) ? 0 : pick(3)];
    if (s.shape() == shape) return s;
    return table(shape.rows, s.rows()) * s * table(s.cols(), shape.cols);
  }

  std::mt19937_64 random_;
  bool constants_;
};

inline Givens givens_of(const std::vector<Symbol> &symbols, std::uint64_t seed) {
  Givens givens;
  for (const Symbol &s : symbols)
    givens.push_back(given(s, seed + givens.size()));
  return givens;
}

} // namespace kronvec::testing

/// Random expressions, every method against the element method; random texts, which parse or throw and do no more.
/// KRONVEC_FUZZ_ROUNDS is the number of each (200 unless set); KRONVEC_FUZZ_SEED continues elsewhere.

#include "jacobian_checks.hpp"

#include <cstdlib>
#include <random>

namespace kronvec::testing {
namespace {

std::uint64_t setting(const char *name, std::uint64_t usual) {
  const char *text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : usual;
}

/// Grows expressions of a wanted shape over three symbols; all functions in them are smooth and of moderate size.
class Grower {
public:
  explicit Grower(std::uint64_t seed) : random_(seed) {
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
    case 12: { // U ⊗ V of every shape that divides
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

  /// A symbol brought to the shape by products with constants, or a constant.
  Expression leaf(Shape shape) {
    const auto table = [&](Index rows, Index cols) {
      return constant(Matrix<double>::random(rows, cols, random_()).view());
    };
    if (pick(5) == 0) return table(shape.rows, shape.cols);
    const Symbol &s = symbols[pick(2) ? 0 : pick(symbols.size())];
    if (s.shape() == shape) return s;
    return table(shape.rows, s.rows()) * s * table(s.cols(), shape.cols);
  }

  std::mt19937_64 random_;
};

TEST(Fuzz, MethodsAgreeOnRandomExpressions) {
  const std::uint64_t seed = setting("KRONVEC_FUZZ_SEED", 1), rounds = setting("KRONVEC_FUZZ_ROUNDS", 200);
  for (std::uint64_t round = seed; round < seed + rounds && !HasFailure(); ++round) {
    Grower grower(round);
    const Expression f = grower.grow({grower.side(), grower.side()}, 1 + grower.pick(5));
    SCOPED_TRACE("seed " + std::to_string(round) + ": " + to_string(f));
    Givens givens;
    for (const Symbol &s : grower.symbols)
      givens.push_back(given(s, round + givens.size()));
    const auto point = jacobian(f, grower.symbols[0]).at<double>(values_of(givens));
    const Matrix<double> oracle = point.to_dense({.method = Method::reference});
    EXPECT_TRUE(near(point.to_dense({.method = Method::forward}), oracle, 1e-9));
    EXPECT_TRUE(near(point.to_dense({.method = Method::reverse}), oracle, 1e-9));
    EXPECT_TRUE(near(point.to_dense({.method = Method::structured}), oracle, 1e-9));
  }
}

TEST(Fuzz, TextsParseOrThrow) {
  static constexpr const char *pieces[] = {"A",  "X",    "(", ")",   ",", "+",   "-",   "*",     ".*",   "/",
                                           "./", ".^",   "^", "'",   "2", "1e3", "exp", "unvec", "norm", "inv",
                                           " ",  "eye(", "$", "^-1", ".", "\n",  "",    "\xff"};
  const std::uint64_t seed = setting("KRONVEC_FUZZ_SEED", 1), rounds = setting("KRONVEC_FUZZ_ROUNDS", 200);
  const Symbol a("A", 3, 3), x("X", 3, 3);
  const Symbols symbols{{"A", a}, {"X", x}};
  std::uint64_t parsed = 0;
  for (std::uint64_t round = seed; round < seed + 20 * rounds; ++round) {
    std::mt19937_64 random(round);
    std::string text = round % 2 ? "A*exp(X*A)-2.*inv(X')" : "";
    for (auto length = random() % 12; length > 0; --length)
      text.insert(random() % (text.size() + 1), pieces[random() % std::size(pieces)]);
    try {
      const Expression f = parse(text, symbols);
      EXPECT_EQ(to_string(parse(to_string(f), symbols)), to_string(f)) << text;
      ++parsed;
    } catch (const SyntaxError &e) {
      EXPECT_LE(e.position(), text.size()) << text;
    } catch (const ShapeErrorAt &e) {
      EXPECT_LE(e.position(), text.size()) << text;
    }
  }
  EXPECT_GT(parsed, rounds / 10);
}

} // namespace
} // namespace kronvec::testing

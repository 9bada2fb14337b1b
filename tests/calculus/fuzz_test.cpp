/// Random expressions: every method is compared with the element method. Random texts: they parse or throw, and do
/// nothing else. KRONVEC_FUZZ_ROUNDS is the number of each (default 200); KRONVEC_FUZZ_SEED sets the seed.

#include "tests/calculus/grower.hpp"

#include <cstdlib>
#include <random>

namespace kronvec::testing {
namespace {

std::uint64_t setting(const char *name, std::uint64_t usual) {
  const char *text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : usual;
}

TEST(Fuzz, MethodsAgreeOnRandomExpressions) {
  const std::uint64_t seed = setting("KRONVEC_FUZZ_SEED", 1), rounds = setting("KRONVEC_FUZZ_ROUNDS", 200);
  for (std::uint64_t round = seed; round < seed + rounds && !HasFailure(); ++round) {
    Grower grower(round);
    const Expression f = grower.grow({grower.side(), grower.side()}, 1 + grower.pick(5));
    SCOPED_TRACE("seed " + std::to_string(round) + ": " + to_string(f));
    const Givens givens = givens_of(grower.symbols, round);
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

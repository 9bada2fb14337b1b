/// Parsing: the grammar, its math notation, and errors with their positions.

#include "tests/testing.hpp"

namespace kronvec::testing {
namespace {

const Symbols &symbols() {
  static const Symbols all{{"A", Symbol("A", 3, 3)},
                           {"B", Symbol("B", 3, 4)},
                           {"X", Symbol("X", 3, 3)},
                           {"x", Symbol("x", 3, 1)},
                           {"t", Symbol("t", 1, 1)}};
  return all;
}

double number(std::string_view text) {
  return evaluate(parse(text, symbols()), Values<double>{}, Device::reference())(0, 0);
}

TEST(Parse, FollowsTheUsualPrecedence) {
  EXPECT_EQ(number("1+2*3"), 7);
  EXPECT_EQ(number("(1+2)*3"), 9);
  EXPECT_EQ(number("-2^2"), -4);
  EXPECT_EQ(number("2^-1"), 0.5);
  EXPECT_EQ(number("2^3^2"), 64);
  EXPECT_EQ(number("8/4/2"), 1);
  EXPECT_EQ(number("1-2-3"), -4);
  EXPECT_EQ(number("--2"), 2);
  EXPECT_EQ(number("2*-3"), -6);
  EXPECT_EQ(number("2.*3"), 6);
  EXPECT_EQ(number("6./3"), 2);
  EXPECT_EQ(number("2.^3"), 8);
  EXPECT_EQ(number(" .5 + 1e-1 "), 0.6);
  EXPECT_EQ(number("exp(0)"), 1);
  EXPECT_EQ(number("sum(ones(2,3))"), 6);
  EXPECT_EQ(number("tr(eye(4))"), 4);
}

TEST(Parse, BuildsWhatItReads) {
  const auto round = [](std::string_view text) { return to_string(parse(text, symbols())); };
  for (const char *text : {"A*exp(X*B)", "X'*X", "A.*X-2*A", "x.^2.5", "inv(A)*X", "(A+X)'", "A./X", "softplus(x)",
                           "unvec(B,4,3)", "vec(X)", "A*x.^t", "-X+A", "sum(X)*A"})
    EXPECT_EQ(round(round(text)), round(text)) << text;
  EXPECT_EQ(round("A * exp( X*B )"), "A*exp(X*B)");
  EXPECT_EQ(round("X^-1"), "inv(X)");
  EXPECT_EQ(round("X''"), "X");
  EXPECT_EQ(round("log(1+exp(x))"), "log(1+exp(x))");
}

struct Bad {
  const char *text;
  const char *message;
  std::size_t position;
};

class BadText : public ::testing::TestWithParam<Bad> {};

TEST_P(BadText, IsASyntaxErrorWithItsPlace) {
  const Bad &bad = GetParam();
  try {
    (void)parse(bad.text, symbols());
    FAIL() << bad.text;
  } catch (const SyntaxError &e) {
    EXPECT_NE(std::string(e.what()).find(bad.message), std::string::npos) << e.what();
    EXPECT_EQ(e.position(), bad.position) << bad.text;
  }
}

void PrintTo(const Bad &bad, std::ostream *out) { *out << '"' << bad.text << '"'; }

INSTANTIATE_TEST_SUITE_P(Parse, BadText,
                         ::testing::Values(Bad{"", "empty", 0}, Bad{"  ", "empty", 0}, Bad{"A*(X+A", "never closed", 2},
                                           Bad{"A*X)", "without", 3}, Bad{"A*Q", "'Q' has no value", 2},
                                           Bad{"foo(X)", "no function 'foo'", 0},
                                           Bad{"A*dex(X)", "there is no function 'dex'", 2}, Bad{"A*", "too early", 2},
                                           Bad{"A X", "unexpected 'X'", 2}, Bad{"A+*X", "unexpected '*'", 2},
                                           Bad{"A&X", "character '&'", 1}, Bad{"A+é", "character 'é'", 2},
                                           Bad{"exp(A,X)", "1 argument, not 2", 0},
                                           Bad{"exp()", "1 argument, not 0", 0}, Bad{"1e999", "double", 0},
                                           Bad{"A..X", "character '.'", 1}));

TEST(Parse, ShapeErrorsHaveAPlaceAndBothShapes) {
  try {
    (void)parse("A+exp(B*X)", symbols());
    FAIL();
  } catch (const ShapeErrorAt &e) {
    EXPECT_EQ(e.position(), 7u);
    EXPECT_NE(std::string(e.what()).find("3×4 * 3×3"), std::string::npos) << e.what();
  }
  EXPECT_THROW(parse("X^2.5", symbols()), ShapeErrorAt);
  EXPECT_THROW(parse("A/X", symbols()), ShapeErrorAt);
  EXPECT_THROW(parse("eye(-1)", symbols()), ShapeErrorAt);
  EXPECT_THROW(parse("eye(2.5)", symbols()), ShapeErrorAt);
  EXPECT_THROW(parse("ones(9e15,9e15)", symbols()), ShapeErrorAt);
}

TEST(Parse, DepthIsBounded) {
  const auto repeated = [](const char *part, int times) {
    std::string text;
    for (int i = 0; i < times; ++i)
      text += part;
    return text;
  };
  const std::string open = repeated("(", 10000), close = repeated(")", 10000);
  EXPECT_THROW(parse(open + "A" + close, symbols()), SyntaxError);
  EXPECT_THROW(parse(repeated("-", 10000) + "A", symbols()), SyntaxError);
  EXPECT_THROW(parse(repeated("exp(", 10000) + "A", symbols()), SyntaxError);
  EXPECT_EQ(to_string(parse("A" + repeated("'", 10001), symbols())), "A'");
  EXPECT_NO_THROW(parse("A" + repeated("^1", 10000), symbols()));
  EXPECT_NO_THROW(parse("A" + repeated("+A", 10000), symbols()));
  EXPECT_NO_THROW(parse(repeated("(", 300) + "A" + repeated(")", 300), symbols()));
}

TEST(Parse, FreeNamesAreThoseThatAreNotCalled) {
  EXPECT_EQ(free_names("A*exp(X*B)+exp"), (std::set<std::string>{"A", "B", "X", "exp"}));
}

} // namespace
} // namespace kronvec::testing

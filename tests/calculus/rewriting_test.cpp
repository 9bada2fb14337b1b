/// The rules of rewriting: both sides of each are one function, also where its condition ends.

#include "calculus/rewriting/rewriter.hpp"

#include "calculus/jacobian/point.hpp"

#include "tests/testing.hpp"

#include <cmath>
#include <limits>

namespace kronvec::testing {
namespace {

using rewriting::Rewriter;
using rewriting::Rule;
using M = Matrix<double>;

constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

/// The value without rewriting: the steps of F as it is written.
M as_written(const Expression &f, const Values<double> &values) {
  const auto plan = std::make_shared<detail::FunctionPlan>(f);
  plan->program.allocate();
  return M::copy_of(detail::Evaluation<double>(plan, values, Device::cpu()).value());
}

/// The Jacobian without rewriting, by products with unit tangents.
M jacobian_as_written(const Expression &f, const Symbol &u, const Values<double> &values) {
  const auto plan = std::make_shared<const detail::JacobianPlan>(f, detail::Variables{u});
  const detail::Point<double> point(plan, values, Device::cpu());
  M j(plan->rows(), plan->cols()), unit = identity(plan->cols());
  point.apply(Stage::forward, unit.view(), j.view());
  return j;
}

/// Values for a rule's variables: both signs where the function allows, and a regular matrix.
Values<double> values_for(const Symbol &u, const Symbol &v) {
  const Index n = u.rows();
  M square(n, u.cols());
  for (Index j = 0; j < u.cols(); ++j)
    for (Index i = 0; i < n; ++i)
      square(i, j) = 0.3 * static_cast<double>((3 * i + 5 * j) % 7) - 0.8 + (i == j ? 2.5 : 0);
  return Values<double>{{u, std::move(square)}, {v, M::random(v.rows(), v.cols(), 3)}}.allow_unused();
}

/// Every rule, at shapes at which both sides exist.
TEST(Rewriting, KeepsValuesAndDerivatives) {
  for (const Rule &rule : rewriting::rules()) {
    bool tried = false;
    for (const auto &[shape_u, shape_v] : {std::pair{Shape{3, 3}, Shape{3, 1}},
                                           {Shape{3, 3}, Shape{1, 3}},
                                           {Shape{3, 1}, Shape{1, 1}},
                                           {Shape{1, 1}, Shape{1, 1}}}) {
      const Symbol u("u", shape_u.rows, shape_u.cols), v("v", shape_v.rows, shape_v.cols);
      std::optional<Expression> before, after;
      try {
        before = parse(rule.before, {{"u", u}, {"v", v}}), after = parse(rule.after, {{"u", u}, {"v", v}});
      } catch (const ShapeError &) {
        continue;
      }
      if (before->shape() != after->shape() || !rule.holds({{"u", u}, {"v", v}})) continue;
      tried = true;
      const auto values = values_for(u, v);
      EXPECT_TRUE(near(as_written(*before, values), as_written(*after, values), 1e-13)) << rule.before;
      const auto slope = [&](const Expression &f) { return jacobian_as_written(f, u, values); };
      EXPECT_TRUE(near(slope(*before), slope(*after), 1e-13)) << rule.before;
    }
    EXPECT_TRUE(tried || rule.condition == "u ≥ 0") << rule.before; // for those see ConditionsDecide
  }
}

const Symbol x("x", 2, 1), X("X", 2, 2), s("s", 1, 1);

std::string form(const std::string &text) { return to_string(rewritten(parse(text, {{"x", x}, {"X", X}, {"s", s}}))); }

TEST(Rewriting, FindsTheFormsOfEachRule) {
  EXPECT_EQ(form("log(1+exp(x))"), "softplus(x)");
  EXPECT_EQ(form("log(exp(x)+1)"), "softplus(x)");
  EXPECT_EQ(form("log(exp(X*x))"), "X*x");
  EXPECT_EQ(form("log(sum(exp(X)))"), "logsumexp(vec(X))");
  EXPECT_EQ(form("sum(log(1 - sigmoid(x)))"), "sum(-softplus(x))");
  EXPECT_EQ(form("norm2(X*x)^2"), "sum(square(X*x))");
  EXPECT_EQ(form("sqrt(x'*x)"), "norm2(x)");
  EXPECT_EQ(form("1/(1+exp(-s))"), "sigmoid(s)");
  EXPECT_EQ(form("log(det(X'*X))"), "logdet(X'*X)+log(signdet(X'*X))");
  EXPECT_EQ(form("exp(x)/sum(exp(x))"), "softmax(x)");
  EXPECT_EQ(form("exp(X)/sum(exp(X))"), "exp(X)./sum(exp(X))"); // not the softmax of each column
}

/// A part that another name stands for is the same part; a different one is not.
TEST(Rewriting, AVariableThatOccursTwiceIsOneExpression) {
  EXPECT_EQ(form("sqrt((X*x)'*(X*x))"), "norm2(X*x)");
  EXPECT_EQ(form("sqrt((X*x)'*(X'*x))"), "sqrt((X*x)'*(X'*x))");
}

TEST(Rewriting, ConditionsDecide) {
  EXPECT_EQ(form("exp(log(x))"), "exp(log(x))"); // NaN for a negative x
  EXPECT_EQ(form("exp(log(square(x)))"), "square(x)");
  EXPECT_EQ(form("square(sqrt(x))"), "square(sqrt(x))");
  EXPECT_EQ(form("square(sqrt(abs(x)))"), "abs(x)");
  const Values<double> below{{s, -1}};
  EXPECT_TRUE(std::isnan(evaluate(exp(log(s)), below)(0, 0)));
  EXPECT_TRUE(std::isnan(evaluate(square(sqrt(s)), below)(0, 0)));
  EXPECT_EQ(evaluate(exp(log(abs(s))), below)(0, 0), 1);
}

/// log(det X): NaN where det X < 0, −∞ where it is 0, and finite where det X itself overflows or underflows.
TEST(Rewriting, LogarithmsOfDeterminantsKeepTheirDomain) {
  const Expression f = log(det(X));
  for (const Device device : Device::all()) {
    const auto at = [&](double a, double b) {
      return evaluate(f, {{X, M{{a, 0}, {0, b}}}}, device).to(Device::cpu())(0, 0);
    };
    EXPECT_TRUE(std::isnan(at(-1, 1)));
    EXPECT_EQ(at(0, 1), -infinity);
    EXPECT_NEAR(at(1e200, 1e200), 400 * std::log(10), 1e-12);
    EXPECT_NEAR(at(-1e-200, -1e-200), -400 * std::log(10), 1e-12);
    EXPECT_EQ(evaluate(log(abs(det(X))), {{X, M{{-1, 0}, {0, 1}}}}, device).to(Device::cpu())(0, 0), 0);
  }
}

/// Where the written form overflows or loses its digits.
TEST(Rewriting, ValuesAtTheEdges) {
  const auto value = [](const std::string &text, double at) {
    return evaluate(parse(text, {{"s", s}}), {{s, at}})(0, 0);
  };
  EXPECT_EQ(value("log(1+exp(s))", 1000), 1000);
  EXPECT_EQ(value("log(sigmoid(s))", -1000), -1000);
  EXPECT_EQ(value("log(1-sigmoid(s))", 1000), -1000);
  EXPECT_EQ(value("log(1+s)", 1e-20), 1e-20);
  EXPECT_EQ(value("exp(s)-1", 1e-20), 1e-20);
  EXPECT_EQ(value("1-exp(s)", 1e-20), -1e-20);
  EXPECT_EQ(value("exp(s)/(1+exp(s))", 1000), 1);
  EXPECT_EQ(value("sqrt(square(s))", -1e200), 1e200);
  EXPECT_TRUE(std::isnan(value("log(1+s)", -2)));
  EXPECT_TRUE(std::isnan(value("sqrt(square(s))", nan)));
}

/// inv(A)·b becomes a solution where that is less work: for few columns. The cost decides, and is a parameter.
TEST(Rewriting, InversesThatAreOnlyMultiplied) {
  const Symbol a("A", 20, 20), b("b", 20, 1), c("C", 20, 20);
  EXPECT_EQ(to_string(rewritten(inverse(a) * b)), "solve(A,b)");
  EXPECT_EQ(to_string(rewritten(transpose(b) * inverse(a))), "solve(A',b)'");
  EXPECT_EQ(to_string(rewritten(inverse(a) * c)), "inv(A)*C");
  const rewriting::Cost none = [](const Expression &, const auto &) { return 0.0; };
  EXPECT_EQ(to_string(Rewriter(none)(inverse(a) * b)), "inv(A)*b");
}

/// Unchanged parts stay the nodes that they are, equal parts become one, and a long sum takes one pass.
TEST(Rewriting, SharesNodes) {
  const Expression f = x + x;
  EXPECT_EQ(rewritten(f).node(), f.node());
  const Expression twice = rewritten(sin(x) + sin(x));
  EXPECT_EQ(twice.node()->operands[0], twice.node()->operands[1]);
  Expression sum = x;
  for (int k = 0; k < 100000; ++k)
    sum = sum + x;
  EXPECT_EQ(rewritten(sum).node(), sum.node());
}

} // namespace
} // namespace kronvec::testing

/// The entrywise steps of a program are joined into as few passes over memory as possible.

#include "calculus/jacobian/point.hpp"
#include "tests/calculus/jacobian_checks.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace kronvec::testing {
namespace {

using detail::JacobianPlan;

/// The chains of one stage.
std::vector<Step> chains(const JacobianPlan &plan, Stage stage) {
  std::vector<Step> found;
  for (const Step &step : plan.program.steps(stage))
    if (step.opcode == Opcode::chain) found.push_back(step);
  return found;
}

const Symbol a("A", 4, 3), x("X", 3, 5), y("Y", 3, 5);

TEST(Chains, ValueAndDerivativeLeaveOnePass) {
  const auto steps = chains(JacobianPlan(tanh(x), {x}), Stage::values);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].in.size(), 1u);
  EXPECT_EQ(steps[0].out.size(), 2u) << "tanh(X) and its derivative, not cosh(X) nor 1/cosh(X)";
}

TEST(Chains, JoinAcrossOtherSteps) {
  // The derivative is requested after the product with A. It joins the chain before the product.
  const auto steps = chains(JacobianPlan(a * sin(x), {x}), Stage::values);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].out.size(), 2u);
}

TEST(Chains, DifferentialOfAQuotientIsOnePass) {
  EXPECT_EQ(chains(JacobianPlan(quotient(square(x), exp(x)), {x}), Stage::forward).size(), 1u);
}

TEST(Chains, ReshapedValuesAreReadFromMemory) {
  // vec(exp X) is read in another shape than it was computed in, so the two steps cannot be one chain.
  const Expression f = unvec(sin(unvec(exp(x), 5, 3)), 3, 5) + x;
  EXPECT_GE(chains(JacobianPlan(f, {x}), Stage::values).size(), 2u);
  Givens givens;
  givens.push_back(given(x, 1));
  const auto expected =
      jacobian(f, x).at(values_of(givens), Device::reference()).to_dense({.method = Method::reference});
  expect_jacobian(f, x, givens, expected);
}

TEST(Chains, LimitsOfInputsLinksAndResultsHold) {
  Expression f = x, g = y;
  for (int k = 0; k < 30; ++k)
    f = f + hadamard(Symbol(fmt::format("S{}", k), 3, 5), x), g = sin(g) + y;
  for (const Expression &e : {f, g}) {
    const Symbol &variable = &e == &f ? x : y;
    const JacobianPlan plan(e, {variable});
    for (const Stage stage : {Stage::values, Stage::forward, Stage::reverse})
      for (const Step &step : chains(plan, stage)) {
        EXPECT_LE(step.in.size(), std::size_t(Chain<double>::max_inputs));
        EXPECT_LE(step.links.size(), std::size_t(Chain<double>::max_links));
        EXPECT_LE(step.out.size(), std::size_t(Chain<double>::max_outputs));
        EXPECT_GE(step.out.size(), 1u);
      }
    EXPECT_GE(chains(plan, Stage::values).size(), 3u);
  }
}

TEST(Chains, DeepSumsNeedNoStack) {
  const Symbol u("U", 2, 2);
  Expression f = u;
  for (int i = 0; i < 200000; ++i)
    f = f + u;
  const Matrix<double> value{{1, 2}, {3, 4}};
  const auto j = jacobian(f, u).at({{u, value}});
  EXPECT_EQ(j.value()(0, 1), 400002);
  EXPECT_EQ(j.apply(value.view())(1, 1), 800004);
}

} // namespace
} // namespace kronvec::testing

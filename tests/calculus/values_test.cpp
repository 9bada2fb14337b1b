/// Values for symbols: what a list keeps, and which symbols it may name.

#include "tests/testing.hpp"

namespace kronvec::testing {
namespace {

const Symbol A("A", 2, 2), X("X", 2, 2), t("t", 1, 1);

/// The text of the DomainError that `work` throws; empty if it throws none.
std::string refusal(const auto &work) {
  try {
    work();
  } catch (const DomainError &error) {
    return error.what();
  }
  return "";
}

/// Uses the memory that a freed 2×2 matrix had.
void reuse_memory() {
  for (int k = 0; k < 16; ++k)
    Matrix<double>{{7, 7}, {7, 7}};
}

TEST(Values, KeepTemporaries) {
  const Values<double> values{{A, Matrix<double>{{1, 2}, {3, 4}}}, {X, Matrix<double>::random(2, 2, 1).clone()}};
  reuse_memory();
  const auto expected = Matrix<double>::random(2, 2, 1);
  EXPECT_TRUE(near(evaluate(X, {{X, expected}}), expected, 0));
  EXPECT_TRUE(near(values[1].value, expected, 0));
  const Values<double> copy = values;
  EXPECT_EQ(copy[0].value.data(), values[0].value.data());
  EXPECT_EQ(evaluate(A, copy)(1, 0), 3);
}

TEST(Values, ReferToMatricesOfTheUser) {
  const Matrix<double> a{{1, 2}, {3, 4}};
  const Values<double> values{{A, a}};
  EXPECT_EQ(values[0].value.data(), a.data());
}

TEST(Values, OfScalarsAreNumbers) {
  EXPECT_EQ(evaluate(3 * t, {{t, 0.5}})(0, 0), 1.5);
  EXPECT_EQ(jacobian(square(t), t).at({{t, 2}}).to_dense()(0, 0), 4);
}

TEST(Values, OfOtherSymbolsAreRefused) {
  const Matrix<double> a{{1, 2}, {3, 4}};
  const auto twice = jacobian(2 * X, X);
  auto at = twice.at({{X, a}});
  EXPECT_EQ(refusal([&] {
              twice.at({{X, a}, {A, a}});
            }),
            "the symbol 'A' has a value but does not occur in the function; to pass one list to several functions, use "
            "values.allow_unused()");
  EXPECT_EQ(refusal([&] {
              at.update({{Symbol("X", 3, 2), Matrix<double>(3, 2)}});
            }),
            "the symbol 'X' (3×2) that has a value is not the symbol 'X' (2×2) of the function");
  EXPECT_NE(refusal([&] { twice.at_points({{X, a}, {A, a}}, 3); }), "");
  auto points = twice.at_points({{X, a}}, 3);
  EXPECT_NE(refusal([&] { points.update({{A, a}}); }), "");
}

TEST(Values, ServeSeveralFunctions) {
  const Matrix<double> a{{1, 2}, {3, 4}};
  const Values<double> values{{A, a}, {X, a}};
  EXPECT_EQ(evaluate(2 * X, values)(1, 1), 8);
  auto at = jacobian(2 * X, X).at(values.allow_unused());
  at.update(values.allow_unused());
  EXPECT_EQ(at.value()(0, 1), 4);
  EXPECT_EQ(jacobian(2 * X, X).at_points(values.allow_unused(), 3).value()(0, 1), 4);
}

TEST(Values, OfTheVariableAreAccepted) {
  const Matrix<double> a{{1, 2}, {3, 4}};
  EXPECT_EQ(jacobian(A * A, X).at({{A, a}, {X, a}}).cols(), 4);
  EXPECT_EQ(hessian(sum(A * X), X).at({{A, a}, {X, a}}).rows(), 4);
  EXPECT_EQ(hessian(sum(X * X) + sum(A), X).at({{A, a}, {X, a}}).rows(), 4); // the gradient lacks A
}

TEST(Values, AreUnchangedByARefusedUpdate) {
  const Matrix<double> a{{1, 2}, {3, 4}}, b{{5, 6}, {7, 8}}, wrong(3, 2);
  auto at = jacobian(A * X, X).at({{A, a}, {X, a}});
  EXPECT_THROW(at.update({{A, b}, {X, wrong}}), ShapeError);
  at.update({});
  EXPECT_EQ(at.value()(0, 0), 7);
  auto points = jacobian(A * X, X).at_points({{A, a}, {X, a}}, 2);
  EXPECT_THROW(points.update({{A, b}, {X, wrong}}), ShapeError);
  points.update({{X, a}});
  EXPECT_EQ(points.value()(0, 0), 7);
}

} // namespace
} // namespace kronvec::testing

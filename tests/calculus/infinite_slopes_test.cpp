/// Derivatives at points where a coefficient is infinite: the slope of √x at 0, or a slope that overflows.

#include "tests/testing.hpp"

#include <cmath>
#include <limits>

namespace kronvec::testing {
namespace {

using M = Matrix<double>;
constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

const Symbol x("x", 2, 1), c("c", 2, 1), A("A", 2, 2), s("s", 1, 1), t("t", 1, 1);

constexpr Method methods[] = {Method::structured, Method::forward, Method::reverse, Method::reference};

Values<double> at_zero() {
  return Values<double>{{x, M{{0}, {1}}}, {c, M{{0}, {1}}}, {A, M{{0, 1}, {1, 1}}}, {s, 0}, {t, 0}}.allow_unused();
}

/// J by every method, on every device, at x = (0, 1), c = (0, 1), A = [0 1; 1 1], s = t = 0.
void expect_j(const Expression &f, const std::vector<Variable> &variables, const M &expected) {
  for (const Device device : Device::all())
    for (const Method method : methods)
      for (const Layout layout : {Layout::numerator, Layout::denominator}) {
        const auto j = jacobian(f, variables).at(at_zero(), device);
        M dense = j.to_dense({.method = method, .layout = layout}).to(Device::cpu());
        if (layout == Layout::denominator) dense = transposed(dense);
        EXPECT_TRUE(near(dense, expected, 1e-15)) << f << " by " << name(method) << " on " << device.name();
      }
}

M dense_of(const CsrMatrix<double> &a) {
  M dense(a.rows, a.cols);
  for (Index i = 0; i < a.rows; ++i)
    for (Index k = a.row_start[static_cast<std::size_t>(i)]; k < a.row_start[static_cast<std::size_t>(i) + 1]; ++k)
      dense(i, a.col[static_cast<std::size_t>(k)]) += a.value[static_cast<std::size_t>(k)];
  return dense;
}

/// A zero of a unit tangent, of an operand without X, or of the structure stays zero, on either side of the infinity.
TEST(InfiniteSlopes, ZerosByStructureStayZero) {
  expect_j(sqrt(x), {x}, M{{infinity, 0}, {0, 0.5}});
  expect_j(cbrt(x), {x}, M{{infinity, 0}, {0, 1.0 / 3}});
  expect_j(transpose(c) * sqrt(x), {x}, M{{0, 0.5}});
  expect_j(A * sqrt(x), {x}, M{{0, 0.5}, {infinity, 0.5}});
  expect_j(hadamard(c, exp(1000 * x)), {x}, M{{0, 0}, {0, infinity}});
  expect_j(square(transpose(c) * sqrt(x)), {x}, M{{0, 1}});
  expect_j(s * sqrt(t), {t}, M{{0}}); // s is no variable
  expect_j(kron(sqrt(x), c), {x}, M{{0, 0}, {infinity, 0}, {0, 0}, {0, 0.5}});
}

/// A zero that is itself a derivative at this point, times infinity: unknown, and never a silent 0.
TEST(InfiniteSlopes, DerivativesThatAreZeroMakeNaN) {
  expect_j(square(tanh(sqrt(s))), {s}, M{{nan}}); // tends to 1
  expect_j(cbrt(square(s)), {s}, M{{nan}});       // tends to ±∞
  expect_j(s * sqrt(t), {s, t}, M{{0, nan}});     // both are variables
}

/// Where a finite and an infinite path meet, the infinite one decides.
TEST(InfiniteSlopes, SumsOfPaths) {
  expect_j(sqrt(x) + 3 * x, {x}, M{{infinity, 0}, {0, 3.5}});
  expect_j(sum(sqrt(x)) * ones(2, 1) - sqrt(x), {x}, M{{nan, 0.5}, {infinity, 0}}); // ∞ − ∞
}

/// d(x log x) = log x + x·(1/x) at 0: −∞ plus an unknown product. The infinite path decides, which is right here; the
/// element method, which knows each product, says NaN.
TEST(InfiniteSlopes, AnUnknownProductBesideAnInfinity) {
  for (const Method method : {Method::structured, Method::forward, Method::reverse})
    EXPECT_EQ(jacobian(hadamard(s, log(s)), s).at({{s, 0}}).to_dense({.method = method})(0, 0), -infinity);
  EXPECT_TRUE(std::isnan(jacobian(hadamard(s, log(s)), s).at({{s, 0}}).to_dense({.method = Method::reference})(0, 0)));
}

/// NaN in the data is no infinity, and infinite data is no slope.
TEST(InfiniteSlopes, LeaveOtherNumbersAlone) {
  const auto j = [&](double value) { return jacobian(square(s), s).at({{s, value}}).to_dense()(0, 0); };
  EXPECT_TRUE(std::isnan(j(nan)));
  EXPECT_EQ(j(infinity), infinity);
  const auto product = jacobian(t * sqrt(s), s).at({{s, 1}, {t, infinity}}).to_dense();
  EXPECT_EQ(product(0, 0), infinity);
}

TEST(InfiniteSlopes, ProductsSparseAndManyPoints) {
  for (const Device device : Device::all()) {
    const Jacobian plan = jacobian(A * sqrt(x), x);
    auto j = plan.at(at_zero(), device);
    const M tangent{{0}, {2}}, cotangent{{1}, {0}};
    EXPECT_TRUE(near(j.apply(tangent.to(device)).to(Device::cpu()), M{{1}, {1}}, 1e-15)) << device.name();
    EXPECT_TRUE(near(j.apply_transpose(cotangent.to(device)).to(Device::cpu()), M{{0}, {0.5}}, 1e-15)) << device.name();
    EXPECT_TRUE(near(dense_of(j.to_sparse()), M{{0, 0.5}, {infinity, 0.5}}, 1e-15)) << device.name();
    j.update(Values<double>{{x, M{{4}, {1}}}});
    EXPECT_TRUE(near(j.to_dense().to(Device::cpu()), M{{0, 0.5}, {0.25, 0.5}}, 1e-15)) << device.name();
    const auto points = plan.at_points({{x, M{{4, 0, 1}, {1, 1, 0}}}, {A, M{{0, 1}, {1, 1}}}}, 3, device);
    EXPECT_TRUE(near(points.to_dense().to(Device::cpu()),
                     M{{0, 0.5, 0, 0.5, 0, infinity}, {0.25, 0.5, infinity, 0.5, 0.5, infinity}}, 1e-15))
        << device.name();
  }
}

} // namespace
} // namespace kronvec::testing

/// Methods of differentiation and the layouts of their results, rows M of the project's ledger.

#include "tests/calculus/jacobian_checks.hpp"

#include "kronvec/compare.hpp"

#include <limits>

namespace kronvec::testing {
namespace {

using M = Matrix<double>;

const Symbol a("A", 4, 3), x("X", 3, 2), b("B", 2, 5);
const Expression f = a * exp(x * b);

Givens givens() {
  Givens g;
  g.push_back(given(a, 1)), g.push_back(given(x, 2)), g.push_back(given(b, 3));
  return g;
}

/// (I ⊗ A) Diag(vec exp(XB)) (Bᵀ ⊗ I), E2.
M closed_form(const Givens &g) {
  const M e = map(product(g[1].value, g[2].value), [](double t) { return std::exp(t); });
  return product(kron(identity(5), g[0].value), product(diagonal(e), kron(transposed(g[2].value), identity(3))));
}

TEST(Ledger, M1_AnOperatorOfKroneckerAndDiagonalFactors) {
  const Givens g = givens();
  const auto j = jacobian(f, x).at(values_of(g));
  const M v = M::random(6, 4, 5), u = M::random(20, 4, 6), exact = closed_form(g);
  EXPECT_TRUE(near(j.apply(v), product(exact, v), 1e-13));
  EXPECT_TRUE(near(j.apply_transpose(u), product(transposed(exact), u), 1e-13));
}

/// J by one method, in both layouts, on every device.
void expect_by(Method method) {
  const Givens g = givens();
  const M exact = closed_form(g);
  for (const Device device : Device::all()) {
    const auto j = jacobian(f, x).at(values_of(g), device);
    EXPECT_TRUE(near(on_host(j.to_dense({.method = method})), exact, 1e-13)) << device.name();
    EXPECT_TRUE(near(on_host(j.to_dense({.method = method, .layout = Layout::denominator})), transposed(exact), 1e-13))
        << device.name();
  }
}

TEST(Ledger, M2_ForwardByColumns) { expect_by(Method::forward); }
TEST(Ledger, M3_ReverseByRows) { expect_by(Method::reverse); }
TEST(Ledger, M5_FromKroneckerTerms) { expect_by(Method::structured); }
TEST(Ledger, M6_ByElements) { expect_by(Method::reference); }

TEST(Ledger, M4_TheComplexStepIsExactToRounding) {
  expect_by(Method::complex_step);
  const Symbol s("S", 3, 3);
  Givens g;
  g.push_back({s, M{{2, 0.3, -0.1}, {0.4, -3, 0.2}, {0.1, 0.5, 1.5}}});
  const Expression u = 0.2 * s, positive = 1 + square(s);
  const Expression all[] = {inverse(s),       det(s),
                            logdet(s),        solve(s, exp(s)),
                            expm(s),          cholesky(eye(3) + s * transpose(s)),
                            softmax(s),       logsumexp(s),
                            kron(s, u),       sqrt(positive),
                            cbrt(s),          reciprocal(s),
                            pow(s, 3),        pow(positive, 1.7),
                            expm1(s),         log(positive),
                            log1p(square(s)), sin(s),
                            cos(s),           tan(u),
                            asin(u),          acos(u),
                            atan(s),          sinh(s),
                            cosh(s),          tanh(s),
                            sigmoid(s),       softplus(s),
                            norm2(s)};
  for (const Expression &function : all) {
    const auto j = jacobian(function, s).at(values_of(g));
    EXPECT_TRUE(near(j.to_dense({.method = Method::complex_step}), j.to_dense({.method = Method::reference}), 1e-12))
        << to_string(function);
  }
  for (const Expression &function : {abs(s), sign(s), relu(s), erf(s), norm1(s)})
    EXPECT_THROW(jacobian(function, s).at(values_of(g)).to_dense({.method = Method::complex_step}), DomainError);
}

TEST(Ledger, M4_DifferencesReportTheErrorThatTheyImply) {
  const Givens g = givens();
  const M exact = closed_form(g);
  for (const Device device : Device::all()) {
    double implied = -1, real = 0;
    const M j = on_host(
        jacobian(f, x).at(values_of(g), device).to_dense({.method = Method::numeric, .implied_error = &implied}));
    for (Index i = 0; i < j.shape().size(); ++i)
      real = std::max(real, std::abs(j.data()[i] - exact.data()[i]));
    EXPECT_GT(real, 0) << device.name();
    EXPECT_LE(real, 4 * implied) << device.name();
    EXPECT_LE(implied, 1e-7) << device.name();
  }
}

struct Case {
  const char *name;
  Expression f;
  Symbol x;
};

TEST(Ledger, M7_AllNineCasesInBothLayouts) {
  const Symbol t("t", 1, 1), v("v", 3, 1), m("M", 3, 2), c("C", 4, 3);
  const Case cases[] = {{"scalar by scalar", sin(t), t},         {"vector by scalar", t * ones(4, 1), t},
                        {"matrix by scalar", t * ones(4, 3), t}, {"scalar by vector", transpose(v) * v, v},
                        {"vector by vector", c * v, v},          {"matrix by vector", v * transpose(v), v},
                        {"scalar by matrix", sum(square(m)), m}, {"vector by matrix", c * m * ones(2, 1), m},
                        {"matrix by matrix", c * m, m}};
  for (const auto &[name, function, variable] : cases) {
    SCOPED_TRACE(name);
    Givens g;
    g.push_back(given(t, 1)), g.push_back(given(v, 2)), g.push_back(given(m, 3)), g.push_back(given(c, 4));
    const auto j = jacobian(function, variable).at(values_of(g));
    const Index pq = function.shape().size(), mn = variable.shape().size();
    const M numerator = j.to_dense(), denominator = j.to_dense({.layout = Layout::denominator});
    EXPECT_EQ(numerator.shape(), (Shape{pq, mn}));
    EXPECT_EQ(denominator.shape(), (Shape{mn, pq}));
    EXPECT_TRUE(near(denominator, transposed(numerator), 0));
    EXPECT_TRUE(near(numerator, j.to_dense({.method = Method::reference}), 1e-13));
    if (!function.is_scalar()) {
      EXPECT_THROW(gradient(function, variable), ShapeError);
      continue;
    }
    const M gradient_matrix = evaluate(gradient(function, variable), values_of(g));
    EXPECT_EQ(gradient_matrix.shape(), variable.shape());
    EXPECT_TRUE(near(vec(gradient_matrix), denominator, 1e-13));
    EXPECT_EQ(evaluate(transpose(gradient(function, variable)), values_of(g)).shape(),
              (Shape{variable.cols(), variable.rows()})); // one note's "Jacobian form"
  }
}

TEST(Ledger, M7_AMatrixByAScalarHasItsOwnShape) {
  const Symbol t("t", 1, 1), c("C", 4, 3);
  Givens g;
  g.push_back(given(t, 1)), g.push_back(given(c, 2));
  const M one{{1}};
  const M slope = jvp(exp(t) * c, t, values_of(g), one); // dF/dt, p×q
  EXPECT_TRUE(near(slope, map(g[1].value, [&](double s) { return std::exp(g[0].value(0, 0)) * s; }), 1e-14));
}

/// D with vec X = D·vech X for a symmetric X.
M duplication(Index n) {
  M d(n * n, n * (n + 1) / 2);
  Index k = 0;
  for (Index j = 0; j < n; ++j)
    for (Index i = j; i < n; ++i, ++k)
      d(i + j * n, k) = d(j + i * n, k) = 1;
  return d;
}

TEST(Ledger, M7_SymmetricVariables) {
  for (const Index n : {1, 2, 4}) {
    const Symbol s("S", n, n), c("C", 3, n);
    Givens g;
    const M half = M::random(n, n, 1);
    g.push_back({s, plus(half, transposed(half))}), g.push_back(given(c, 2));
    const Expression function = c * exp(s) * s;
    const M expected = product(jacobian(function, s).at(values_of(g)).to_dense(), duplication(n));
    expect_jacobian_in<double>(jacobian(function, symmetric(s)), g, expected, 1e-12);
    expect_jacobian_in<float>(jacobian(function, symmetric(s)), g, expected, 1e-4);
  }
  EXPECT_THROW(jacobian(x, symmetric(x)), ShapeError);
}

/// With y of general and s of symmetric shape: the blocks are those of each variable alone; the gradient is Dᵀ·vec G,
/// the Hessian Dᵀ·H·D.
TEST(Ledger, M7_SymmetricAmongSeveral) {
  const Symbol s("S", 3, 3), y("Y", 2, 3);
  const M half = M::random(3, 3, 1), d = duplication(3), dt = transposed(d);
  Givens g;
  g.push_back({s, plus(half, transposed(half))}), g.push_back(given(y, 2));
  const Expression function = y * exp(s) * s;
  const M by_y = jacobian(function, y).at(values_of(g)).to_dense(),
          by_s = product(jacobian(function, s).at(values_of(g)).to_dense(), d);
  const M expected = tabulate(6, 12, [&](Index i, Index j) { return j < 6 ? by_y(i, j) : by_s(i, j - 6); });
  expect_jacobian_in<double>(jacobian(function, {y, symmetric(s)}), g, expected, 1e-12);

  const Expression scalar = sum(square(function));
  const M gy = evaluate(gradient(scalar, y), values_of(g)), gs = evaluate(gradient(scalar, s), values_of(g));
  const M free = product(dt, M::copy_of({gs.data(), 9, 1}));
  EXPECT_TRUE(near(evaluate(gradient(scalar, symmetric(s)), values_of(g)), free, 1e-12));
  const M stacked = tabulate(12, 1, [&](Index i, Index) { return i < 6 ? gy.data()[i] : free(i - 6, 0); });
  EXPECT_TRUE(near(evaluate(gradient(scalar, {y, symmetric(s)}), values_of(g)), stacked, 1e-12));

  const M h = hessian(scalar, s).at(values_of(g)).to_dense();
  EXPECT_TRUE(near(hessian(scalar, symmetric(s)).at(values_of(g)).to_dense(), product(dt, product(h, d)), 1e-10));
  const M both = hessian(scalar, {y, symmetric(s)}).at(values_of(g)).to_dense();
  const M hy = hessian(scalar, y).at(values_of(g)).to_dense();
  EXPECT_EQ(both.shape(), (Shape{12, 12}));
  EXPECT_TRUE(near(both, transposed(both), 1e-12));
  EXPECT_TRUE(near(M::copy_of(both.view().block(0, 0, 6, 6)), hy, 1e-12));
  EXPECT_THROW(gradient(scalar, {y, y}), Error);
  EXPECT_THROW(hessian(scalar, std::vector<Variable>{}), Error);
}

TEST(Ledger, M7_SymmetricVariablesTakeSymmetricValues) {
  const Symbol s("S", 2, 2), y("Y", 2, 2);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const M good{{1, 2}, {2, 3}}, bad{{1, 2}, {4, 3}}, empty{{1, nan}, {nan, 3}}, two{{1, 2, 1, 2}, {2, 3, 4, 3}};
  const Jacobian plan = jacobian(s * y, {y, symmetric(s)});
  for (const Device device : {Device::reference(), Device::cpu()}) {
    auto j = plan.at({{s, good}, {y, bad}}, device);
    EXPECT_THROW(j.update({{s, bad}}), DomainError);
    EXPECT_NO_THROW(j.update({{s, empty}}));
    EXPECT_NO_THROW(j.update({{s, M{{1, 2}, {2 + 1e-15, 3}}}})) << "equal up to rounding";
    EXPECT_THROW((void)plan.at({{s, bad}, {y, bad}}, device), DomainError);
    EXPECT_THROW((void)plan.at_points({{s, two}, {y, bad}}, 2, device), DomainError);
  }
}

TEST(Ledger, M7_SeveralVariablesSideBySide) {
  const Givens g = givens();
  const Symbol absent("Y", 2, 2);
  const M jx = jacobian(f, x).at(values_of(g)).to_dense(), ja = jacobian(f, a).at(values_of(g)).to_dense();
  const M expected = tabulate(20, 18 + 4, [&](Index i, Index j) {
    return j < 6 ? jx(i, j) : j < 18 ? ja(i, j - 6) : 0;
  });
  Givens all = givens();
  all.push_back(given(absent, 9));
  expect_jacobian_in<double>(jacobian(f, {x, a, absent}), all, expected, 1e-12);
  EXPECT_THROW(jacobian(f, {x, x}), Error);
  EXPECT_THROW(jacobian(f, std::vector<Variable>{}), Error);
}

TEST(Ledger, D0_CheckDerivativesTellsRightFromWrong) {
  const Givens g = givens();
  for (const Device device : Device::all()) {
    const DerivativeCheck right = check_derivatives(f, x, values_of(g), device);
    EXPECT_NEAR(right.slope, 2, 0.1) << device.name();
    EXPECT_TRUE(right.passed()) << device.name();
  }
  EXPECT_TRUE(check_derivatives(a * x, x, values_of(g)).passed()) << "a linear function leaves no remainder";
  EXPECT_TRUE(check_derivatives(a, x, values_of(g)).passed()) << "a constant too";
  const Givens corner = [] {
    Givens zero;
    zero.push_back({x, M(3, 2)});
    return zero;
  }();
  EXPECT_FALSE(check_derivatives(abs(x), x, values_of(corner)).passed()) << "abs has no derivative at 0";
}

} // namespace
} // namespace kronvec::testing

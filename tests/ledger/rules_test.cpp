/// The rules of differentials, rows D of the project's ledger.

#include "tests/calculus/jacobian_checks.hpp"

namespace kronvec::testing {
namespace {

using M = Matrix<double>;

Givens two(const Symbol &x, const Symbol &y) {
  Givens g;
  g.push_back(given(x, 1)), g.push_back(given(y, 2));
  return g;
}

TEST(Ledger, D0_TaylorRemainderFallsWithSlopeTwo) {
  const Symbol a("A", 4, 3), x("X", 3, 4);
  Givens g = two(a, x);
  const Expression f = tanh(a * x) * exp(transpose(x));
  const M u = M::random(3, 4, 5), value = evaluate(f, values_of(g)), slope = jvp(f, x, values_of(g), u);
  const auto remainder = [&](double t) {
    Givens moved = two(a, x);
    moved[1].value = plus(g[1].value, u, t);
    const M rest = plus(plus(evaluate(f, values_of(moved)), value, -1), slope, -t);
    return std::sqrt(product(transposed(vec(rest)), vec(rest))(0, 0));
  };
  for (const double t : {1e-2, 1e-3})
    EXPECT_NEAR(std::log10(remainder(t) / remainder(t / 10)), 2, 0.1) << t;
}

/// df = tr(GᵀdX) exactly if vec G = Jᵀ, at any tangent.
TEST(Ledger, D0_TheGradientIsIdentified) {
  const Symbol a("A", 4, 3), x("X", 3, 4);
  const Givens g = two(a, x);
  const Expression f = sum(exp(sin(a * x)));
  const M slope = evaluate(gradient(f, x), values_of(g)), u = M::random(3, 4, 7);
  EXPECT_NEAR(jvp(f, x, values_of(g), u)(0, 0), product(transposed(vec(slope)), vec(u))(0, 0), 1e-12);
  EXPECT_TRUE(near(vec(slope), transposed(jacobian(f, x).at(values_of(g)).to_dense()), 1e-12));
  // ✗ ∇(aᵀx) = a, not aᵀ.
  const Symbol column("a", 3, 1), v("x", 3, 1);
  EXPECT_EQ(gradient(transpose(column) * v, v).shape(), (Shape{3, 1}));
}

TEST(Ledger, D1_ConstantsSumsMultiples) {
  const Symbol x("X", 3, 2), y("Y", 3, 2);
  const Givens g = two(x, y);
  const M i = identity(6), zero = tabulate(6, 6, [](Index, Index) { return 0.0; });
  expect_jacobian(y, x, g, zero);
  expect_jacobian(-2.5 * x, x, g, tabulate(6, 6, [](Index r, Index c) { return r == c ? -2.5 : 0; }));
  expect_jacobian(x + y, x, g, i);
  // ✗ d(U + V) = dV + dV: with respect to X it would be zero, with respect to Y twice the identity.
  expect_jacobian(x + y, y, g, i);
  expect_jacobian(x - y, y, g, map(i, [](double t) { return -t; }));
  expect_jacobian(x, x, g, i);
  expect_jacobian(x - x, x, g, zero);
}

TEST(Ledger, D2_Product) {
  const Symbol x("X", 3, 4), y("Y", 4, 2);
  const Givens g = two(x, y);
  expect_jacobian(x * y, x, g, kron(transposed(g[1].value), identity(3)));
  expect_jacobian(x * y, y, g, kron(identity(2), g[0].value));
}

TEST(Ledger, D2_ProductOfOneVariable) {
  const Symbol x("X", 3, 3);
  Givens g;
  g.push_back(given(x, 1));
  const M &v = g[0].value;
  expect_jacobian(x * x, x, g, plus(kron(transposed(v), identity(3)), kron(identity(3), v)));
  const M v2 = product(v, v);
  expect_jacobian(matrix_power(x, 3), x, g,
                  plus(plus(kron(transposed(v2), identity(3)), kron(transposed(v), v)), kron(identity(3), v2)));
}

TEST(Ledger, D3_TransposeVecTrace) {
  const Symbol x("X", 3, 4), s("S", 3, 3);
  const Givens g = two(x, s);
  expect_jacobian(transpose(x), x, g, commutation(3, 4));
  // ✗ K is not symmetric here, and K·K is not I: its inverse is K[n,m].
  EXPECT_FALSE(near(commutation(3, 4), commutation(4, 3), 0.1));
  EXPECT_TRUE(near(product(commutation(4, 3), commutation(3, 4)), identity(12), 0));
  expect_jacobian(vec(x), x, g, identity(12));
  expect_jacobian(unvec(x, 2, 6), x, g, identity(12));
  expect_jacobian(trace(s), s, g, transposed(vec(identity(3))));
}

TEST(Ledger, D4_Inverse) {
  const Symbol x("X", 3, 3), y("Y", 3, 3);
  Givens g = two(x, y);
  for (Index i = 0; i < 3; ++i)
    g[0].value(i, i) += 4;
  const M inv = evaluate(inverse(x), values_of(g), Device::reference());
  EXPECT_TRUE(near(product(inv, g[0].value), identity(3), 1e-14));
  expect_jacobian(inverse(x), x, g, map(kron(transposed(inv), inv), [](double t) { return -t; }));
}

TEST(Ledger, D7_Hadamard) {
  const Symbol x("X", 3, 2), y("Y", 3, 2);
  const Givens g = two(x, y);
  expect_jacobian(hadamard(x, y), x, g, diagonal(g[1].value));
  expect_jacobian(hadamard(x, y), y, g, diagonal(g[0].value));
  expect_jacobian(hadamard(x, x), x, g, map(diagonal(g[0].value), [](double t) { return 2 * t; }));
  // ✗ a note has dX ⊗ Y for dX ⊙ Y: not even of X's shape.
  EXPECT_NE(kron(g[0].value, g[1].value).rows(), hadamard(x, y).rows());
}

TEST(Ledger, D10_Quotient) {
  const Symbol x("X", 3, 2), y("Y", 3, 2), t("t", 1, 1);
  Givens g = two(x, y);
  g.push_back({t, M{{1.5}}});
  g[1].value = map(g[1].value, [](double v) { return v < 0 ? v - 1 : v + 1; });
  const M by_y = tabulate(3, 2, [&](Index i, Index j) { return -g[0].value(i, j) / std::pow(g[1].value(i, j), 2); });
  expect_jacobian(quotient(x, y), x, g, diagonal(map(g[1].value, [](double v) { return 1 / v; })));
  expect_jacobian(quotient(x, y), y, g, diagonal(by_y));
  expect_jacobian(x / t, t, g, map(vec(g[0].value), [](double v) { return -v / 2.25; }));
}

/// d(uv) = du·v + u·dv for scalar functions u and v of X; and the quotient, with its minus sign.
TEST(Ledger, D10_ProductAndQuotientOfScalars) {
  const Symbol x("X", 3, 2);
  Givens g;
  g.push_back(given(x, 1));
  const Expression u = sum(square(x)), v = 2 + sum(sin(x));
  const M at = g[0].value.clone(), du = map(at, [](double t) { return 2 * t; }),
          dv = map(at, [](double t) { return std::cos(t); });
  double u0 = 0, v0 = 2;
  for (int i = 0; i < 6; ++i)
    u0 += at.data()[i] * at.data()[i], v0 += std::sin(at.data()[i]);
  const auto both = [&](double of_du, double of_dv) {
    return tabulate(3, 2, [&](Index i, Index j) { return of_du * du(i, j) + of_dv * dv(i, j); });
  };
  expect_gradient(u * v, x, g, both(v0, u0));
  expect_gradient(u / v, x, g, both(1 / v0, -u0 / (v0 * v0)));
  // ✗ a note loses the minus sign.
  EXPECT_FALSE(near(evaluate(gradient(u / v, x), values_of(g)), both(1 / v0, u0 / (v0 * v0)), 1e-3));
}

/// d(eᵘ) = eᵘ·du and d(log u) = du/u for a scalar function u of X.
TEST(Ledger, D11_FunctionsOfScalars) {
  const Symbol x("X", 3, 2);
  Givens g;
  g.push_back(given(x, 1));
  const Expression u = sum(square(x));
  double u0 = 0;
  for (int i = 0; i < 6; ++i)
    u0 += g[0].value.data()[i] * g[0].value.data()[i];
  const auto times = [&](double slope) { return map(g[0].value, [&](double t) { return slope * 2 * t; }); };
  expect_gradient(exp(u), x, g, times(std::exp(u0)), 1e-11);
  expect_gradient(log(u), x, g, times(1 / u0));
  expect_gradient(tanh(u), x, g, times(1 / (std::cosh(u0) * std::cosh(u0))));
}

TEST(Ledger, D11_ScalarsBroadcast) {
  const Symbol t("t", 1, 1), x("X", 2, 3);
  Givens g;
  g.push_back({t, M{{0.7}}}), g.push_back({x, M{{1, 2, 3}, {4, 5, 6}}});
  const M v = vec(g[1].value), ones = map(v, [](double) { return 1.0; });
  expect_jacobian(t * x, t, g, v);
  expect_jacobian(x + t, t, g, ones);
  expect_jacobian(t - x, t, g, ones);
  expect_jacobian(pow(x, t), t, g, map(v, [](double a) { return std::pow(a, 0.7) * std::log(a); }));
  expect_jacobian(pow(x, t), x, g, diagonal(map(g[1].value, [](double a) { return 0.7 * std::pow(a, -0.3); })));
  expect_jacobian(pow(t, x), t, g, map(v, [](double a) { return a * std::pow(0.7, a - 1); }));
  expect_jacobian(exp(log(t)), t, g, M{{1}});
}

TEST(Ledger, D13_Chain) {
  const Symbol x("X", 2, 3), a("A", 4, 2);
  const Givens g = two(x, a);
  const M z = product(g[1].value, g[0].value);
  const M outer = diagonal(map(z, [](double t) { return std::cos(t); }));
  expect_jacobian(sin(a * x), x, g, product(outer, kron(identity(3), g[1].value)));
}

/// D8 for one function: J is diagonal, with the central differences of the function on the diagonal.
class ElementwiseRule : public ::testing::TestWithParam<Function> {};

TEST_P(ElementwiseRule, D8) {
  const Symbol x("X", 2, 2);
  Givens g;
  g.push_back({x, M{{0.3, 0.55}, {0.7, 0.91}}}); // inside the domain of all functions
  const Function f = GetParam();
  const Expression y = f == Function::pow ? pow(x, 2.5) : elementwise(f, x);
  const double h = 1e-5;
  Givens above, below;
  above.push_back({x, map(g[0].value, [&](double t) { return t + h; })});
  below.push_back({x, map(g[0].value, [&](double t) { return t - h; })});
  const M change = plus(evaluate(y, values_of(above)), evaluate(y, values_of(below)), -1);
  const M expected = diagonal(map(change, [&](double t) { return t / (2 * h); }));
  EXPECT_TRUE(near(jacobian(y, x).at(values_of(g)).to_dense(), expected, 1e-8));
  const M reference = jacobian(y, x).at(values_of(g)).to_dense({.method = Method::reference});
  expect_jacobian(y, x, g, reference);
}

INSTANTIATE_TEST_SUITE_P(Ledger, ElementwiseRule, ::testing::ValuesIn(all_functions().begin(), all_functions().end()),
                         [](const auto &test) { return std::string(name(test.param)); });

TEST(Ledger, D8_Conventions) {
  const Symbol x("x", 1, 1);
  const auto slope = [&](const Expression &f, double at) {
    const M value{{at}};
    const double fast = jacobian(f, x).at({{x, value}}).to_dense()(0, 0);
    const double plain = jacobian(f, x).at({{x, value}}).to_dense({.method = Method::reference})(0, 0);
    EXPECT_EQ(fast, plain) << to_string(f) << " at " << at;
    return fast;
  };
  EXPECT_EQ(evaluate(sign(x), {{x, M{{0.0}}}})(0, 0), 0) << "the value";
  EXPECT_EQ(slope(abs(x), 0), 0);
  EXPECT_EQ(slope(relu(x), 0), 0);
  EXPECT_EQ(slope(sign(x), 0), 0);
  EXPECT_EQ(slope(softplus(x), 1000), 1);
  EXPECT_EQ(slope(softplus(x), -1000), 0);
  EXPECT_EQ(slope(tanh(x), 1000), 0);
  EXPECT_EQ(slope(sigmoid(x), -1000), 0);
  EXPECT_EQ(slope(log(1 + exp(x)), 1000), 1);
}

/// K[q,m] in the middle: vec(A ⊗ B) = (I ⊗ K[q,m] ⊗ I)(vec A ⊗ vec B) (V7).
M kron_of_vecs(Index m, Index n, Index p, Index q) { return kron(identity(n), kron(commutation(q, m), identity(p))); }

TEST(Ledger, D9_KroneckerProduct) {
  const Symbol x("X", 2, 3), y("Y", 4, 2);
  const Givens g = two(x, y);
  const M permutation = kron_of_vecs(2, 3, 4, 2);
  EXPECT_TRUE(near(evaluate(kron(x, y), values_of(g)), kron(g[0].value, g[1].value), 0));
  expect_jacobian(kron(x, y), x, g, product(permutation, kron(identity(6), vec(g[1].value))));
  expect_jacobian(kron(x, y), y, g, product(permutation, kron(vec(g[0].value), identity(8))));
}

TEST(Ledger, D9_KroneckerProductOfOneVariable) {
  const Symbol x("X", 2, 3);
  Givens g;
  g.push_back(given(x, 1));
  const M v = vec(g[0].value);
  expect_jacobian(kron(x, x), x, g,
                  product(kron_of_vecs(2, 3, 2, 3), plus(kron(identity(6), v), kron(v, identity(6)))));
}

TEST(Ledger, D9_DirectSum) {
  const Symbol x("X", 2, 3), y("Y", 1, 2);
  const Givens g = two(x, y);
  const auto placed = [](Index rows, Index cols, Index i0, Index j0) { // the place of entry (i, j) in 3×5
    return tabulate(15, rows * cols,
                    [=](Index to, Index from) { return double(to == i0 + from % rows + 3 * (j0 + from / rows)); });
  };
  expect_jacobian(direct_sum(x, y), x, g, placed(2, 3, 0, 0));
  expect_jacobian(direct_sum(x, y), y, g, placed(1, 2, 2, 3));
}

TEST(Ledger, K14_KhatriRao) {
  const Symbol a("A", 3, 4), b("B", 4, 2), d("d", 4, 1);
  Givens g;
  g.push_back(given(a, 1)), g.push_back(given(b, 2)), g.push_back(given(d, 3));
  // vec(A·Diag(d)·B) = (Bᵀ ∗ A) d, so its Jacobian with respect to d is Bᵀ ∗ A.
  const M khatri = evaluate(khatri_rao(transpose(b), a), values_of(g));
  const M columns = tabulate(6, 4, [&](Index i, Index j) { return g[1].value(j, i / 3) * g[0].value(i % 3, j); });
  EXPECT_TRUE(near(khatri, columns, 1e-15));
  EXPECT_TRUE(near(vec(evaluate(a * diag(d) * b, values_of(g))), product(khatri, g[2].value), 1e-14));
  expect_jacobian(a * diag(d) * b, d, g, khatri);
  expect_jacobian(khatri_rao(transpose(b), a), a, g,
                  jacobian(khatri_rao(transpose(b), a), a).at(values_of(g)).to_dense({.method = Method::reference}));
}

TEST(Ledger, DiagonalsAndTriangles) {
  const Symbol x("X", 3, 3), v("v", 3, 1);
  const Givens g = two(x, v);
  expect_jacobian(diag(x), x, g, tabulate(3, 9, [](Index i, Index j) { return double(j == 4 * i); }));
  expect_jacobian(diag(v), v, g, tabulate(9, 3, [](Index i, Index j) { return double(i == 4 * j); }));
  expect_jacobian(diag(transpose(v)), v, g, tabulate(9, 3, [](Index i, Index j) { return double(i == 4 * j); }));
  constexpr Index lower[] = {0, 1, 2, 4, 5, 8};
  expect_jacobian(vech(x), x, g, tabulate(6, 9, [&](Index i, Index j) { return double(lower[i] == j); }));
  EXPECT_THROW(diag(Symbol("A", 2, 3)), ShapeError);
  EXPECT_THROW(vech(Symbol("A", 2, 3)), ShapeError);
}

/// Diag(p) − ppᵀ.
M softmax_slope(const M &p) { return plus(diagonal(p), product(p, transposed(p)), -1); }

TEST(Ledger, SoftmaxOfColumns) {
  for (const double shift : {0.0, 1000.0, -1000.0}) { // no overflow
    const Symbol x("X", 3, 2);
    Givens g;
    g.push_back({x, map(M::random(3, 2, 1), [&](double t) { return t + shift; })});
    M p(3, 2), expected(6, 6);
    for (Index j = 0; j < 2; ++j) {
      double total = 0;
      for (Index i = 0; i < 3; ++i)
        total += p(i, j) = std::exp(g[0].value(i, j) - shift);
      for (Index i = 0; i < 3; ++i)
        p(i, j) /= total;
      const M slope = softmax_slope(tabulate(3, 1, [&](Index i, Index) { return p(i, j); }));
      for (Index i = 0; i < 9; ++i)
        expected(3 * j + i % 3, 3 * j + i / 3) = slope(i % 3, i / 3);
    }
    EXPECT_TRUE(near(evaluate(softmax(x), values_of(g)), p, 1e-12));
    const double rounding = 1e-12 * (1 + std::abs(shift)); // of x itself
    expect_jacobian(softmax(x), x, g, expected, rounding);
    expect_jacobian(logsumexp(x), x, g, tabulate(2, 6, [&](Index i, Index j) { return i == j / 3 ? p(j % 3, i) : 0; }),
                    rounding);
    for (Index i = 0; i < 6; ++i)
      EXPECT_TRUE(std::isfinite(evaluate(log(softmax(x)), values_of(g)).data()[i]));
  }
}

/// The element method's Jacobian, for functions without a short closed form.
M by_definition(const Expression &f, const Symbol &x, const Givens &g) {
  return jacobian(f, x).at(values_of(g)).to_dense({.method = Method::reference});
}

/// A well-conditioned matrix with a negative determinant.
M regular() { return M{{2, 0.3, -0.1}, {0.4, -3, 0.2}, {0.1, 0.5, 1.5}}; }
/// Matrices of rank 2 and of rank 1.
M singular() { return M{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}; }
M of_rank_one() { return M{{1, 2, 3}, {2, 4, 6}, {-1, -2, -3}}; }

/// adj X by its definition.
M adjugate_of(const M &x) {
  const auto minor = [&](Index i, Index j) {
    const Index r0 = i == 0, r1 = i == 2 ? 1 : 2, c0 = j == 0, c1 = j == 2 ? 1 : 2;
    return x(r0, c0) * x(r1, c1) - x(r0, c1) * x(r1, c0);
  };
  return tabulate(3, 3, [&](Index i, Index j) { return ((i + j) % 2 ? -1 : 1) * minor(j, i); });
}

TEST(Ledger, D5_DeterminantAlsoOfSingularMatrices) {
  const Symbol x("X", 3, 3);
  for (const M &value : {regular().clone(), singular().clone(), of_rank_one().clone(), M(3, 3)}) {
    Givens g;
    g.push_back({x, value.clone()});
    const M adjugate = adjugate_of(value);
    const double determinant = product(value, adjugate)(0, 0);
    EXPECT_NEAR(evaluate(det(x), values_of(g))(0, 0), determinant, 1e-13);
    if (determinant != 0) { // the second form: det X·X⁻ᵀ
      const M second = evaluate(det(x) * transpose(inverse(x)), values_of(g), Device::reference());
      EXPECT_TRUE(near(second, transposed(adjugate), 1e-12));
    }
    expect_gradient(det(x), x, g, transposed(adjugate), 1e-11);
  }
}

TEST(Ledger, D6_LogDeterminantAlsoOfNegativeOnes) {
  const Symbol x("X", 3, 3);
  Givens g;
  g.push_back({x, regular()});
  const double determinant = product(regular(), adjugate_of(regular()))(0, 0);
  ASSERT_LT(determinant, 0);
  EXPECT_NEAR(evaluate(logdet(x), values_of(g))(0, 0), std::log(-determinant), 1e-13);
  expect_gradient(logdet(x), x, g, map(transposed(adjugate_of(regular())), [&](double t) { return t / determinant; }));
  // The Hessian of log det is −(X⁻¹ ⊗ X⁻ᵀ), permuted; that of det comes from the definition.
  for (const Expression &f : {logdet(x), det(x)}) {
    const Expression slope = gradient(f, x);
    expect_jacobian(slope, x, g, by_definition(slope, x, g), 1e-11);
  }
}

TEST(Ledger, D4_SolveWithoutAnInverse) {
  const Symbol a("A", 3, 3), b("B", 3, 2);
  Givens g;
  g.push_back({a, regular()}), g.push_back(given(b, 2));
  const M inverse_of_a = evaluate(inverse(a), values_of(g)), x = product(inverse_of_a, g[1].value);
  EXPECT_TRUE(near(evaluate(solve(a, b), values_of(g)), x, 1e-14));
  EXPECT_TRUE(
      near(evaluate(solve(transpose(a), b), values_of(g)), product(transposed(inverse_of_a), g[1].value), 1e-14));
  expect_jacobian(solve(a, b), b, g, kron(identity(2), inverse_of_a));
  expect_jacobian(solve(a, b), a, g, map(kron(transposed(x), inverse_of_a), [](double t) { return -t; }));
  expect_jacobian(solve(transpose(a), b), a, g, by_definition(solve(transpose(a), b), a, g));
  g[0].value = M{{2, 4, 1}, {1, 2, 3}, {4, 8, 5}}; // elimination is exact: its last pivot is 0
  for (const Device device : Device::all())
    EXPECT_THROW(evaluate(solve(a, b), values_of(g), device), DomainError) << device.name();
}

TEST(Ledger, CholeskyFactor) {
  const Symbol x("X", 3, 3);
  Givens g;
  g.push_back({x, M{{4, 1, -1}, {1, 3, 0.5}, {-1, 0.5, 5}}});
  const M l = evaluate(cholesky(x), values_of(g));
  EXPECT_TRUE(near(product(l, transposed(l)), g[0].value, 1e-14));
  EXPECT_EQ(l(0, 1), 0);
  expect_jacobian(cholesky(x), x, g, by_definition(cholesky(x), x, g));
  const Expression half_logdet = sum(log(diag(cholesky(x))));
  expect_gradient(half_logdet, x, g, map(evaluate(inverse(x), values_of(g)), [](double t) { return t / 2; }));
  g[0].value(1, 1) = -3;
  for (const Device device : Device::all())
    EXPECT_THROW(evaluate(cholesky(x), values_of(g), device), DomainError) << device.name();
}

TEST(Ledger, MatrixExponential) {
  const Symbol x("X", 3, 3);
  Givens g;
  g.push_back(given(x, 1));
  for (const double size : {0.1, 1.0, 4.0}) { // with scaling and without
    g[0].value = map(M::random(3, 3, 1), [&](double t) { return size * t; });
    const M negative = map(g[0].value, [](double t) { return -t; });
    const M e = evaluate(expm(x), values_of(g)), back = evaluate(expm(x), {{x, negative}});
    double scale = 0;
    for (Index i = 0; i < 9; ++i)
      scale = std::max({scale, std::abs(e.data()[i]), std::abs(back.data()[i])});
    EXPECT_TRUE(near(product(e, back), identity(3), 1e-14 * scale * scale));
    expect_jacobian(expm(x), x, g, by_definition(expm(x), x, g), 1e-12);
  }
  g[0].value = M{{0, 1, 0}, {0, 0, 1}, {0, 0, 0}}; // nilpotent: I + X + X²/2
  EXPECT_TRUE(near(evaluate(expm(x), values_of(g)), M{{1, 1, 0.5}, {0, 1, 1}, {0, 0, 1}}, 1e-15));
}

TEST(Ledger, D12_SquareOfTheFrobeniusNorm) {
  const Symbol x("X", 3, 4);
  Givens g;
  g.push_back(given(x, 1));
  const M twice = map(g[0].value, [](double t) { return 2 * t; });
  expect_gradient(trace(transpose(x) * x), x, g, twice);
  expect_gradient(square(norm2(x)), x, g, twice);
}

} // namespace
} // namespace kronvec::testing

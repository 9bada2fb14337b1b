/// The worked examples of matrix calculus (Magnus & Neudecker; The Matrix Cookbook), rows E of the project's ledger.

#include "tests/calculus/jacobian_checks.hpp"

namespace kronvec::testing {
namespace {

using M = Matrix<double>;

double sigma(double x) { return 1 / (1 + std::exp(-x)); }

TEST(Ledger, E1_GradientOfAFunctionOfAXB) {
  const Symbol a("A", 3, 4), x("X", 4, 5), b("B", 5, 2);
  const Givens g = [&] {
    Givens v;
    v.push_back(given(a, 1)), v.push_back(given(x, 2)), v.push_back(given(b, 3));
    return v;
  }();
  const Expression y = a * x * b;
  // f(Y) = sum(exp(Y)): ∂f/∂Y = exp(Y), so ∂f/∂X = Aᵀ exp(AXB) Bᵀ.
  const M ey = map(product(product(g[0].value, g[1].value), g[2].value), [](double t) { return std::exp(t); });
  const M expected = product(product(transposed(g[0].value), ey), transposed(g[2].value));
  expect_gradient(sum(exp(y)), x, g, expected);
}

TEST(Ledger, E2_AExpXB) {
  const Symbol a("A", 3, 4), x("X", 4, 5), b("B", 5, 2);
  Givens g;
  g.push_back(given(a, 1)), g.push_back(given(x, 2)), g.push_back(given(b, 3));
  const M e = map(product(g[1].value, g[2].value), [](double t) { return std::exp(t); });
  const M expected =
      product(product(kron(identity(2), g[0].value), diagonal(e)), kron(transposed(g[2].value), identity(4)));
  expect_jacobian(a * exp(x * b), x, g, expected);
}

TEST(Ledger, E3_LinearForm) {
  const Symbol beta("beta", 4, 1), x("x", 4, 1), xs("X", 4, 3);
  Givens g;
  g.push_back(given(beta, 1)), g.push_back(given(x, 2));
  expect_gradient(transpose(beta) * x, x, g, g[0].value);
  Givens h;
  h.push_back(given(beta, 1)), h.push_back(given(xs, 2));
  expect_jacobian(transpose(beta) * xs, xs, h, kron(identity(3), transposed(h[0].value)));
}

TEST(Ledger, E4_XTransposeX) {
  const Symbol v("x", 4, 1), x("X", 4, 3);
  Givens g;
  g.push_back(given(v, 1));
  expect_gradient(transpose(v) * v, v, g, plus(g[0].value, g[0].value));
  Givens h;
  h.push_back(given(x, 2));
  const M expected = product(plus(identity(9), commutation(3, 3)), kron(identity(3), transposed(h[0].value)));
  expect_jacobian(transpose(x) * x, x, h, expected);
  // ✗ ∂XᵀX/∂X = 2X holds only for a vector. For a square matrix the differential at dX = I shows it: Xᵀ + X, not 2X.
  const Symbol s("S", 3, 3);
  Givens k;
  k.push_back(given(s, 5));
  const M change = jvp(transpose(s) * s, s, values_of(k), identity(3));
  EXPECT_TRUE(near(change, plus(k[0].value, transposed(k[0].value)), 1e-13));
  EXPECT_FALSE(near(change, plus(k[0].value, k[0].value), 0.1));
}

TEST(Ledger, E5_QuadraticForm) {
  const Symbol a("A", 4, 4), v("x", 4, 1), x("X", 4, 3);
  Givens g;
  g.push_back(given(a, 1)), g.push_back(given(v, 2));
  const M symmetric = plus(g[0].value, transposed(g[0].value));
  expect_gradient(transpose(v) * a * v, v, g, product(symmetric, g[1].value));
  Givens mirrored;
  mirrored.push_back({a, symmetric.clone()}), mirrored.push_back(given(v, 2));
  const M once = product(symmetric, g[1].value);
  expect_gradient(transpose(v) * a * v, v, mirrored, plus(once, once)); // 2Ax for a symmetric A
  Givens h;
  h.push_back(given(a, 1)), h.push_back(given(x, 3));
  const M &am = h[0].value, xt = transposed(h[1].value);
  const M expected = plus(kron(identity(3), product(xt, am)),
                          product(commutation(3, 3), kron(identity(3), product(xt, transposed(am)))));
  expect_jacobian(transpose(x) * a * x, x, h, expected);
  // ✗ (A + Aᵀ)X for a matrix. For a square X the differential at dX = I shows it: AX + XᵀA.
  const Symbol s("S", 4, 4);
  Givens k;
  k.push_back(given(a, 1)), k.push_back(given(s, 5));
  const M change = jvp(transpose(s) * a * s, s, values_of(k), identity(4));
  EXPECT_TRUE(near(change, plus(product(am, k[1].value), product(transposed(k[1].value), am)), 1e-13));
  EXPECT_FALSE(near(change, product(symmetric, k[1].value), 0.1));
}

TEST(Ledger, E6_BilinearForm) {
  const Symbol a("a", 3, 1), b("b", 4, 1), c("c", 3, 1), x("X", 3, 4), s("S", 3, 3);
  Givens g;
  g.push_back(given(a, 1)), g.push_back(given(b, 2)), g.push_back(given(x, 3));
  expect_gradient(transpose(a) * x * b, x, g, product(g[0].value, transposed(g[1].value)));
  Givens h;
  h.push_back(given(c, 1)), h.push_back(given(s, 3));
  expect_gradient(transpose(c) * s * c, s, h, product(h[0].value, transposed(h[0].value)));
}

TEST(Ledger, E7_InverseForm) {
  const Symbol a("a", 3, 1), x("X", 3, 3);
  Givens g;
  g.push_back(given(a, 1)), g.push_back(given(x, 3));
  for (Index i = 0; i < 3; ++i)
    g[1].value(i, i) += 4;
  const M inverse_t = transposed(evaluate(inverse(x), values_of(g), Device::reference()));
  const M at = transposed(g[0].value);
  const M expected = map(product(product(inverse_t, product(g[0].value, at)), inverse_t), [](double t) { return -t; });
  expect_gradient(transpose(a) * inverse(x) * a, x, g, expected);
}

TEST(Ledger, E8_Determinant) {
  const Symbol x("X", 2, 2);
  Givens g;
  for (const M &value : {M{{1, 2}, {3, 5}}, M{{1, 2}, {2, 4}}}) { // the second is singular
    g.clear();
    g.push_back({x, value.clone()});
    const M first{{value(1, 1), -value(1, 0)}, {-value(0, 1), value(0, 0)}};
    expect_gradient(det(x), x, g, first);
    const double determinant = value(0, 0) * value(1, 1) - value(0, 1) * value(1, 0);
    if (determinant == 0) continue;
    const M second = evaluate(det(x) * transpose(inverse(x)), values_of(g), Device::reference());
    EXPECT_TRUE(near(second, first, 1e-13)) << "det X·X⁻ᵀ at a regular X";
  }
}

TEST(Ledger, E9_LogDeterminant) {
  const Symbol x("X", 3, 3);
  Givens g;
  g.push_back({x, M{{3, 1, 0}, {1, 4, 1}, {0, 2, 5}}});
  expect_gradient(logdet(x), x, g, transposed(evaluate(inverse(x), values_of(g))));
}

TEST(Ledger, E13_InverseOfAFunctionOfAScalar) {
  const Symbol a("A", 3, 3), b("B", 3, 3), t("t", 1, 1);
  Givens g;
  g.push_back(given(a, 1)), g.push_back({b, M{{5, 1, 0}, {0, 6, 1}, {1, 0, 7}}}), g.push_back({t, M{{0.3}}});
  const Expression f = sin(t) * a + b; // F′ = cos(t) A
  const M inverse_of_f = evaluate(inverse(f), values_of(g));
  const M slope =
      map(product(product(inverse_of_f, g[0].value), inverse_of_f), [](double s) { return -std::cos(0.3) * s; });
  expect_jacobian(inverse(f), t, g, vec(slope));
}

TEST(Ledger, E10_Trace) {
  const Symbol x("X", 4, 4);
  Givens g;
  g.push_back(given(x, 1));
  expect_gradient(trace(x), x, g, identity(4));
  // ✗ diag(X) is a different matrix.
  EXPECT_FALSE(
      near(identity(4), tabulate(4, 4, [&](Index i, Index j) { return i == j ? g[0].value(i, i) : 0; }), 1e-3));
}

TEST(Ledger, E11_SquaredFrobeniusNorm) {
  const Symbol a("A", 3, 5);
  Givens g;
  g.push_back(given(a, 1));
  expect_gradient(trace(a * transpose(a)), a, g, plus(g[0].value, g[0].value));
  expect_gradient(square(norm2(a)), a, g, plus(g[0].value, g[0].value));
}

TEST(Ledger, E12_LinearLayer) {
  const Symbol w("W", 3, 4), x("x", 4, 1), w0("w0", 3, 1);
  Givens g;
  g.push_back(given(w, 1)), g.push_back(given(x, 2)), g.push_back(given(w0, 3));
  const Expression y = w * x + w0;
  expect_jacobian(y, x, g, g[0].value);
  expect_jacobian(y, w, g, kron(transposed(g[1].value), identity(3)));
  expect_jacobian(y, w0, g, identity(3));
}

TEST(Ledger, E14_FormOfXXTranspose) {
  const Symbol a("a", 3, 1), b("b", 3, 1), x("X", 3, 5);
  Givens g;
  g.push_back(given(a, 1)), g.push_back(given(b, 2)), g.push_back(given(x, 3));
  const M abt = product(g[0].value, transposed(g[1].value));
  expect_gradient(transpose(a) * x * transpose(x) * b, x, g, product(plus(abt, transposed(abt)), g[2].value));
}

TEST(Ledger, E15_LogisticRegression) {
  const Symbol w("w", 3, 1), x("x", 3, 1), y("y", 1, 1);
  for (const double z : {0.3, 1000.0, -1000.0}) {
    Givens g;
    g.push_back({w, M{{1}, {2}, {-1}}});
    g.push_back({x, M{{z / 2}, {z / 2}, {z / 2}}}); // xᵀw = z
    g.push_back({y, M{{1}}});
    const Expression xw = transpose(x) * w;
    const Expression loss = -(y * xw) + log(1 + exp(xw));
    const M gradient = map(g[1].value, [&](double t) { return (sigma(z) - 1) * t; });
    expect_gradient(loss, w, g, gradient);
    const M value = evaluate(loss, values_of(g));
    EXPECT_NEAR(value(0, 0), z > 0 ? std::log1p(std::exp(-z)) : -z + std::log1p(std::exp(z)), 1e-12);
    // The Hessian, as the Jacobian of the gradient: σ(1−σ)xxᵀ.
    const double s = sigma(z), slope = s * (1 - s);
    const M hessian = map(product(g[1].value, transposed(g[1].value)), [&](double t) { return slope * t; });
    expect_jacobian(kronvec::gradient(loss, w), w, g, hessian);
  }
}

TEST(Ledger, E16_SoftmaxRegression) {
  const Symbol w("W", 3, 2), x("x", 2, 1), y("y", 3, 1);
  const Expression loss = -(transpose(y) * log(softmax(w * x)));
  for (const double size : {1.0, 1000.0})
    for (const bool sums_to_one : {true, false}) {
      Givens g;
      g.push_back({w, map(M::random(3, 2, 1), [&](double t) { return size * t; })});
      g.push_back(given(x, 2));
      g.push_back({y, sums_to_one ? M{{0.2}, {0.5}, {0.3}} : M{{1}, {2}, {-0.5}}});
      const M &x0 = g[1].value, &y0 = g[2].value;
      const double total = y0(0, 0) + y0(1, 0) + y0(2, 0);
      const M z = product(g[0].value, x0);
      const double largest = std::max({z(0, 0), z(1, 0), z(2, 0)});
      M p = map(z, [&](double t) { return std::exp(t - largest); });
      const double sum_of_p = p(0, 0) + p(1, 0) + p(2, 0);
      p = map(p, [&](double t) { return t / sum_of_p; });
      // ✗ (p − y)xᵀ is correct only if 1ᵀy = 1. In general the gradient is ((1ᵀy)p − y)xᵀ, and the Hessian has the
      // factor 1ᵀy.
      const M gradient = product(plus(map(p, [&](double t) { return total * t; }), y0, -1), transposed(x0));
      expect_gradient(loss, w, g, gradient, 1e-12 * size);
      if (!sums_to_one) {
        EXPECT_FALSE(near(gradient, product(plus(p, y0, -1), transposed(x0)), 1e-3));
      }
      const M slope = plus(diagonal(p), product(p, transposed(p)), -1);
      const M hessian = map(kron(product(x0, transposed(x0)), slope), [&](double t) { return total * t; });
      expect_jacobian(kronvec::gradient(loss, w), w, g, hessian, 1e-12 * size);
      EXPECT_TRUE(std::isfinite(evaluate(loss, values_of(g))(0, 0)));
    }
}

TEST(Ledger, E17_SumOfTwoSquares) {
  const Symbol y("y", 2, 1);
  Givens g;
  g.push_back(given(y, 1));
  const M row = transposed(plus(g[0].value, g[0].value));
  expect_jacobian(sum(pow(y, 2)), y, g, row); // a row in numerator layout, a column in denominator layout
}

TEST(Ledger, E18_TwoFunctionsOfThree) {
  const Symbol y("y", 3, 1);
  Givens g;
  g.push_back(given(y, 1));
  const auto unit = [](Index n, Index i) {
    const M e = tabulate(1, n, [&](Index, Index j) { return double(i == j); });
    return constant(e);
  };
  const Expression y1 = unit(3, 0) * y, y2 = unit(3, 1) * y, y3 = unit(3, 2) * y;
  const Expression f =
      transpose(unit(2, 0)) * (pow(y1, 2) + pow(y2, 2) + y3) + transpose(unit(2, 1)) * (pow(y3, 2) + 2 * y1);
  const M &v = g[0].value;
  const M denominator{{2 * v(0, 0), 2}, {2 * v(1, 0), 0}, {1, 2 * v(2, 0)}};
  expect_jacobian(f, y, g, transposed(denominator));
}

TEST(Ledger, E19_AyAndItsForm) {
  const Symbol a("A", 3, 3), y("y", 3, 1);
  Givens g;
  g.push_back(given(a, 1)), g.push_back(given(y, 2));
  expect_jacobian(a * y, y, g, g[0].value); // denominator layout: Aᵀ
  expect_gradient(transpose(y) * a * y, y, g, product(plus(g[0].value, transposed(g[0].value)), g[1].value));
}

TEST(Ledger, E20_ForwardAndReverseAgree) {
  const Symbol x1("x1", 1, 1), x2("x2", 1, 1);
  Givens g;
  g.push_back({x1, M{{2}}}), g.push_back({x2, M{{5}}});
  const Expression f = log(x1) + x1 * x2 - sin(x2);
  expect_jacobian(f, x1, g, M{{1 / 2.0 + 5}});
  expect_jacobian(f, x2, g, M{{2 - std::cos(5.0)}});
}

TEST(Ledger, E21_ProductsWithoutTheJacobian) {
  const Symbol x("x", 5, 1), w("W", 4, 5), v("V", 3, 4);
  Givens g;
  g.push_back(given(x, 1)), g.push_back(given(w, 2)), g.push_back(given(v, 3));
  const Expression l = v * tanh(w * x);
  const M slope = map(product(g[1].value, g[0].value), [](double t) { return 1 / std::pow(std::cosh(t), 2); });
  const M j = product(product(g[2].value, diagonal(slope)), g[1].value);
  const M dx = M::random(5, 1, 7), u = M::random(3, 1, 8);
  EXPECT_TRUE(near(jvp(l, x, values_of(g), dx), product(j, dx), 1e-13));
  EXPECT_TRUE(near(vjp(l, x, values_of(g), u), product(transposed(j), u), 1e-13));
  // ✗ Forward mode does not multiply J (n×m) by ∂l/∂y: a vector of F's size is not a tangent.
  EXPECT_THROW(jvp(l, x, values_of(g), u), ShapeError);
}

} // namespace
} // namespace kronvec::testing

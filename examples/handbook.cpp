// The C++ code of the handbook's pages in docs/handbook. The body of function e7 below appears on page E07.

#include <kronvec/kronvec.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>

namespace kv = kronvec;

namespace {

bool good = true;

/// Prints a claim, and whether the two matrices agree.
void check(const char *claim, const kv::Matrix<double> &computed, const kv::Matrix<double> &expected) {
  double error = computed.shape() == expected.shape() ? 0 : HUGE_VAL, size = 1;
  for (kv::Index j = 0; error < HUGE_VAL && j < computed.cols(); ++j)
    for (kv::Index i = 0; i < computed.rows(); ++i) {
      error = std::max(error, std::abs(computed(i, j) - expected(i, j)));
      size = std::max(size, std::abs(expected(i, j)));
    }
  const bool holds = error <= 1e-12 * size;
  std::printf("%s: %s\n", holds ? "holds" : "FAILS", claim);
  good = good && holds;
}

void e1() {
  const kv::Symbol A("A", 3, 4), X("X", 4, 5), B("B", 5, 2);
  const kv::Expression f = sum(exp(A * X * B)); // f(Y) = sum(exp(Y)), so ∂f/∂Y = exp(Y)
  const kv::Expression G = gradient(f, X);      // an expression of X's shape, to evaluate or differentiate again

  const auto a = kv::Matrix<double>::random(3, 4, 1), x = kv::Matrix<double>::random(4, 5, 2),
             b = kv::Matrix<double>::random(5, 2, 3);
  const kv::Values<double> at{{A, a}, {X, x}, {B, b}};
  check("∂f/∂X = Aᵀ (∂f/∂Y) Bᵀ", evaluate(G, at), evaluate(transpose(A) * exp(A * X * B) * transpose(B), at));
}

void e2() {
  const kv::Symbol A("A", 4, 3), X("X", 3, 2), B("B", 2, 5);
  const kv::Expression F = A * exp(X * B);
  std::cout << kv::Derivation(F, X).text(); // what `kronvec derive` prints

  const auto a = kv::Matrix<double>::random(4, 3, 1), x = kv::Matrix<double>::random(3, 2, 2),
             b = kv::Matrix<double>::random(2, 5, 3);
  const kv::Values<double> at{{A, a}, {X, x}, {B, b}};
  const kv::Matrix<double> J =
      jacobian(F, X).at(at).to_dense(); // 20×6, from its terms, without the 20×15 and 15×6 factors
  const kv::Expression formula = kron(kv::eye(5), A) * diag(vec(exp(X * B))) * kron(transpose(B), kv::eye(3));
  check("J = (I ⊗ A)·Diag(vec exp(XB))·(Bᵀ ⊗ I)", J, evaluate(formula, at));
}

void e3() {
  const kv::Symbol beta("beta", 4, 1), x("x", 4, 1), X("X", 4, 3);
  const auto b = kv::Matrix<double>::random(4, 1, 1), v = kv::Matrix<double>::random(4, 1, 2),
             m = kv::Matrix<double>::random(4, 3, 3);
  const kv::Values<double> at{{beta, b}, {x, v}, {X, m}};
  check("∇(βᵀx) = β", evaluate(gradient(transpose(beta) * x, x), at), b);

  const kv::Matrix<double> J = jacobian(transpose(beta) * X, X).at({{beta, b}, {X, m}}).to_dense(); // 3×12
  check("∂(βᵀX)/∂X = I ⊗ βᵀ", J, evaluate(kron(kv::eye(3), transpose(beta)), at));
}

void e4() {
  const kv::Symbol X("X", 5, 4);
  const auto x = kv::Matrix<double>::random(5, 4, 1);
  const auto J = jacobian(transpose(X) * X, X).at({{X, x}}); // an operator: neither J nor K is formed

  const kv::Operator<double> Xt(evaluate(transpose(X), {{X, x}}), "Xᵀ");
  const auto formula = (kv::identity<double>(16) + kv::commutation<double>(4, 4)) * kron(kv::identity<double>(4), Xt);
  check("∂(XᵀX)/∂X = (I + K)(I ⊗ Xᵀ)", J.to_dense(), formula.to_dense());
}

void e5() {
  const kv::Symbol A("A", 4, 4), x("x", 4, 1), X("X", 4, 3);
  const auto a = kv::Matrix<double>::random(4, 4, 1), v = kv::Matrix<double>::random(4, 1, 2),
             m = kv::Matrix<double>::random(4, 3, 3);
  const kv::Values<double> at{{A, a}, {x, v}, {X, m}};
  const kv::Expression f = transpose(x) * A * x;
  check("∇(xᵀAx) = (A + Aᵀ)x", evaluate(gradient(f, x), at), evaluate((A + transpose(A)) * x, at));
  check("its Hessian is A + Aᵀ", hessian(f, x).at({{A, a}, {x, v}}).to_dense(), evaluate(A + transpose(A), at));

  // For a matrix: the differential at a tangent U, without forming J.
  const auto u = kv::Matrix<double>::random(4, 3, 4);
  const kv::Symbol U("U", 4, 3);
  const kv::Expression dF = transpose(U) * A * X + transpose(X) * A * U;
  check("d(XᵀAX) = dXᵀ·A·X + Xᵀ·A·dX", jvp(transpose(X) * A * X, X, at, u), evaluate(dF, {{A, a}, {X, m}, {U, u}}));
}

void e6() {
  const kv::Symbol a("a", 3, 1), b("b", 4, 1), X("X", 3, 4);
  const kv::Matrix<double> left{{1}, {2}, {3}}, right{{1}, {0}, {-1}, {2}};
  const kv::Expression G = gradient(transpose(a) * X * b, X);
  std::cout << "gradient of a'Xb: " << to_string(G) << "\n";
  check("∇(aᵀXb) = abᵀ", evaluate(G, {{a, left}, {b, right}}), evaluate(a * transpose(b), {{a, left}, {b, right}}));
}

void e7() {
  const kv::Symbol a("a", 2, 1), X("X", 2, 2);
  const kv::Matrix<double> v{{1}, {3}}, x{{2, 2}, {1, 2}};
  const kv::Values<double> at{{a, v}, {X, x}};
  const kv::Expression f = transpose(a) * inverse(X) * a; // or transpose(a) * solve(X, a), which inverts nothing
  const kv::Expression w = transpose(inverse(X)) * a;
  check("∇(aᵀX⁻¹a) = −X⁻ᵀaaᵀX⁻ᵀ", evaluate(gradient(f, X), at),
        evaluate(-(w * transpose(a) * transpose(inverse(X))), at));
}

void e8() {
  const kv::Symbol X("X", 2, 2);
  const kv::Expression G = gradient(det(X), X);
  const kv::Matrix<double> regular{{1, 2}, {3, 5}}, singular{{1, 2}, {2, 4}};
  check("∇det X = adj(X)ᵀ at a regular X", evaluate(G, {{X, regular}}), {{5, -3}, {-2, 1}});
  check("∇det X = adj(X)ᵀ at a singular X", evaluate(G, {{X, singular}}), {{4, -2}, {-2, 1}});
}

void e9() {
  const kv::Symbol X("X", 2, 2);
  const kv::Matrix<double> x{{2, 2}, {1, 2}};
  const kv::Expression G = gradient(logdet(X), X);
  check("∇log|det X| = X⁻ᵀ", evaluate(G, {{X, x}}), {{1, -0.5}, {-1, 1}});

  // The gradient is an expression, and its Jacobian the Hessian: d(X⁻ᵀ) = −(X⁻¹·dX·X⁻¹)ᵀ.
  const kv::Matrix<double> H = hessian(logdet(X), X).at({{X, x}}).to_dense();
  const kv::Operator<double> V(evaluate(inverse(X), {{X, x}}), "X⁻¹");
  const auto formula = -(kv::commutation<double>(2, 2) * kron(V.transpose(), V));
  check("H = −K·(X⁻ᵀ ⊗ X⁻¹)", H, formula.to_dense());
}

void e10() {
  const kv::Symbol X("X", 3, 3), A("A", 3, 3);
  const auto a = kv::Matrix<double>::random(3, 3, 1), x = kv::Matrix<double>::random(3, 3, 2);
  check("∇tr X = I", evaluate(gradient(trace(X), X), {{X, x}}), evaluate(kv::eye(3), {}));
  check("∇tr(AX) = Aᵀ", evaluate(gradient(trace(A * X), X), {{A, a}, {X, x}}), evaluate(transpose(A), {{A, a}}));
}

void e11() {
  const kv::Symbol A("A", 3, 5);
  const auto a = kv::Matrix<double>::random(3, 5, 1);
  const kv::Matrix<double> expected = evaluate(2 * A, {{A, a}});
  for (const kv::Expression &f : {trace(A * transpose(A)), square(norm2(A)), sum(square(A))})
    check(("∇(" + to_string(f) + ") = 2A").c_str(), evaluate(gradient(f, A), {{A, a}}), expected);
}

void e12() {
  const kv::Symbol W("W", 4, 3), x("x", 3, 1), w0("w0", 4, 1);
  const auto w = kv::Matrix<double>::random(4, 3, 1), b = kv::Matrix<double>::random(4, 1, 2),
             u = kv::Matrix<double>::random(4, 1, 3);
  const kv::Matrix<double> v{{1}, {2}, {3}}, v1{{1}, {2}, {3}, {1}};
  const kv::Values<double> at{{W, w}, {x, v}, {w0, b}};
  const kv::Expression y = W * x + w0;
  check("∂y/∂x = W", jacobian(y, x).at(at).to_dense(), w);
  check("∂y/∂vec W = xᵀ ⊗ I", jacobian(y, W).at(at).to_dense(), evaluate(kron(transpose(x), kv::eye(4)), at));

  const auto J = jacobian(y, {W, w0}).at(at); // [∂y/∂vec W  ∂y/∂w₀] = [xᵀ 1] ⊗ I: blocks side by side, 4×16
  const kv::Operator<double> x1(v1.clone(), "[x; 1]");
  check("Jᵀu = [x; 1] ⊗ u, back-propagation's step", J.apply_transpose(u), kron(x1, kv::identity<double>(4)) * u);
}

void e13() {
  const kv::Symbol A("A", 3, 3), B("B", 3, 3), t("t", 1, 1);
  const kv::Matrix<double> a{{5, 1, 0}, {0, 6, 1}, {1, 0, 7}}, s{{0.5}};
  const auto b = kv::Matrix<double>::random(3, 3, 1);
  const kv::Values<double> at{{A, a}, {B, b}, {t, s}};
  const kv::Expression V = inverse(A + sin(t) * B);
  const kv::Matrix<double> slope = jvp(V, t, at, kv::Matrix<double>{{1}}); // dV/dt as a 3×3 matrix
  check("d(F⁻¹)/dt = −F⁻¹F′F⁻¹", slope, evaluate(-(cos(t) * (V * B * V)), at));
}

void e14() {
  const kv::Symbol a("a", 3, 1), b("b", 3, 1), X("X", 3, 5);
  const auto u = kv::Matrix<double>::random(3, 1, 1), v = kv::Matrix<double>::random(3, 1, 2),
             x = kv::Matrix<double>::random(3, 5, 3);
  const kv::Values<double> at{{a, u}, {b, v}, {X, x}};
  const kv::Expression G = gradient(transpose(a) * X * transpose(X) * b, X);
  check("∇(aᵀXXᵀb) = (abᵀ + baᵀ)X", evaluate(G, at), evaluate((a * transpose(b) + b * transpose(a)) * X, at));
}

void e15() {
  const kv::Symbol w("w", 2, 1), x("x", 2, 1), y("y", 1, 1);
  const kv::Expression z = transpose(x) * w, s = sigmoid(z);
  const kv::Expression loss = -(y * z) + log(1 + exp(z)); // becomes softplus(z), which does not overflow
  const kv::Matrix<double> ones{{1}, {1}}, one{{1}};
  for (const double size : {0.5, 1000.0, -1000.0}) {
    const kv::Matrix<double> features{{size}, {size}};
    const kv::Values<double> at{{w, ones}, {x, features}, {y, one}};
    check("∇ = (σ(xᵀw) − y)x", evaluate(gradient(loss, w), at), evaluate((s - y) * x, at));
    check("H = σ(1 − σ)xxᵀ", hessian(loss, w).at(at).to_dense(), evaluate(s * (1 - s) * (x * transpose(x)), at));
  }
}

void e16() {
  const kv::Symbol W("W", 3, 2), x("x", 2, 1), y("y", 3, 1);
  const kv::Expression loss = -(transpose(y) * log(softmax(W * x))), p = softmax(W * x);
  const auto w = kv::Matrix<double>::random(3, 2, 1), v = kv::Matrix<double>::random(2, 1, 2);
  const kv::Matrix<double> label{{0}, {1}, {0}}, counts{{2}, {1}, {4}}; // 1ᵀy = 1, and 1ᵀy = 7
  const kv::Values<double> at{{W, w}, {x, v}, {y, label}}, weighted{{W, w}, {x, v}, {y, counts}};
  check("∇ = (p − y)xᵀ where 1ᵀy = 1", evaluate(gradient(loss, W), at), evaluate((p - y) * transpose(x), at));
  check("∇ = ((1ᵀy)p − y)xᵀ always", evaluate(gradient(loss, W), weighted),
        evaluate((sum(y) * p - y) * transpose(x), weighted));
  const kv::Expression H = kron(x * transpose(x), diag(p) - p * transpose(p));
  check("H = xxᵀ ⊗ (Diag(p) − ppᵀ) where 1ᵀy = 1", hessian(loss, W).at(at).to_dense(), evaluate(H, at));
}

void e17() {
  const kv::Symbol y("y", 2, 1);
  const kv::Matrix<double> v{{3}, {4}};
  const kv::Expression f = sum(square(y));
  const auto J = jacobian(f, y).at({{y, v}});
  check("numerator layout: a row", J.to_dense(), {{6, 8}});
  check("denominator layout: a column", J.to_dense({.layout = kv::Layout::denominator}), {{6}, {8}});
  check("gradient: of y's shape, in either layout", evaluate(gradient(f, y), {{y, v}}), {{6}, {8}});
}

void e18() {
  const kv::Symbol y("y", 3, 1);
  const kv::Expression P = constant(kv::Matrix<double>{{1, 1, 0}, {0, 0, 1}}),
                       Q = constant(kv::Matrix<double>{{0, 0, 1}, {2, 0, 0}});
  const kv::Expression f = P * square(y) + Q * y; // (y₁² + y₂² + y₃, y₃² + 2y₁)
  const kv::Matrix<double> v{{3}, {4}, {5}};
  const auto J = jacobian(f, y).at({{y, v}});
  check("numerator layout", J.to_dense(), {{6, 8, 1}, {2, 0, 10}});
  check("denominator layout", J.to_dense({.layout = kv::Layout::denominator}), {{6, 2}, {8, 0}, {1, 10}});
}

void e19() {
  const kv::Symbol A("A", 3, 3), y("y", 3, 1);
  const auto a = kv::Matrix<double>::random(3, 3, 1), v = kv::Matrix<double>::random(3, 1, 2);
  const kv::Values<double> at{{A, a}, {y, v}};
  const auto J = jacobian(A * y, y).at(at);
  check("∂(Ay)/∂y = A in numerator layout", J.to_dense(), a);
  check("… and Aᵀ in denominator layout", J.to_dense({.layout = kv::Layout::denominator}), evaluate(transpose(A), at));
  const kv::Expression f = transpose(y) * A * y;
  check("∇(yᵀAy) = Ay + Aᵀy", evaluate(gradient(f, y), at), evaluate(A * y + transpose(A) * y, at));
}

void e20() {
  const kv::Symbol x1("x1", 1, 1), x2("x2", 1, 1);
  const kv::Expression f = log(x1) + x1 * x2 - sin(x2);
  const kv::Matrix<double> two{{2}}, five{{5}}, one{{1}};
  const auto J = jacobian(f, {x1, x2}).at({{x1, two}, {x2, five}});
  const kv::Matrix<double> e1{{1}, {0}}, e2{{0}, {1}}; // forward: one pass a variable
  check("forward, ∂f/∂x₁ = 1/x₁ + x₂", J.apply(e1), {{5.5}});
  check("forward, ∂f/∂x₂ = x₁ − cos x₂", J.apply(e2), {{2 - std::cos(5)}});
  check("reverse, both in one pass", J.apply_transpose(one), {{5.5}, {2 - std::cos(5)}});
}

void e21() {
  const kv::Symbol x("x", 5, 1), W("W", 4, 5), V("V", 3, 4);
  const auto v = kv::Matrix<double>::random(5, 1, 1), w = kv::Matrix<double>::random(4, 5, 2),
             o = kv::Matrix<double>::random(3, 4, 3);
  const kv::Values<double> at{{x, v}, {W, w}, {V, o}};
  const auto J = jacobian(V * tanh(W * x), x).at(at); // an operator: no J is formed
  const auto dx = kv::Matrix<double>::random(5, 1, 4), u = kv::Matrix<double>::random(3, 1, 5);
  const kv::Matrix<double> forward = J.apply(dx);          // from x's size to l's
  const kv::Matrix<double> reverse = J.apply_transpose(u); // and back

  const kv::Operator<double> formula(evaluate(V * diag(1 - square(tanh(W * x))) * W, at)); // J, formed to compare
  check("forward mode: J·dx", forward, formula * dx);
  check("reverse mode: Jᵀ·u", reverse, formula.transpose() * u);
}

} // namespace

int main() {
  for (const auto example :
       {e1, e2, e3, e4, e5, e6, e7, e8, e9, e10, e11, e12, e13, e14, e15, e16, e17, e18, e19, e20, e21})
    example();
  return good ? 0 : 1;
}

// Logistic regression on measured data (examples/iris/README.md): compares derivatives with closed forms, then runs
// Newton's method.

#include <kronvec/kronvec.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

using namespace kronvec;

namespace {

/// The largest difference of two matrices of equal shape.
double distance(const Matrix<double> &a, const Matrix<double> &b) {
  double largest = 0;
  for (Index j = 0; j < a.cols(); ++j)
    for (Index i = 0; i < a.rows(); ++i)
      largest = std::max(largest, std::abs(a(i, j) - b(i, j)));
  return largest;
}

bool check(const char *what, double error, double tolerance) {
  std::printf("%-48s %.1e\n", what, error);
  return error <= tolerance;
}

} // namespace

int main(int argc, char **argv) {
  const std::string data = argc > 1 ? argv[1] : "examples/iris"; // from the repository's root
  const auto z = read_matrix<double>(data + "/z.csv"), y = read_matrix<double>(data + "/y.csv");
  const Symbol Z("Z", z.rows(), z.cols()), Y("y", y.rows(), 1), w("w", z.cols(), 1);
  const Expression loss = sum(log(1 + exp(Z * w))) - transpose(Y) * Z * w;
  const Expression gradient = transpose(Z) * (sigmoid(Z * w) - Y); // the closed form of the loss's gradient
  const Expression p = sigmoid(Z * w);
  const Expression curvature = transpose(Z) * hadamard(hadamard(p, 1 - p) * ones(1, z.cols()), Z); // Zᵀ Diag(p(1−p)) Z

  Matrix<double> at(z.cols(), 1);
  const Values<double> values{{Z, z}, {Y, y}, {w, at}};
  auto loss_at = jacobian(loss, w).at(values), hessian_at = jacobian(gradient, w).at(values);
  bool good = true;
  Matrix<double> g(z.cols(), 1), h(z.cols(), z.cols());
  const Matrix<double> one{{1}};
  for (int step = 0; step < 12; ++step) {
    loss_at.update({{w, at}}), hessian_at.update({{w, at}}); // the same plans at a new point
    loss_at.apply_transpose(one, g);
    hessian_at.to_dense(h);
    if (step == 3) {
      const Values<double> here{{Z, z}, {Y, y}, {w, at}};
      good &= check("gradient against its closed form", distance(g, evaluate(gradient, here)), 1e-11);
      good &= check("Hessian against Z'Diag(p(1-p))Z", distance(h, evaluate(curvature, here)), 1e-11);
      good &= check("Hessian against central differences",
                    distance(h, hessian_at.to_dense({.method = Method::numeric})), 1e-5);
    }
    const Symbol H("H", h.rows(), h.cols()), G("g", g.rows(), 1);
    at = evaluate(w - inverse(H) * G, {{w, at}, {H, h}, {G, g}});
  }
  std::printf("w = (%.3f, %.3f, %.3f, %.3f, %.3f)\n", at(0, 0), at(1, 0), at(2, 0), at(3, 0), at(4, 0));
  loss_at.update({{w, at}}), loss_at.apply_transpose(one, g);
  good &= check("gradient at the optimum", distance(g, Matrix<double>(z.cols(), 1)), 1e-9);
  return good ? 0 : 1;
}

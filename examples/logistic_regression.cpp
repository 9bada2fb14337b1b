// Logistic regression on measured data (examples/iris/README.md): compares derivatives with closed forms, then runs
// Newton's method.

#include <kronvec/kronvec.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

namespace kv = kronvec;

namespace {

/// The largest difference of two matrices of equal shape.
double distance(const kv::Matrix<double> &a, const kv::Matrix<double> &b) {
  double largest = 0;
  for (kv::Index j = 0; j < a.cols(); ++j)
    for (kv::Index i = 0; i < a.rows(); ++i)
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
  const auto z = kv::read_matrix<double>(data + "/z.csv"), y = kv::read_matrix<double>(data + "/y.csv");
  const kv::Symbol Z("Z", z.rows(), z.cols()), Y("y", y.rows(), 1), w("w", z.cols(), 1);
  const kv::Expression loss = sum(log(1 + exp(Z * w))) - transpose(Y) * Z * w;
  const kv::Expression gradient = transpose(Z) * (sigmoid(Z * w) - Y); // the closed form of the loss's gradient
  const kv::Expression p = sigmoid(Z * w);
  const kv::Expression curvature =
      transpose(Z) * hadamard(hadamard(p, 1 - p) * kv::ones(1, z.cols()), Z); // Zᵀ Diag(p(1−p)) Z

  kv::Matrix<double> at(z.cols(), 1);
  const kv::Values<double> values{{Z, z}, {Y, y}, {w, at}};
  auto loss_at = jacobian(loss, w).at(values), hessian_at = jacobian(gradient, w).at(values);
  bool good = true;
  kv::Matrix<double> g(z.cols(), 1), h(z.cols(), z.cols());
  const kv::Matrix<double> one{{1}};
  for (int step = 0; step < 12; ++step) {
    loss_at.update({{w, at}}), hessian_at.update({{w, at}}); // the same plans at a new point
    loss_at.apply_transpose(one, g);
    hessian_at.to_dense(h);
    if (step == 3) {
      const kv::Values<double> here{{Z, z}, {Y, y}, {w, at}};
      good &= check("gradient against its closed form", distance(g, evaluate(gradient, here)), 1e-11);
      good &= check("Hessian against Z'Diag(p(1-p))Z", distance(h, evaluate(curvature, here)), 1e-11);
      good &= check("Hessian against central differences",
                    distance(h, hessian_at.to_dense({.method = kv::Method::numeric})), 1e-5);
    }
    const kv::Symbol H("H", h.rows(), h.cols()), G("g", g.rows(), 1);
    at = evaluate(w - inverse(H) * G, {{w, at}, {H, h}, {G, g}});
  }
  std::printf("w = (%.3f, %.3f, %.3f, %.3f, %.3f)\n", at(0, 0), at(1, 0), at(2, 0), at(3, 0), at(4, 0));
  loss_at.update({{w, at}}), loss_at.apply_transpose(one, g);
  good &= check("gradient at the optimum", distance(g, kv::Matrix<double>(z.cols(), 1)), 1e-9);
  return good ? 0 : 1;
}

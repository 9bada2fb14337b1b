#include <kronvec/kronvec.hpp>

#include <cmath>
#include <cstdio>

kronvec::Matrix<double> kept; // destroyed after main, and after many other objects

int main() {
  using namespace kronvec;
  const Symbol a("A", 2, 2), x("X", 2, 2);
  const Matrix<double> a0{{1, 2}, {3, 4}}, x0{{0, 1}, {1, 0}};
  const auto j = jacobian(a * exp(x), x).at({{a, a0}, {x, x0}});
  kept = j.to_dense();
  Values<double> next{{a, a0}}; // a stored list that grows
  next.push_back({x, x0.view()});
  if (version() != KRONVEC_VERSION) return 1;
  if (evaluate(a * exp(x), next).shape() != j.value().shape() || next.size() != 2) return 1;
  const double entry = kept(0, 1); // ∂F₁₁/∂X₂₁ = A₁₂ exp(X₂₁)
  std::printf("consumer: %g\n", entry);
  return std::abs(entry - 2 * std::exp(1.0)) < 1e-12 ? 0 : 1;
}

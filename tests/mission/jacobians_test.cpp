/// The second half of the mission (mission_test.cpp is the first): Jacobians of F = A·exp(X·B), A p×k, X k×l, B l×q,
/// assembled and applied through the public interface on every device of this machine.

#include "tests/mission/mission.hpp"

#include "kronvec/compare.hpp"
#include "kronvec/derivative.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace kronvec::testing {
namespace {

template <class T> struct Problem { // holds views of its own matrices, so it must not move
  static constexpr double tolerance = 100 * std::numeric_limits<T>::epsilon();

  Shape of_a, of_b;
  Index p = of_a.rows, k = of_a.cols, l = of_b.rows, q = of_b.cols;
  Symbol A{"A", p, k}, X{"X", k, l}, B{"B", l, q};
  Expression f = A * exp(X * B);
  Matrix<T> a = scaled(p, k, 1), x = scaled(k, l, 2), b = scaled(l, q, 3);
  Values<T> values{{A, a}, {X, x}, {B, b}};
  Table exponentials = textbook::map(textbook::widen(x) * textbook::widen(b), [](Scalar z) { return std::exp(z); });

  /// Small entries, so that exp(X·B) is near 1.
  static Matrix<T> scaled(Index rows, Index cols, std::uint64_t seed) {
    Matrix<T> m = Matrix<T>::random(rows, cols, seed);
    for (Index i = 0; i < rows * cols; ++i)
      m.data()[i] *= T(0.125);
    return m;
  }
  Index rows() const { return p * q; }
  Index cols() const { return k * l; }
  /// ∂F[i,j]/∂X[s,t] = A[i,s]·exp(X·B)[s,j]·B[t,j].
  double entry(Index row, Index col) const {
    const Index i = row % p, j = row / p, s = col % k, t = col / k;
    return static_cast<double>(a(i, s)) * exponentials(s, j).real() * static_cast<double>(b(t, j));
  }
};

TEST(Mission, DenseJacobiansHoldLittleBesideThemselves) {
  each<float, double>([](auto zero, Device device) {
    using T = decltype(zero);
    const Problem<T> problem{{48, 30}, {37, 41}};
    const auto point = jacobian(problem.f, problem.X).template at<T>(problem.values, device);
    Matrix<T> j;
    const std::size_t whole = bytes<T>(problem.rows() * problem.cols());
    EXPECT_LE(fresh_peak_of(device, [&] { j = point.to_dense(); }), whole + whole / 10 + (2u << 20)) << device.name();
    ASSERT_EQ(j.shape(), (Shape{problem.rows(), problem.cols()}));
    const Matrix<T> here = on_host(std::move(j));
    Index wrong = 0;
    for (Index col = 0; col < here.cols(); ++col)
      for (Index row = 0; row < here.rows(); ++row) {
        const double expected = problem.entry(row, col);
        wrong += !(std::abs(static_cast<double>(here(row, col)) - expected) <= problem.tolerance * std::abs(expected));
      }
    EXPECT_EQ(wrong, 0) << device.name();
  });
}

/// J·vec dX = vec A·(exp(X·B) ⊙ dX·B) and Jᵀ·vec U = vec (AᵀU ⊙ exp(X·B))·Bᵀ, for sizes at which J would take
/// gigabytes.
template <class T> void expect_products(const Problem<T> &problem, Device device) {
  SCOPED_TRACE(device.name());
  const auto point = jacobian(problem.f, problem.X).template at<T>(problem.values, device);
  const Matrix<T> dx = Problem<T>::scaled(problem.k, problem.l, 4), u = Problem<T>::scaled(problem.p, problem.q, 5),
                  dx_there = dx.to(device), u_there = u.to(device);
  Matrix<T> y(problem.p, problem.q, device), g(problem.k, problem.l, device);
  const Index longest = std::max({problem.p * problem.q, problem.k * problem.l, problem.k * problem.q});
  const auto both = [&] { point.apply(dx_there, y), point.apply_transpose(u_there, g); };
  EXPECT_LE(fresh_peak_of(device, both), 8 * workspace_bytes<T>(longest));
  both();
  EXPECT_EQ(peak_of(device, both), 0u);
  const Table a = textbook::widen(problem.a), b = textbook::widen(problem.b), &e = problem.exponentials;
  const auto close = [&](const Matrix<T> &result, const Table &expected) {
    double size = 0;
    for (const Scalar x : expected.entries)
      size = std::max(size, std::abs(x));
    return textbook::within(textbook::widen(result), expected,
                            [&](Index, Index) { return Problem<T>::tolerance * size; });
  };
  EXPECT_TRUE(close(y, a * textbook::hadamard(e, textbook::widen(dx) * b)));
  EXPECT_TRUE(close(g, textbook::hadamard(textbook::transpose(a) * textbook::widen(u), e) * textbook::transpose(b)));
}

TEST(Mission, ProductsWithJacobiansHoldSomeVectors) {
  const Problem<float> single{{150, 140}, {141, 139}};
  const Problem<double> exact{{150, 140}, {141, 139}};
  for (const Device device : Device::all())
    expect_products(single, device), expect_products(exact, device);
}

TEST(Mission, EveryMethodOnEveryDeviceComparesWell) {
  const auto compared = [](auto zero) {
    using T = decltype(zero);
    const Problem<T> problem{{12, 7}, {9, 11}};
    const std::vector<Comparison> rows = compare<T>(problem.f, problem.X, problem.values);
    for (const Device device : Device::all())
      for (const Method method : {Method::structured, Method::forward, Method::reverse, Method::numeric})
        EXPECT_TRUE(
            std::any_of(rows.begin(), rows.end(),
                        [&](const Comparison &row) { return row.device == device.name() && row.method == method; }))
            << device.name() << ", " << name(method);
    for (const Comparison &row : rows)
      EXPECT_TRUE(row.passed()) << row.device << ", " << name(row.method) << ": " << row.error;
  };
  compared(float()), compared(double());
}

} // namespace
} // namespace kronvec::testing

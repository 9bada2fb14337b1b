#pragma once
/// One check for a Jacobian that is known: every method on every device, in both precisions and layouts.

#include "testing.hpp"

namespace kronvec::testing {

struct Given {
  Symbol symbol;
  Matrix<double> value;
};
using Givens = std::vector<Given>;

inline Given given(const Symbol &symbol, std::uint64_t seed) {
  return {symbol, Matrix<double>::random(symbol.rows(), symbol.cols(), seed)};
}

inline Values<double> values_of(const Givens &givens) {
  Values<double> values;
  for (const Given &g : givens)
    values.push_back({g.symbol, g.value.view()});
  return values;
}

/// Givens in another precision, with the matrices that hold them.
template <class T> struct CastGivens {
  std::vector<Matrix<T>> matrices;
  Values<T> values;
  explicit CastGivens(const Givens &givens) {
    for (const Given &g : givens) {
      matrices.push_back(cast<T>(g.value));
      values.push_back({g.symbol, matrices.back().view()});
    }
  }
};

template <class T>
void expect_jacobian_in(const Jacobian &j, const Givens &givens, const Matrix<double> &expected, double tolerance) {
  const CastGivens<T> in(givens);
  for (const Device device : Device::all()) {
    const auto point = j.at<T>(in.values, device);
    for (const Method method :
         {Method::structured, Method::forward, Method::reverse, Method::numeric, Method::reference}) {
      const bool numeric = method == Method::numeric;
      if (numeric && sizeof(T) == 4) continue; // its own rounding is larger than any useful bound
      const double bound = numeric ? std::max(tolerance, 1e-6) : tolerance;
      SCOPED_TRACE(device.name() + ", " + std::string(name(method)) + ", " + std::to_string(8 * sizeof(T)) + " bits");
      EXPECT_TRUE(near(on_host(point.to_dense({.method = method})), expected, bound));
      EXPECT_TRUE(near(on_host(point.to_dense({.method = method, .layout = Layout::denominator})), transposed(expected),
                       bound));
    }
  }
}

/// J of F at the given values is `expected` (numerator layout), to `tolerance` in double.
inline void expect_jacobian(const Expression &f, const Symbol &x, const Givens &givens, const Matrix<double> &expected,
                            double tolerance = 1e-12) {
  const Jacobian j = jacobian(f, x);
  expect_jacobian_in<double>(j, givens, expected, tolerance);
  expect_jacobian_in<float>(j, givens, expected, tolerance * 2e8);
}

/// The gradient matrix of a scalar f is `expected`.
inline void expect_gradient(const Expression &f, const Symbol &x, const Givens &givens, const Matrix<double> &expected,
                            double tolerance = 1e-12) {
  expect_jacobian(f, x, givens, transposed(vec(expected)), tolerance);
}

} // namespace kronvec::testing

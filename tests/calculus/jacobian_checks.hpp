#pragma once
/// Checks of a known Jacobian: every method on every device, in both precisions and layouts.

#include "tests/testing.hpp"

#include <algorithm>

namespace kronvec::testing {

struct Given {
  Symbol symbol;
  Matrix<double> value;
};
using Givens = std::vector<Given>;

inline Given given(const Symbol &symbol, std::uint64_t seed) {
  return {symbol, Matrix<double>::random(symbol.rows(), symbol.cols(), seed)};
}

/// Values for functions in which some of the symbols may be missing.
inline Values<double> values_of(const Givens &givens) {
  Values<double> values;
  for (const Given &g : givens)
    values.push_back({g.symbol, g.value.view()});
  return values.allow_unused();
}

/// Givens in another precision, and the matrices that hold them.
template <class T> struct CastGivens {
  std::vector<Matrix<T>> matrices;
  Values<T> values;
  explicit CastGivens(const Givens &givens) {
    for (const Given &g : givens) {
      matrices.push_back(cast<T>(g.value));
      values.push_back({g.symbol, matrices.back().view()});
    }
    values = values.allow_unused();
  }
};

/// Values of symbols at several points: the given values times 1, ⅞, ¾ and so on.
template <class T> class GivensAtPoints {
public:
  /// Symbols whose bit is set in `shared` have the same value at all points.
  GivensAtPoints(const Givens &givens, Index points, unsigned shared) {
    const CastGivens<T> in(givens);
    for (std::size_t s = 0; s < givens.size(); ++s) {
      const Matrix<T> &value = in.matrices[s];
      const bool differs = !(shared >> s & 1);
      Matrix<T> &m = matrices_.emplace_back(value.rows(), value.cols() * (differs ? points : 1));
      for (Index c = 0; c < m.cols(); ++c)
        for (Index r = 0; r < m.rows(); ++r)
          m(r, c) = value(r, c % value.cols()) * T(1 - 0.125 * double(c / value.cols() % 4));
      symbols_.push_back(givens[s].symbol), differs_.push_back(differs);
    }
    for (std::size_t s = 0; s < symbols_.size(); ++s)
      all.push_back({symbols_[s], matrices_[s].view()});
    all = all.allow_unused();
  }
  Values<T> at(Index point) const {
    Values<T> values;
    for (std::size_t s = 0; s < symbols_.size(); ++s) {
      const auto [rows, cols] = symbols_[s].shape();
      values.push_back({symbols_[s], matrices_[s].view().block(0, differs_[s] ? point * cols : 0, rows, cols)});
    }
    return values.allow_unused();
  }
  Values<T> all;

private:
  std::vector<Symbol> symbols_;
  std::vector<bool> differs_;
  std::vector<Matrix<T>> matrices_;
};

template <class M> auto columns_of(const M &m, Index first, Index count) {
  return m.view().block(0, first, m.rows(), count);
}

/// The Jacobians, values and products at several points equal those at each point alone, by every method that supports
/// many points.
template <class T> void expect_points(const Jacobian &j, const Givens &givens, Device device, Index count,
                                      unsigned shared, double tolerance) {
  const GivensAtPoints<T> points(givens, count, shared);
  std::vector<JacobianAt<T>> alone;
  for (Index k = 0; k < count; ++k)
    alone.push_back(j.at<T>(points.at(k), device));
  const auto together = j.at_points<T>(points.all, count, device);
  EXPECT_EQ(together.size(), count);
  const auto expect_parts = [&](const Matrix<T> &all, const char *what, const auto &part) {
    const Index cols = count ? all.cols() / count : 0;
    for (Index k = 0; k < count; ++k)
      EXPECT_TRUE(near(columns_of(all, k * cols, cols), on_host(part(k)), tolerance))
          << what << ", point " << k << " of " << count << ", shared " << shared << ", " << device.name() << ", "
          << 8 * sizeof(T) << " bits";
  };
  for (const Method method : {Method::structured, Method::forward, Method::reverse}) {
    if (method == Method::structured && !j.has_terms()) continue;
    for (const Layout layout : {Layout::numerator, Layout::denominator}) {
      const DenseOptions options{.method = method, .layout = layout};
      expect_parts(on_host(together.to_dense(options)), name(method).data(),
                   [&](Index k) { return alone[static_cast<std::size_t>(k)].to_dense(options); });
    }
  }
  const auto random = [&](Index rows, std::uint64_t seed) {
    return cast<T>(Matrix<double>::random(rows, count, seed)).to(device);
  };
  const Matrix<T> dx = random(j.cols(), 1), u = random(j.rows(), 2);
  const auto column = [](const Matrix<T> &m, Index k) {
    return MatrixView<const T>(m.data() + k * m.rows(), m.rows(), 1);
  };
  expect_parts(on_host(together.apply(dx)), "apply",
               [&](Index k) { return alone[static_cast<std::size_t>(k)].apply(column(dx, k)); });
  expect_parts(on_host(together.apply_transpose(u)), "apply_transpose",
               [&](Index k) { return alone[static_cast<std::size_t>(k)].apply_transpose(column(u, k)); });
}

/// The same, once with one value per point for all symbols, and once with one shared symbol.
template <class T> void expect_points(const Jacobian &j, const Givens &givens, Device device, double tolerance) {
  try {
    for (const unsigned shared : {0u, 1u})
      expect_points<T>(j, givens, device, 3, shared, tolerance);
  } catch (const DomainError &) { // F may have no value at fractions of the given values
  }
}

template <class T>
void expect_jacobian_in(const Jacobian &j, const Givens &givens, const Matrix<double> &expected, double tolerance) {
  const CastGivens<T> in(givens);
  for (const Device device : Device::all()) {
    const auto point = j.at<T>(in.values, device);
    for (const Method method :
         {Method::structured, Method::forward, Method::reverse, Method::numeric, Method::reference}) {
      const bool numeric = method == Method::numeric;
      if (numeric && sizeof(T) == 4) continue; // its own rounding error exceeds any useful bound
      const double bound = numeric ? std::max(tolerance, 1e-6) : tolerance;
      SCOPED_TRACE(device.name() + ", " + std::string(name(method)) + ", " + std::to_string(8 * sizeof(T)) + " bits");
      EXPECT_TRUE(near(on_host(point.to_dense({.method = method})), expected, bound));
      EXPECT_TRUE(near(on_host(point.to_dense({.method = method, .layout = Layout::denominator})), transposed(expected),
                       bound));
    }
    expect_points<T>(j, givens, device, tolerance);
  }
}

/// Checks that J of F at the given values is `expected` (numerator layout), to `tolerance` in double.
inline void expect_jacobian(const Expression &f, const Symbol &x, const Givens &givens, const Matrix<double> &expected,
                            double tolerance = 1e-12) {
  const Jacobian j = jacobian(f, x);
  expect_jacobian_in<double>(j, givens, expected, tolerance);
  expect_jacobian_in<float>(j, givens, expected, tolerance * 2e8);
}

/// Checks that the gradient matrix of a scalar f is `expected`.
inline void expect_gradient(const Expression &f, const Symbol &x, const Givens &givens, const Matrix<double> &expected,
                            double tolerance = 1e-12) {
  expect_jacobian(f, x, givens, transposed(vec(expected)), tolerance);
}

} // namespace kronvec::testing

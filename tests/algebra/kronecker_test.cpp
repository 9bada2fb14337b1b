/// Kronecker products applied to matrices of the caller, compared with the product formed entry by entry.

#include "tests/testing.hpp"

#include "devices/backend.hpp"
#include "kronvec/kronecker.hpp"

#include <limits>

namespace kronvec::testing {
namespace {

using M = Matrix<double>;
using Views = std::vector<MatrixView<const double>>;

struct Sizes {
  Index m, k, l, n;
};
constexpr Sizes sizes[] = {{1, 1, 1, 1}, {3, 5, 2, 4}, {40, 3, 2, 37}, {2, 37, 40, 3},
                           {0, 3, 2, 2}, {3, 0, 2, 2}, {3, 2, 0, 4}};

TEST(Kronecker, OfTwoSides) {
  for (const auto [m, k, l, n] : sizes)
    for (const Device device : Device::all()) {
      const M a = M::random(m, k, 1), x = M::random(k, l, 2), b = M::random(l, n, 3);
      M y(m, n, device);
      multiply_both_sides(a.to(device), x.to(device), b.to(device), y, device);
      SCOPED_TRACE(device.name() + " " + to_string(Shape{m, k}) + " " + to_string(Shape{l, n}));
      EXPECT_TRUE(near(on_host(std::move(y)), product(product(a, x), b), 1e-12));
    }
}

TEST(Kronecker, OfAnyNumberOfFactors) {
  const M a = M::random(3, 2, 1), b = M::random(2, 5, 2), c = M::random(4, 3, 3), x = M::random(30, 4, 4),
          y = M::random(24, 4, 5);
  const M dense = kron(kron(a, b), c);
  for (const Device device : Device::all()) {
    SCOPED_TRACE(device.name());
    const M a1 = a.to(device), b1 = b.to(device), c1 = c.to(device), x1 = x.to(device);
    M fresh(24, 4, device), added = y.to(device);
    device.backend().primitives(double()).fill(std::numeric_limits<double>::quiet_NaN(), fresh.view());
    kronecker_apply(1, Views{a1, b1, c1}, x1, 0, fresh, device);
    EXPECT_TRUE(near(on_host(std::move(fresh)), product(dense, x), 1e-13));
    kronecker_apply(2, Views{a1, b1, c1}, x1, -1, added, device);
    EXPECT_TRUE(near(on_host(std::move(added)), plus(plus(product(dense, x), product(dense, x)), y, -1), 1e-13));
    M one(30, 4, device);
    kronecker_apply(1, Views{}, x1.view().block(0, 0, 1, 4), 0, one.view().block(3, 0, 1, 4), device);
    EXPECT_EQ(on_host(std::move(one))(3, 2), x(0, 2));
  }
}

TEST(Kronecker, OfComplexMatrices) {
  using C = Matrix<std::complex<double>>;
  const C a = C::random(3, 2, 1), b = C::random(2, 4, 2), x = C::random(8, 2, 3);
  for (const Device device : Device::all()) {
    const C a1 = a.to(device), b1 = b.to(device), x1 = x.to(device);
    C y(6, 2, device);
    kronecker_apply<std::complex<double>>(1, {a1, b1}, x1, 0, y, device);
    const C result = on_host(std::move(y));
    for (Index k = 0; k < 2; ++k)
      for (Index i = 0; i < 6; ++i) {
        std::complex<double> sum = 0;
        for (Index j = 0; j < 8; ++j)
          sum += a(i / 2, j / 4) * b(i % 2, j % 4) * x(j, k);
        EXPECT_LT(std::abs(result(i, k) - sum), 1e-13) << device.name();
      }
  }
}

TEST(Kronecker, RefusesWhatCannotBe) {
  for (const Device device : Device::all()) {
    M a(3, 2, device), b(2, 5, device), x(10, 3, device), y(6, 3, device);
    EXPECT_THROW(kronecker_apply(1, Views{a, b}, y, 0, x, device), ShapeError);
    EXPECT_THROW(kronecker_apply(1, Views{a, b}, x, 0, x.view().block(0, 0, 6, 3), device), Error);
    EXPECT_THROW(multiply_both_sides(a, b, x, y, device), ShapeError);
    M square(3, 3, device), other(3, 3, device);
    EXPECT_THROW(multiply_both_sides(square, other, other, square, device), Error);
  }
}

} // namespace
} // namespace kronvec::testing

/// Products with diagonal matrices compared with the explicit matrices, on every device.

#include "tests/testing.hpp"

#include "kronvec/hadamard.hpp"

#include <limits>

namespace kronvec::testing {
namespace {

template <class T> Matrix<double> wide(const Matrix<T> &a) {
  return tabulate(a.rows(), a.cols(), [&](Index i, Index j) { return double(a(i, j)); });
}

constexpr Shape shapes[] = {{1, 1}, {1, 7}, {7, 1}, {3, 5}, {31, 33}, {64, 2}, {0, 3}, {3, 0}, {257, 5}};

template <class T> class Hadamard : public ::testing::Test {};
TYPED_TEST_SUITE(Hadamard, Reals);

TYPED_TEST(Hadamard, IsAProductWithADiagonalMatrix) {
  using T = TypeParam;
  for (const auto [m, n] : shapes) {
    const auto of = [](Index rows, Index cols, std::uint64_t seed) {
      return cast<T>(Matrix<double>::random(rows, cols, seed));
    };
    const Matrix<T> a = of(m, n, 1), x = of(m, n, 2), r = of(m, 1, 3), c = of(n, 1, 4);
    for (const Device device : Device::all()) {
      SCOPED_TRACE(device.name() + " " + to_string(Shape{m, n}));
      const Matrix<T> a_there = a.to(device), x_there = x.to(device), r_there = r.to(device), c_there = c.to(device);
      Matrix<T> y(m, n, device), rows(m, n, device), columns = x.to(device);
      hadamard<T>(a_there, x_there, y, device);
      scale_rows<T>(r_there, x_there, rows, device);
      scale_columns<T>(columns, c_there, columns, device); // in place
      constexpr double ulp = std::numeric_limits<T>::epsilon();
      EXPECT_TRUE(near(vec(wide(on_host(std::move(y)))), product(diagonal(wide(a)), vec(wide(x))), ulp));
      EXPECT_TRUE(near(on_host(std::move(rows)), product(diagonal(wide(r)), wide(x)), ulp));
      EXPECT_TRUE(near(on_host(std::move(columns)), product(wide(x), diagonal(wide(c))), ulp));
    }
  }
}

TEST(Hadamard, RefusesWhatCannotBe) {
  using M = Matrix<double>;
  for (const Device device : Device::all()) {
    M x(4, 3, device), y(4, 3, device), four(4, 1, device), three(3, 1, device);
    EXPECT_THROW(hadamard(x, four, y, device), ShapeError);
    EXPECT_THROW(hadamard(x, y, four, device), ShapeError);
    EXPECT_THROW(scale_rows(three, x, y, device), ShapeError);
    EXPECT_THROW(scale_columns(x, four, y, device), ShapeError);
    EXPECT_THROW(hadamard(x.view().block(0, 0, 2, 2), y.view().block(0, 0, 2, 2), x.view().block(1, 0, 2, 2), device),
                 Error);
    EXPECT_THROW(scale_rows(y.view().block(0, 0, 4, 1), x, y, device), Error);
    if (device.is_host()) continue;
    M here(4, 3);
    EXPECT_THROW(hadamard(here, x, y, device), DeviceError);
    EXPECT_THROW(hadamard(x, y, here, device), DeviceError);
  }
}

} // namespace
} // namespace kronvec::testing

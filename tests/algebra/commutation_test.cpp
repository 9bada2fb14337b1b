/// K[m,n] compared with the matrix itself, formed entry by entry, on every device.

#include "tests/testing.hpp"

#include "kronvec/commutation.hpp"

namespace kronvec::testing {
namespace {

using M = Matrix<double>;

/// A copy of a window.
M block(const M &a, Index i0, Index j0, Index rows, Index cols) {
  return tabulate(rows, cols, [&](Index i, Index j) { return a(i0 + i, j0 + j); });
}

struct Sizes {
  Index m, n, k;
};
constexpr Sizes sizes[] = {{1, 1, 1},  {1, 5, 3}, {5, 1, 3}, {3, 4, 1}, {3, 4, 2},
                           {2, 7, 33}, {8, 4, 5}, {4, 4, 0}, {0, 3, 2}, {7, 5, 64}};

TEST(Commutation, IsThePermutationOnBothSides) {
  for (const auto [m, n, k] : sizes) {
    const M exact = commutation(m, n), x = M::random(m * n, k, 1), z = M::random(k, m * n, 2);
    for (const Device device : Device::all()) {
      SCOPED_TRACE(device.name() + " " + to_string(Shape{m, n}) + ", " + std::to_string(k));
      const M x_there = x.to(device), z_there = z.to(device);
      M y(m * n, k, device), w(k, m * n, device);
      commute_rows(m, n, x_there, y, device);
      commute_columns(m, n, z_there, w, device);
      EXPECT_TRUE(near(on_host(std::move(y)), product(exact, x), 0));
      EXPECT_TRUE(near(on_host(std::move(w)), product(z, exact), 0));
    }
  }
}

TEST(Commutation, OfViewsWithALeadingDimension) {
  const M x = M::random(20, 9, 1);
  for (const Device device : Device::all()) {
    const M there = x.to(device);
    M y(20, 9, device), z(20, 20, device), t(20, 20, device);
    commute_rows(3, 4, there.view().block(1, 2, 12, 5), y.view().block(3, 1, 12, 5), device);
    EXPECT_TRUE(near(block(on_host(std::move(y)), 3, 1, 12, 5), product(commutation(3, 4), block(x, 1, 2, 12, 5)), 0));
    commute_columns(2, 4, there.view().block(3, 1, 6, 8), z.view().block(0, 2, 6, 8), device);
    EXPECT_TRUE(near(block(on_host(std::move(z)), 0, 2, 6, 8), product(block(x, 3, 1, 6, 8), commutation(2, 4)), 0));
    transpose(there.view().block(1, 2, 12, 5), t.view().block(3, 4, 5, 12), device);
    EXPECT_TRUE(near(block(on_host(std::move(t)), 3, 4, 5, 12), transposed(block(x, 1, 2, 12, 5)), 0));
  }
}

TEST(Commutation, TransposesASquareInPlace) {
  const M x = M::random(37, 37, 1);
  for (const Device device : Device::all()) {
    M y = x.to(device);
    transpose(y, y, device);
    EXPECT_TRUE(near(on_host(std::move(y)), transposed(x), 0)) << device.name();
  }
}

TEST(Commutation, RefusesWhatCannotBe) {
  constexpr Index huge = Index(1) << 40;
  for (const Device device : Device::all()) {
    M x(12, 3, device), y(12, 3, device), z(3, 12, device), square(4, 4, device);
    EXPECT_THROW(commute_rows(3, 5, x, y, device), ShapeError);
    EXPECT_THROW(commute_rows(3, 4, x, z, device), ShapeError);
    EXPECT_THROW(commute_rows(-3, -4, x, y, device), ShapeError);
    EXPECT_THROW(commute_rows(huge, huge, x, y, device), ShapeError);
    EXPECT_THROW(commute_columns(3, 4, x, y, device), ShapeError);
    EXPECT_THROW(commute_rows(3, 4, x, x, device), Error);
    EXPECT_THROW(commute_columns(3, 1, x, x, device), Error);
    EXPECT_THROW(transpose(x, y, device), ShapeError);
    EXPECT_THROW(transpose(square.view().block(0, 0, 3, 3), square.view().block(1, 0, 3, 3), device), Error);
    if (device.is_host()) continue;
    M here(12, 3);
    EXPECT_THROW(commute_rows(3, 4, here, y, device), DeviceError);
    EXPECT_THROW(commute_columns(3, 1, x, here, device), DeviceError);
  }
}

TEST(Commutation, TypesFollowFromTheResult) {
  const Matrix<float> x{{1, 2, 3}, {4, 5, 6}};
  Matrix<float> y(3, 2), z(6, 1);
  transpose(x, y);
  EXPECT_EQ(y(2, 1), 6);
  transpose(x, y.view());
  commute_rows(2, 3, MatrixView<const float>(x.data(), 6, 1), z);
  EXPECT_TRUE(near(z, Matrix<float>{{1}, {2}, {3}, {4}, {5}, {6}}, 0));
  hadamard(x, x, y = Matrix<float>(2, 3));
  EXPECT_EQ(y(1, 2), 36);
}

} // namespace
} // namespace kronvec::testing

/// Matrices and views: construction, windows, copies.

#include "tests/testing.hpp"

#include "devices/pool.hpp"

#include <limits>
#include <sstream>

namespace kronvec::testing {
namespace {

using M = Matrix<double>;

TEST(Matrix, IsColumnMajorAndItsVec) {
  const M m{{1, 2, 3}, {4, 5, 6}};
  EXPECT_EQ(m.shape(), (Shape{2, 3}));
  const double vec[] = {1, 4, 2, 5, 3, 6};
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(m.data()[i], vec[i]);
  EXPECT_THROW((M{{1, 2}, {3}}), ShapeError);
}

template <class T>
concept HasMatrixOfTwoInSingleBraces = requires {
  Matrix<T>{3, 4};
};
template <class T>
concept HasMatrixOfSizesInSingleBraces = requires(Index rows) {
  Matrix<T>{rows, 4};
};

TEST(Matrix, BracesAreEntriesAndParenthesesAreSizes) {
  static_assert(!HasMatrixOfTwoInSingleBraces<double> && !HasMatrixOfSizesInSingleBraces<float>);
  EXPECT_EQ(M(3, 4).shape(), (Shape{3, 4}));
  EXPECT_EQ((M{{3, 4}}).shape(), (Shape{1, 2}));
  EXPECT_EQ((M{{3}}).shape(), (Shape{1, 1}));
  EXPECT_EQ((M{}).shape(), (Shape{0, 0}));
}

TEST(Matrix, IsEqualIfShapeAndEntriesAre) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ((M{{1, 2}}), (M{{1, 2}}));
  EXPECT_NE((M{{1, 2}}), (M{{1, 3}}));
  EXPECT_NE((M{{1, 2}}), (M{{1}, {2}}));
  EXPECT_NE((M{{nan}}), (M{{nan}}));
  for (const Device device : Device::all())
    EXPECT_EQ((M{{1, 2}}).to(device), (M{{1, 2}})) << device.name();
}

TEST(Matrix, Prints) {
  const M m{{1, -2.5}, {1.0 / 3, 1e-9}};
  const std::string text = "       1      -2.5\n0.333333     1e-09";
  for (const Device device : Device::all())
    EXPECT_EQ(to_string(m.to(device)), text) << device.name();
  std::ostringstream out;
  out << m << '|' << m.view().block(0, 1, 1, 1) << '|' << Matrix<std::complex<float>>{{{1, -2}}} << '|' << Shape{3, 4};
  EXPECT_EQ(out.str(), text + "|-2.5|1-2i|3×4");
  EXPECT_EQ(to_string(M(0, 3)), "");
  EXPECT_EQ(to_string(M(1, 12)), "0  0  0  0  0  …  0  0  0  0  0");
  EXPECT_EQ(to_string(M(31, 1)).find("0\n…\n0"), 2 * 14);
}

TEST(Matrix, ViewsCheckTheirShape) {
  double data[12] = {};
  EXPECT_THROW(MatrixView<double>(data, 3, 4, 2), ShapeError);
  EXPECT_THROW(MatrixView<double>(data, -1, 4, 2), ShapeError);
  EXPECT_THROW(MatrixView<double>(nullptr, 3, 4), ShapeError);
  EXPECT_NO_THROW(MatrixView<double>(nullptr, 0, 4));
  const MatrixView<double> view(data, 3, 4);
  EXPECT_EQ(&view.block(1, 2, 2, 2)(0, 0), data + 7);
  EXPECT_THROW((void)view.block(2, 0, 2, 1), ShapeError);
  EXPECT_THROW((void)view.block(0, 0, std::numeric_limits<Index>::max(), 1), ShapeError);
}

TEST(Matrix, RefusesSizesBeyondCounting) {
  const Index huge = std::numeric_limits<Index>::max() / 2;
  EXPECT_THROW(M(huge, 3), ShapeError);
  EXPECT_THROW(M(huge / 8, 2), Error);
  EXPECT_THROW(M(Index(1) << 24, Index(1) << 24), OutOfMemory);
}

TEST(Matrix, RandomNumbersRepeat) {
  const M a = M::random(20, 30, 7), b = M::random(20, 30, 7), c = M::random(20, 30, 8);
  EXPECT_TRUE(near(a, b, 0));
  EXPECT_FALSE(near(a, c, 0.1));
  double mean = 0, square = 0;
  for (int i = 0; i < 600; ++i)
    mean += a.data()[i] / 600, square += a.data()[i] * a.data()[i] / 600;
  EXPECT_NEAR(mean, 0, 0.2);
  EXPECT_NEAR(square, 1, 0.2);
}

TEST(Matrix, MovesAndClones) {
  M a{{1, 2}, {3, 4}};
  const M copy = a.clone();
  const M moved = std::move(a);
  EXPECT_TRUE(near(moved, copy, 0));
  EXPECT_NE(moved.data(), copy.data());
}

TEST(Device, AccountsForItsMemory) {
  const Device device = Device::cpu();
  const std::size_t before = device.bytes_in_use();
  device.reset_peak();
  {
    const M a(100, 100), b(100, 100);
    EXPECT_EQ(device.bytes_in_use(), before + 160000);
  }
  EXPECT_EQ(device.bytes_in_use(), before);
  EXPECT_EQ(device.peak_bytes(), before + 160000);
}

TEST(Device, IsFoundByName) {
  EXPECT_EQ(Device::named("reference"), Device::reference());
  EXPECT_EQ(Device::named("auto"), Device::cpu());
  EXPECT_THROW(Device::named("abacus"), DeviceError);
}

TEST(Matrix, CopiesOfViews) {
  const Matrix<double> a{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
  for (const Device device : Device::all()) {
    const auto copy = on_host(Matrix<double>::copy_of(a.view().block(1, 1, 2, 2), device));
    EXPECT_TRUE(near(copy, Matrix<double>{{5, 6}, {8, 9}}, 0)) << device.name();
  }
  EXPECT_EQ(Matrix<float>::copy_of({}).shape(), (Shape{0, 0}));
}

TEST(Pool, KeepsBlocksForTheNextRequest) {
  HostMemory memory;
  Pool pool(memory);
  void *first = nullptr;
  {
    const Pool::Block block = pool.take(1000);
    first = block.data();
    const Pool::Block other = pool.take(1000);
    EXPECT_NE(other.data(), first);
  }
  const std::size_t held = memory.in_use();
  EXPECT_GE(held, 2000u);
  const Pool::Block again = pool.take(1001), more = pool.take(990);
  EXPECT_TRUE(again.data() == first || more.data() == first);
  EXPECT_EQ(memory.in_use(), held);
  EXPECT_EQ(pool.take(0).data(), nullptr);
}

} // namespace
} // namespace kronvec::testing

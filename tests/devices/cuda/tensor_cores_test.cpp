/// Kronecker products by tensor cores: which factors they handle, sizes around their tiles, and reads beyond the ends.

#include "tests/devices/cuda/kronecker.hpp"

#include <tuple>

namespace kronvec::testing {
namespace {

TEST(KroneckerPlanForCuda, TensorCoresDoFactorsOfDoublesThatFillTheirTiles) {
  EXPECT_EQ(heights<double>(power({16, 16}, 3), 1024), "16 16 16");
  EXPECT_EQ(heights<double>(power({32, 32}, 3), 1024), "32 32 32");
  EXPECT_EQ(heights<double>({{33, 20}, {8, 8}, {4, 4}}, 1024), "8 4 16"); // 48 rows, not 64
  EXPECT_EQ(heights<double>(power({8, 8}, 4), 1024), "8 8 8 8");
  EXPECT_EQ(heights<double>({{16, 1}, {1, 16}}, 1024), "2 8"); // depth 4 for fibers of one entry
  EXPECT_EQ(heights<float>(power({32, 32}, 3), 1024), "8 8 8");
  EXPECT_EQ(heights<float>(power({32, 32}, 3), 1024, Precision::tf32), "32 32 32");
  EXPECT_EQ(heights<std::complex<double>>(power({32, 32}, 3), 1024), "8 8 8");
  EXPECT_EQ(described<double>(power({64, 64}, 2), 1024), "slices 0-1 of 1x1 by 256"); // one pass, no cuBLAS
}

/// Every size around the tiles of tensor cores: as the fastest factor for several columns, as the slowest, and between
/// other factors.
template <class T> void expect_sizes_around_tiles(Precision precision) {
  const Index sides[] = {1, 13, 15, 16, 17, 31, 32, 33, 63, 64, 65};
  int by_tensor_cores = 0;
  for (const Index p : sides)
    for (const Index q : sides) {
      const Factor factor{p, q, (p + q) % 3 ? Op::none : Op::transpose};
      const std::tuple<std::vector<Factor>, Index, T, T> products[] = {
          {{{2, 3}, factor}, 9, 2, 0},
          {{{3, 1}, factor, identity_of(20), {2, 3}}, 1, -1, 2},
          {{factor, {3, 5}}, 2, 1, -3}};
      for (const auto &[factors, columns, alpha, beta] : {products[(p + q) % 2], products[2]}) {
        expect_kronecker<T>(factors, columns, p % 2 == 0, alpha, beta, precision);
        const std::string steps = " " + heights<T>(factors, columns, precision);
        by_tensor_cores += steps.find(" 16") != std::string::npos || steps.find(" 32") != std::string::npos;
      }
    }
  EXPECT_GT(by_tensor_cores, 150); // of 242
  expect_kronecker<T>(power({17, 16}, 3), 1, true, 1, 2, precision);
  expect_kronecker<T>({{32, 33}, {16, 15, Op::transpose}, {33, 31}}, 1, false, 1, 0, precision);
  expect_kronecker<T>({{0, 32}, {32, 32}}, 3, false, 1, 2, precision);
  expect_kronecker<T>({{32, 0}, {32, 32}}, 3, false, 1, 2, precision);
  expect_kronecker<T>({{32, 32}, {32, 32}}, 0, false, 1, 2, precision);
}

TEST(CudaKroneckerTensorCores, SizesAroundTheTiles) { expect_sizes_around_tiles<double>(Precision::full); }
/// These sums of units are also exact in TF32, because no intermediate result has more than 11 bits.
TEST(CudaKroneckerTensorCores, SizesAroundTheTilesInTf32) { expect_sizes_around_tiles<float>(Precision::tf32); }

/// Tiles extend beyond fibers and columns. Values there must not be used: 0·NaN and 0·∞ would show.
TEST(CudaKroneckerTensorCores, NaNAndInfinityStayWhatAndWhereTheyAre) {
  const Index p = 17, q = 18, r = 3, columns = 60;
  Matrix<double> a(p, q), b(r, r), x(q * r, columns);
  std::mt19937_64 random(5);
  for (Matrix<double> *m : {&a, &b, &x})
    for (Index k = 0; k < m->shape().size(); ++k)
      m->data()[k] = 2 + unit<double>(random); // never 0
  for (Index j = 0; j < columns; j += 3)
    x(j % x.rows(), j) = j % 2 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  const auto product_on = [&](Device device) {
    const Matrix<double> there_a = a.to(device), there_b = b.to(device), there_x = x.to(device);
    Matrix<double> y(p * r, columns, device);
    kronecker_apply<double>(1, {there_a, there_b}, there_x, 0, y, device);
    return y.to(Device::cpu());
  };
  const Matrix<double> expected = product_on(Device::reference());
  ASSERT_NE(heights<double>({{p, q}, {r, r}}, columns).find("32"), std::string::npos);
  for (const Device device : cuda_devices())
    EXPECT_TRUE(near(product_on(device), expected, 0)) << device.name();
}

} // namespace
} // namespace kronvec::testing

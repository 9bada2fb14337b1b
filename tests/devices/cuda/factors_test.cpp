/// Factors of batches on the CUDA devices, below and above the size up to which a batch is one call.

#include "tests/devices/operands.hpp"

namespace kronvec::testing {
namespace {

template <class T> class CudaFactors : public ::testing::Test {};
using Reals = ::testing::Types<float, double>;
TYPED_TEST_SUITE(CudaFactors, Reals);

constexpr Index sizes[] = {1, 2, 5, 64, 65};

/// A symmetric, well-conditioned batch. If `exchanged`, its first and last rows are swapped, so that pivots are off the
/// diagonal.
template <class T> Operand<T> regular(Index n, Index count, bool strided, bool exchanged) {
  Operand<T> x(n, n, count, strided, 5);
  for (Index t = 0; t < count; ++t) {
    const MatrixView<T> m = x.view()[t];
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < j; ++i)
        m(i, j) = m(j, i);
      m(j, j) = T(3 * n) + T(t);
    }
    for (Index j = 0; exchanged && j < n; ++j)
      std::swap(m(0, j), m(n - 1, j));
  }
  return x;
}

/// work(primitives, x, y) gives the same result on the reference device and on every CUDA device, up to rounding.
template <class T> void expect_near_reference(const auto &work, const Operand<T> &y, const Operand<T> &x) {
  const double rounding = 64 * double(x.view().rows + 1) * std::numeric_limits<T>::epsilon();
  const Matrix<T> expected = result_on(Device::reference(), work, y, x);
  for (const Device device : cuda_devices())
    EXPECT_TRUE(near(result_on(device, work, y, x), expected, rounding)) << device.name() << ", n = " << x.view().rows;
}

/// Runs work(primitives, factors) on the LU factors of x, in memory of the device.
template <class T>
void with_factors(Device device, const Operand<T> &x, bool strided, bool must_be_regular, const auto &work) {
  const auto &primitives = device.backend().primitives(T{});
  const Operand<T> f(x.view().rows, x.view().rows + 3, x.view().count, strided);
  const Matrix<T> x_there = x.memory().to(device), f_there = f.memory().to(device);
  primitives.lu(BatchView<const T>(x.at(x_there)), must_be_regular, f.at(f_there));
  work(primitives, BatchView<const T>(f.at(f_there)));
}

TYPED_TEST(CudaFactors, SolveEachItem) {
  using T = TypeParam;
  for (const Index n : sizes)
    for (const Index count : {1, 2, 4})
      for (const bool strided : {false, true})
        for (const bool shared : {false, true}) { // one item's factors for all right-hand sides
          const Operand<T> x = regular<T>(n, shared ? 1 : count, strided, true), b(n, 3, count, strided, 6);
          const auto solved = [&](Device device, Op op, bool must_be_regular) {
            const Operand<T> y = Operand<T>(n, 3, count, strided).poisoned();
            const Matrix<T> y_there = y.memory().to(device), b_there = b.memory().to(device);
            with_factors<T>(device, x, strided, must_be_regular, [&](auto &p, const auto &f) {
              p.lu_solve(op, f, BatchView<const T>(b.at(b_there)), y.at(y_there));
            });
            return on_host(y_there.clone());
          };
          for (const Device device : cuda_devices())
            for (const Op op : {Op::none, Op::transpose})
              for (const bool must_be_regular : {false, true})
                EXPECT_TRUE(near(solved(device, op, must_be_regular), solved(Device::reference(), op, must_be_regular),
                                 1e3 * std::numeric_limits<T>::epsilon()))
                    << device.name() << ", n = " << n << ", " << count << " items, shared: " << shared;
        }
}

/// A singular matrix among others has determinant 0, and the others keep theirs. NaN stays in its item.
TYPED_TEST(CudaFactors, DeterminantsOfEachItem) {
  using T = TypeParam;
  for (const Index n : {2, 5, 64, 65}) {
    Operand<T> x = regular<T>(n, 4, true, true);
    for (Index j = 0; j < n; ++j) {
      for (Index t = 0; t < 4; ++t)
        for (Index i = 0; i < n; ++i)
          x.view()[t](i, j) /= T(3 * n); // keeps the products in range
      x.view()[1](n - 1, j) = 0, x.view()[2](j, 0) = std::numeric_limits<T>::quiet_NaN();
    }
    for (const Device device : cuda_devices()) {
      Matrix<T> got(4, 2, device), expected(4, 2);
      const auto determinants = [&](Device where, Matrix<T> &into) {
        with_factors<T>(where, x, true, false, [&](auto &p, const auto &f) {
          p.determinant(Determinant::value, f, {into.data(), 1, 1, 1, 4, 1});
          p.determinant(Determinant::log_absolute, f, {into.data() + 4, 1, 1, 1, 4, 1});
        });
      };
      determinants(device, got), determinants(Device::reference(), expected);
      const Matrix<T> here = got.to(Device::cpu());
      for (const Index t : {0, 3}) {
        EXPECT_NEAR(here(t, 0) / expected(t, 0), 1, 1e3 * std::numeric_limits<T>::epsilon()) << n;
        EXPECT_NEAR(here(t, 1), expected(t, 1), 1e4 * std::numeric_limits<T>::epsilon()) << n;
      }
      EXPECT_EQ(here(1, 0), 0) << n;
      EXPECT_TRUE(std::isnan(here(2, 0))) << n;
    }
  }
}

TYPED_TEST(CudaFactors, OneSingularItemIsRefused) {
  using T = TypeParam;
  for (const Index n : sizes)
    for (const bool strided : {false, true}) {
      Operand<T> x = regular<T>(n, 3, strided, true);
      for (Index j = 0; j < n; ++j)
        x.view()[1](n - 1, j) = 0;
      for (const Device device : cuda_devices())
        EXPECT_THROW(with_factors<T>(device, x, strided, true, [](auto &, const auto &) {}), DomainError) << n;
    }
}

TYPED_TEST(CudaFactors, CholeskyOfEachItem) {
  using T = TypeParam;
  for (const Index n : sizes)
    for (const Index count : {1, 2, 4})
      for (const bool strided : {false, true}) {
        Operand<T> x = regular<T>(n, count, strided, false);
        const auto factor = [](auto &p, const auto &from, const auto &to) { p.cholesky(from, to); };
        const Operand<T> y = Operand<T>(n, n, count, strided).poisoned();
        expect_near_reference<T>(factor, y, x);
        x.view()[count - 1](n - 1, 0) = std::numeric_limits<T>::quiet_NaN();
        for (const Device device : cuda_devices()) {
          const Matrix<T> got = result_on(device, factor, y, x);
          EXPECT_TRUE(std::isnan(y.at(got)[count - 1](n - 1, n - 1))) << n;
          EXPECT_EQ(std::isnan(y.at(got)[0](n - 1, n - 1)), count == 1) << n;
        }
        x.view()[count - 1](n - 1, 0) = 0, x.view()[count - 1](n - 1, n - 1) = -1;
        for (const Device device : cuda_devices())
          EXPECT_THROW(result_on(device, factor, y, x), DomainError) << n;
      }
}

} // namespace
} // namespace kronvec::testing

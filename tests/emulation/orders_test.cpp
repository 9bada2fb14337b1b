/// Linear algebra of the CUDA device with the emulated threads and blocks in every order: what depends on it is a race.

#include "devices/cuda/module.hpp"
#include "devices/emulation/emulator.hpp"

#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <vector>

namespace kronvec::testing {
namespace {

using emulation::Order;

/// Blocks of device memory with small integers in them, and what work(primitives, x, y, index) leaves of y.
std::vector<double> result_in(Order order, unsigned seed, Index entries_x, Index entries_y, const auto &work) {
  emulation::settings() = {order, seed};
  const std::unique_ptr<Backend> device(kronvec_cuda_backend(0, nullptr));
  const auto block = [&](const auto &values) {
    const std::size_t bytes = values.size() * sizeof values[0];
    Pool::Block there = device->pool().take(bytes);
    device->transfer(there.data(), bytes, values.data(), bytes, bytes, 1);
    return there;
  };
  std::vector<double> x(static_cast<std::size_t>(entries_x)), y(static_cast<std::size_t>(entries_y));
  std::vector<Index> index(x.size());
  for (std::size_t k = 0; k < x.size(); ++k)
    x[k] = static_cast<double>(k * k % 7) - 3, index[k] = static_cast<Index>(k * k % 11);
  {
    const Pool::Block from = block(x), to = block(y), rows = block(index);
    work(*device, static_cast<double *>(from.data()), static_cast<double *>(to.data()),
         static_cast<const Index *>(rows.data()));
    device->transfer(y.data(), y.size() * sizeof(double), to.data(), y.size() * sizeof(double),
                     y.size() * sizeof(double), 1);
  }
  emulation::settings() = {};
  return y;
}

void expect_one_result(Index entries_x, Index entries_y, const auto &work) {
  const auto expected = result_in(Order::forward, 1, entries_x, entries_y, work);
  EXPECT_EQ(result_in(Order::reverse, 1, entries_x, entries_y, work), expected);
  for (const unsigned seed : {1, 2, 3})
    EXPECT_EQ(result_in(Order::random, seed, entries_x, entries_y, work), expected);
}

TEST(EmulatedOrders, Triangles) {
  const Index n = 70, entries = Triangle{}.entries(n);
  expect_one_result(n * n, entries, [&](Backend &device, const double *x, double *y, const Index *) {
    const BatchView<const double> from(MatrixView<const double>(x, n, n));
    device.primitives(0.0).pack_triangle({}, 2, 3, from, MatrixView<double>(y, entries, 1));
  });
  expect_one_result(entries, n * n, [&](Backend &device, const double *x, double *y, const Index *) {
    const BatchView<const double> from(MatrixView<const double>(x, entries, 1));
    device.primitives(0.0).unpack_triangle({}, 2, 3, from, MatrixView<double>(y, n, n));
  });
}

TEST(EmulatedOrders, ScatteredRows) {
  expect_one_result(600, 22, [&](Backend &device, const double *x, double *y, const Index *index) {
    const BatchView<const double> from(MatrixView<const double>(x, 300, 2));
    device.primitives(0.0).scatter_rows({index, 300}, from, MatrixView<double>(y, 11, 2));
  });
}

/// Each list in slices; the factors lie in X.
TEST(EmulatedOrders, KroneckerProducts) {
  using Factor = KroneckerFactor<double>;
  struct Size {
    Index p, q;
  };
  const std::vector<Size> lists[] = {
      {{8, 8}, {8, 8}, {8, 8}}, {{3, 2}, {5, 7}, {2, 9}}, {{16, 16}, {16, 16}, {16, 16}}, {{33, 34}, {3, 2}, {17, 18}}};
  for (const auto &list : lists) {
    const Index columns = 3;
    Index rows = 1, cols = 1;
    for (const auto &[p, q] : list)
      rows *= p, cols *= q;
    expect_one_result(cols * columns, rows * columns, [&](Backend &device, const double *x, double *y, const Index *) {
      std::vector<Factor> factors;
      for (const auto &[p, q] : list)
        factors.push_back({MatrixView<const double>(x, p, q), Op::none, 0});
      const auto &algebra = device.primitives(0.0);
      const Index room = algebra.kronecker_workspace(factors, columns);
      const Pool::Block workspace = device.pool().take(static_cast<std::size_t>(room) * sizeof(double));
      algebra.kronecker(1, factors, MatrixView<const double>(x, cols, columns), 2, MatrixView<double>(y, rows, columns),
                        {static_cast<double *>(workspace.data()), static_cast<std::size_t>(room)});
    });
  }
}

} // namespace
} // namespace kronvec::testing

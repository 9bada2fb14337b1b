/// The CUDA device in a user's stream: work is enqueued in stream order, and nobody waits for it.

#include "tests/devices/emulation/device_memory.hpp"

#include "devices/cuda/module.hpp"
#include "devices/emulation/stream.hpp"

#include <cmath>
#include <cuda_runtime_api.h>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <vector>

namespace kronvec::testing {
namespace {

constexpr Index n = 8;

/// A device on a stream of the test, and three matrices in its memory.
class UserStream : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
    device.reset(kronvec_cuda_backend(0, stream));
    for (auto *m : {&x, &y, &z}) {
      blocks.push_back(device->pool().take(n * n * sizeof(double)));
      *m = {static_cast<double *>(blocks.back().data()), n, n};
    }
  }
  const Primitives<double> &primitives() const { return device->primitives(0.0); }

  void TearDown() override {
    blocks.clear(), device.reset();
    EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  }

  cudaStream_t stream = nullptr;
  std::unique_ptr<Backend> device;
  std::vector<Pool::Block> blocks;
  MatrixView<double> x, y, z;
};

TEST_F(UserStream, PrimitivesHandOverTheirWorkAndDoNotWait) {
  using View = BatchView<const double>;
  const std::function<void()> calls[] = {
      [&] { primitives().fill(2, z); },
      [&] { primitives().unit_columns(0, z); },
      [&] { primitives().copy(View(x), z); },
      [&] { primitives().transpose(View(x), z); },
      [&] { primitives().multiply(1, Op::none, View(x), Op::transpose, View(y), z); },
      [&] { primitives().add(1, View(x), 2, View(y), z); },
      [&] { primitives().elementwise(Function::exp, 0, View(x), z); },
      [&] { primitives().inner(View(x), View(y), z.block(0, 0, 1, 1)); },
      [&] { primitives().unpack_triangle({}, 1, 1, View(MatrixView<double>(x.data(), 36, 1)), z); },
  };
  primitives().fill(1, x), primitives().fill(3, y);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  for (const auto &call : calls) {
    put(z.data(), std::nan(""));
    call();
    EXPECT_TRUE(std::isnan(seen(z.data()))) << "done before anyone waited for the stream";
    ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    EXPECT_FALSE(std::isnan(seen(z.data())));
  }
}

/// The 4×4 Jacobians A[i,k]·X[k,j] of many items take one launch.
TEST_F(UserStream, ManySmallEmissionsAreOneLaunch) {
  Product p{.labels = 2, .extent = {4, 4}, .factors = {{0, {0, {1, 0}}}, {1, {0, {0, 1}}}}};
  p.row.stride = {1, 0}, p.col.stride = {0, 1};
  const auto emitter = primitives().emitter({Axis::all(4), Axis::all(4), {p}});
  constexpr Index items = 1000;
  const auto memory = device->pool().take(16 * items * sizeof(double));
  auto *const results = static_cast<double *>(memory.data());
  primitives().fill(3, x), primitives().fill(2, y);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  const Buffer<double> buffers[] = {x.data(), y.data()};
  emitter->run(buffers, 0, 0, {results, 4, 4, 4, items, 16});
  EXPECT_EQ(emulation::waiting(stream), 1u);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(seen(results), 6);
  EXPECT_EQ(seen(results + 16 * items - 1), 6);
}

TEST_F(UserStream, WorkOfTheUserComesFirstWhereItWasHandedOverFirst) {
  const std::vector<double> values(n * n, 5);
  ASSERT_EQ(cudaMemcpyAsync(x.data(), values.data(), n * n * sizeof(double), cudaMemcpyDefault, stream), cudaSuccess);
  primitives().add(1, BatchView<const double>(x), 1, BatchView<const double>(x), y);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(seen(&y(n - 1, n - 1)), 10);
}

TEST_F(UserStream, HostMemoryIsMisuseInEveryKernel) {
  double host[n * n] = {};
  const MatrixView<double> here(host, n, n);
  EXPECT_THROW(primitives().transpose(BatchView<const double>(here), z), emulation::Misuse);
  EXPECT_THROW(primitives().transpose(BatchView<const double>(x), here), emulation::Misuse);
  EXPECT_THROW(primitives().inner(BatchView<const double>(here), BatchView<const double>(x), z.block(0, 0, 1, 1)),
               emulation::Misuse);
  EXPECT_THROW(
      primitives().multiply(1, Op::none, BatchView<const double>(here), Op::none, BatchView<const double>(x), z),
      emulation::Misuse);
}

} // namespace
} // namespace kronvec::testing

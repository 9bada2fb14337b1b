/// Errors that only a device with its own memory can make: copies between host and device, waiting, bad requests.

#include "tests/calculus/jacobian_checks.hpp"
#include "tests/devices/operands.hpp"

#include "devices/backend.hpp"

#include <thread>

namespace kronvec::testing {
namespace {

using M = Matrix<double>;

TEST(Cuda, MatricesTravelBothWays) {
  const M x = M::random(33, 7, 1);
  for (const Device device : cuda_devices()) {
    const M there = x.to(device), again = there.clone();
    EXPECT_EQ(there.device(), device);
    EXPECT_TRUE(near(again.to(Device::cpu()), x, 0));
    EXPECT_TRUE(near(again.to(device).to(Device::reference()), x, 0));
    EXPECT_TRUE(near(M(3, 2, device).to(Device::cpu()), M(3, 2), 0));
    EXPECT_EQ(M(0, 3).to(device).to(Device::cpu()).cols(), 3);
  }
}

TEST(Cuda, ValuesMayLieOnEitherSide) {
  const Symbol a("A", 4, 3), x("X", 3, 5);
  const M a0 = M::random(4, 3, 1), x0 = M::random(3, 5, 2);
  const M expected = evaluate(a * exp(x), {{a, a0}, {x, x0}});
  for (const Device device : cuda_devices()) {
    const M there = x0.to(device);
    EXPECT_TRUE(near(on_host(evaluate(a * exp(x), {{a, a0}, {x, there}}, device)), expected, 1e-14));
  }
}

TEST(Cuda, RefusesMemoryOfTheWrongSide) {
  const Symbol x("X", 3, 2);
  const M x0 = M::random(3, 2, 1);
  for (const Device device : cuda_devices()) {
    const auto j = jacobian(exp(x), x).at({{x, x0}}, device);
    M here(3, 2), there(3, 2, device), dense(6, 6);
    EXPECT_THROW(j.apply(here, there), DeviceError);
    EXPECT_THROW(j.apply(there, here), DeviceError);
    EXPECT_THROW(j.apply_transpose(here, there), DeviceError);
    EXPECT_THROW(j.to_dense(dense), DeviceError);
    try {
      (void)j.apply(here);
      FAIL();
    } catch (const DeviceError &e) {
      EXPECT_NE(std::string(e.what()).find("the tangent lies in host memory"), std::string::npos) << e.what();
    }
  }
}

TEST(Cuda, StridedTangentsAndResults) {
  const Symbol x("X", 4, 5), b("B", 5, 2);
  const M x0 = M::random(4, 5, 1), b0 = M::random(5, 2, 2), dx = M::random(9, 5, 3);
  const auto on_cpu = jacobian(tanh(x * b), x).at({{x, x0}, {b, b0}});
  M expected(7, 2), result(7, 2);
  on_cpu.apply(dx.view().block(2, 0, 4, 5), expected.view().block(1, 0, 4, 2));
  for (const Device device : cuda_devices()) {
    const auto j = jacobian(tanh(x * b), x).at({{x, x0}, {b, b0}}, device);
    const M dx_there = dx.to(device);
    M y_there(7, 2, device);
    j.apply(dx_there.view().block(2, 0, 4, 5), y_there.view().block(1, 0, 4, 2));
    EXPECT_TRUE(near(y_there.to(Device::cpu()), expected, 1e-14));
  }
}

TEST(Cuda, UpdatesWithoutAllocation) {
  const Symbol a("A", 3, 4), x("X", 4, 5);
  const M a0 = M::random(3, 4, 1), x0 = M::random(4, 5, 2), x1 = M::random(4, 5, 3);
  for (const Device device : cuda_devices()) {
    auto j = jacobian(a * tanh(x), x).at({{a, a0}, {x, x0}}, device);
    const M dx = M::random(4, 5, 4).to(device);
    M y(3, 5, device), dense(15, 20, device);
    j.apply(dx, y), j.to_dense(dense);
    device.synchronize();
    const std::size_t held = device.bytes_in_use();
    device.reset_peak();
    j.update({{x, x1}}), j.apply(dx, y), j.to_dense(dense);
    device.synchronize();
    EXPECT_EQ(device.bytes_in_use(), held);
    EXPECT_EQ(device.peak_bytes(), held);
  }
}

TEST(Cuda, SeveralThreadsMayUseOneOperatorAndOneDevice) {
  const Symbol a("A", 5, 4), x("X", 4, 6), b("B", 6, 3);
  const M a0 = M::random(5, 4, 1), x0 = M::random(4, 6, 2), b0 = M::random(6, 3, 3), dx = M::random(4, 6, 4);
  const Expression f = a * exp(x * b);
  const M expected = jvp(f, x, {{a, a0}, {x, x0}, {b, b0}}, dx);
  for (const Device device : cuda_devices()) {
    const auto shared = jacobian(f, x).at({{a, a0}, {x, x0}, {b, b0}}, device);
    const M there = dx.to(device);
    std::vector<std::string> failures(4);
    std::vector<std::thread> threads;
    for (std::string &failure : failures)
      threads.emplace_back([&] {
        for (int turn = 0; turn < 10 && failure.empty(); ++turn) {
          const auto own = jacobian(f, x).at({{a, a0}, {x, x0}, {b, b0}}, device);
          for (const auto *j : {&shared, &own})
            if (!near(j->apply(there).to(Device::cpu()), expected, 1e-13)) failure = "a wrong result";
        }
      });
    for (std::thread &thread : threads)
      thread.join();
    for (const std::string &failure : failures)
      EXPECT_EQ(failure, "") << device.name();
  }
}

TEST(Cuda, RefusesMoreMemoryThanThereIs) {
  for (const Device device : cuda_devices()) {
    EXPECT_THROW(M::uninitialized(1 << 20, 1 << 20, device), OutOfMemory);
    EXPECT_TRUE(near(M(2, 2, device).to(Device::cpu()), M(2, 2), 0)) << "the device still works";
  }
}

/// CUDA's pool keeps freed memory until somebody waits, but the next matrix can use it.
TEST(Cuda, MemoryThatWasFreedIsFreeAtOnce) {
  constexpr std::size_t size = std::size_t(64) << 20, others_may_take = std::size_t(16) << 20;
  for (const Device device : cuda_devices()) {
    device.synchronize();
    const std::size_t before = device.bytes_free();
    (void)M(size / sizeof(double), 1, device);
    EXPECT_GE(device.bytes_free() + others_may_take, before) << device.name();
  }
}

TEST(Cuda, DevicesThatAreNotThere) {
  EXPECT_THROW(Device::cuda(99), DeviceError);
  EXPECT_THROW(Device::cuda(-1), DeviceError);
  EXPECT_THROW(Device::named("cuda:x"), DeviceError);
  EXPECT_THROW(Device::named("cuda:"), DeviceError);
}

} // namespace
} // namespace kronvec::testing

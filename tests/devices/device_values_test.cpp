/// Values and matrices in a device's own memory, wherever host memory is accepted.

#include "tests/testing.hpp"

#include "devices/emulation/memory.hpp"
#include "kronvec/compare.hpp"
#include "kronvec/jacobian_at_points.hpp"
#include "tests/devices/operands.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

namespace kronvec::testing {
namespace {

namespace fs = std::filesystem;
using M = Matrix<double>;

#if !defined(__SANITIZE_THREAD__) // which lets host code access device memory

TEST(DeviceMemoryDeathTest, IsOutOfReachForHostCode) {
  for (const Device device : cuda_devices()) {
    if (device.name() != "cuda-emulated") continue; // a GPU's memory too, but without a report
    const M there = M::random(3, 3, 1).to(device);
    const MatrixView<const double> view = there;
    [[maybe_unused]] volatile double read = 0;
    EXPECT_EXIT(read = view(2, 2), ::testing::ExitedWithCode(emulation::touched_status),
                "host code touched device memory: byte 64 of a block of 72 bytes");
    EXPECT_EXIT(read = there(0, 1), ::testing::ExitedWithCode(emulation::touched_status), "byte 24 of a block of 72");
  }
}

#endif

/// F = A·tanh(X·B), and its values on a device.
struct Case {
  explicit Case(Device device) : a_there(a0.to(device)), x_there(x0.to(device)), b_there(b0.to(device)) {}
  Symbol a{"A", 3, 4}, x{"X", 4, 5}, b{"B", 5, 2};
  M a0 = M::random(3, 4, 1), x0 = M::random(4, 5, 2), b0 = M::random(5, 2, 3);
  M a_there, x_there, b_there;
  Expression f = a * tanh(x * b);
  Values<double> here() const { return {{a, a0}, {x, x0}, {b, b0}}; }
  Values<double> there() const { return {{a, a_there}, {x, x_there}, {b, b_there}}; }
};

TEST(DeviceValues, AreWhatOperatorsAtAPointTake) {
  for (const Device device : cuda_devices()) {
    const Case c(device);
    const Jacobian j = jacobian(c.f, c.x);
    const M expected = j.at(c.here()).to_dense();
    EXPECT_TRUE(near(on_host(j.at(c.there(), device).to_dense()), expected, 1e-14));
    const M xs = M::random(4, 15, 4), xs_there = xs.to(device);
    const auto points = [&](const M &x, const M &a, const M &b, Device d) {
      return on_host(j.at_points<double>({{c.a, a}, {c.x, x}, {c.b, b}}, 3, d).to_dense());
    };
    EXPECT_TRUE(near(points(xs_there, c.a_there, c.b_there, device), points(xs, c.a0, c.b0, Device::cpu()), 1e-14));
    auto moved = j.at(c.here(), device);
    const M other = M::random(4, 5, 9), other_there = other.to(device);
    moved.update({{c.x, other_there}});
    EXPECT_TRUE(near(on_host(moved.to_dense()), j.at({{c.a, c.a0}, {c.x, other}, {c.b, c.b0}}).to_dense(), 1e-14));
  }
}

TEST(DeviceValues, AreComparedAndCheckedAsThoseOfTheHostAre) {
  for (const Device device : cuda_devices()) {
    const Case c(device);
    const std::vector<Device> devices{Device::reference(), Device::cpu(), device};
    const auto rows = compare(c.f, c.x, c.there(), devices);
    EXPECT_EQ(rows.size(), compare(c.f, c.x, c.here(), devices).size());
    EXPECT_TRUE(std::all_of(rows.begin(), rows.end(), [](const Comparison &r) { return r.passed(); }))
        << to_string(rows);
    const DerivativeCheck check = check_derivatives(c.f, c.x, c.there(), device);
    EXPECT_TRUE(check.passed()) << check.slope << ", " << check.adjoint_error;
  }
}

TEST(DeviceValues, MayBeFewerThanTheFunctionHas) {
  for (const Device device : cuda_devices()) {
    const Case c(device);
    EXPECT_THROW(compare(c.f, c.x, {{c.x, c.x_there}}, {device}), DomainError);
    EXPECT_THROW(check_derivatives(c.f, c.x, {{c.a, c.a_there}, {c.b, c.b_there}}, device), DomainError);
  }
}

std::string contents(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(DeviceMatrices, AreWrittenToFiles) {
  std::string name = (fs::temp_directory_path() / "kronvec-XXXXXX").string();
  const fs::path dir = mkdtemp(name.data());
  const M m = M::random(5, 4, 1);
  for (const Device device : cuda_devices()) {
    const M there = m.to(device);
    write_npy(dir / "here.npy", m), write_npy(dir / "there.npy", there);
    write_picture(dir / "here.png", m), write_picture(dir / "there.png", there);
    for (const char *kind : {".npy", ".png"})
      EXPECT_EQ(contents(dir / (std::string("there") + kind)), contents(dir / (std::string("here") + kind)));
  }
  fs::remove_all(dir);
}

TEST(DeviceMatrices, AreRefusedWhereHostMemoryIsNeeded) {
  const CsrMatrix<double> a = compressed(CooMatrix<double>{2, 2, {0, 1}, {0, 1}, {1, 1}});
  for (const Device device : cuda_devices()) {
    try {
      (void)(a * M(2, 1, device));
      FAIL();
    } catch (const DeviceError &e) {
      EXPECT_NE(std::string(e.what()).find("X lies on " + device.name()), std::string::npos) << e.what();
    }
  }
}

} // namespace
} // namespace kronvec::testing

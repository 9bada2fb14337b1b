/// Tensor-core products on the emulator: which lane has which entry, by the tables of the PTX ISA ("Matrix fragments
/// for mma.m16n8k4 with .f64"), and what happens if lanes are missing. The tables are written here a second time, in
/// the inverse direction, because a map that is wrong but consistent would still give correct products.

#include "devices/emulation/device_code.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <string>
#include <vector>

namespace kronvec::testing {
namespace {

using emulation::KernelError;
using emulation::Order;
using emulation::to_tf32;
using emulation::warp_multiply_add;

struct Place {
  int lane, entry;
};
/// The place of entry (row, col) of A, 16×4: groups of four lanes have rows, the lanes of a group columns.
Place place_in_a(int row, int col) { return {row % 8 * 4 + col, row / 8}; }
/// The same for B, 4×8: groups have columns, the lanes of a group rows.
Place place_in_b(int row, int col) { return {col * 4 + row, 0}; }
/// The same for C, 16×8: groups have rows, the lanes of a group two columns.
Place place_in_c(int row, int col) { return {row % 8 * 4 + col / 2, row / 8 * 2 + col % 2}; }

double a_at(int row, int col) { return 1 + row + 100 * col; }
double b_at(int row, int col) { return 3 + 7 * row + 1000 * col; }
double c_at(int row, int col) { return 0.5 + row * col; }

struct Lane {
  double a[2], b[1], c[4];
};

std::vector<Lane> fragments() {
  std::vector<Lane> lanes(32);
  const auto lane = [&](Place p) -> Lane & { return lanes[static_cast<std::size_t>(p.lane)]; };
  for (int i = 0; i < 16; ++i)
    for (int k = 0; k < 4; ++k)
      lane(place_in_a(i, k)).a[place_in_a(i, k).entry] = a_at(i, k);
  for (int k = 0; k < 4; ++k)
    for (int j = 0; j < 8; ++j)
      lane(place_in_b(k, j)).b[0] = b_at(k, j);
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 8; ++j)
      lane(place_in_c(i, j)).c[place_in_c(i, j).entry] = c_at(i, j);
  return lanes;
}

/// Runs one block of threads, each of which calls body(thread).
void run(unsigned threads, const auto &body, Order order = Order::forward) {
  emulation::settings().order = order;
  try {
    emulation::run_grid(dim3(1), dim3(threads), 0, [&] { body(threadIdx.x); });
  } catch (...) {
    emulation::settings() = {};
    throw;
  }
  emulation::settings() = {};
}

TEST(EmulatedTensorCores, LanesHaveTheEntriesOfTheManual) {
  for (const Order order : {Order::forward, Order::reverse, Order::random}) {
    std::vector<Lane> lanes = fragments();
    run(
        32, [&](unsigned i) { warp_multiply_add(lanes[i].c, lanes[i].a, lanes[i].b); }, order);
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 8; ++j) {
        double expected = c_at(i, j);
        for (int k = 0; k < 4; ++k)
          expected += a_at(i, k) * b_at(k, j);
        const Place p = place_in_c(i, j);
        ASSERT_EQ(lanes[static_cast<std::size_t>(p.lane)].c[p.entry], expected) << i << ", " << j;
      }
  }
}

/// The same for mma.m16n8k8 with .tf32: A 16×8, B 8×8. Each lane has two entries, four columns or rows apart, for each
/// entry above.
TEST(EmulatedTensorCores, LanesHaveTheEntriesOfTheManualInTf32) {
  const auto a = [](int i, int k) { return static_cast<float>(1 + i + 16 * k); };
  const auto b = [](int k, int j) { return static_cast<float>(1 + 3 * k + 25 * j); };
  struct Floats {
    float a[4], b[2], c[4];
  };
  std::vector<Floats> lanes(32);
  const auto lane = [&](int number) -> Floats & { return lanes[static_cast<std::size_t>(number)]; };
  for (int i = 0; i < 16; ++i)
    for (int k = 0; k < 8; ++k)
      lane(i % 8 * 4 + k % 4).a[i / 8 + k / 4 * 2] = a(i, k);
  for (int k = 0; k < 8; ++k)
    for (int j = 0; j < 8; ++j)
      lane(j * 4 + k % 4).b[k / 4] = b(k, j);
  run(32, [&](unsigned l) { warp_multiply_add(lanes[l].c, lanes[l].a, lanes[l].b); });
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 8; ++j) {
      float expected = 0;
      for (int k = 0; k < 8; ++k)
        expected += a(i, k) * b(k, j);
      ASSERT_EQ(lane(i % 8 * 4 + j / 2).c[i / 8 * 2 + j % 2], expected) << i << ", " << j;
    }
}

TEST(EmulatedTensorCores, Tf32RoundsToTheNearestWithTenBits) {
  const float step = std::ldexp(1.F, -10);
  EXPECT_EQ(to_tf32(1 + 0.49F * step), 1);
  EXPECT_EQ(to_tf32(1 + 0.5F * step), 1 + step);
  EXPECT_EQ(to_tf32(-1 - 0.5F * step), -1 - step);
  EXPECT_EQ(to_tf32(3 + 2.9F * step), 3 + 2 * step);
  EXPECT_EQ(to_tf32(0), 0);
  EXPECT_TRUE(std::isnan(to_tf32(std::nanf(""))));
  EXPECT_TRUE(std::isinf(to_tf32(std::numeric_limits<float>::max())));
}

/// The message of the KernelError that work(thread) must cause in a block of threads.
std::string failure_of(unsigned threads, const auto &work) {
  try {
    run(threads, work);
  } catch (const KernelError &e) {
    return e.what();
  }
  return "no failure";
}

TEST(EmulatedTensorCores, AllLanesOfAWarpMustMeetAtOnePlace) {
  Lane some{};
  const auto multiply = [&](unsigned) {
    Lane mine = some;
    warp_multiply_add(mine.c, mine.a, mine.b);
  };
  EXPECT_EQ(failure_of(64, multiply), "no failure");
  const std::string left = failure_of(32, [&](unsigned i) { i == 5 ? void() : multiply(i); });
  EXPECT_NE(left.find("threads 5-5: exited"), std::string::npos) << left;
  EXPECT_NE(failure_of(48, multiply).find("all 32 lanes"), std::string::npos); // half a warp at the end of the block
  const std::string apart = failure_of(32, [&](unsigned i) {
    Lane mine = some;
    if (i % 2)
      warp_multiply_add(mine.c, mine.a, mine.b);
    else
      warp_multiply_add(mine.c, mine.a, mine.b);
  });
  EXPECT_NE(apart.find("different barriers"), std::string::npos) << apart;
  const std::string barrier = failure_of(32, [&](unsigned i) { i == 31 ? __syncthreads() : multiply(i); });
  EXPECT_NE(barrier.find("threads 31-31: __syncthreads"), std::string::npos) << barrier;
  const std::string rough = failure_of(32, [](unsigned) {
    float c[4]{};
    warp_multiply_add(c, {1, 2, 3, 0.1F}, {1, 2});
  });
  EXPECT_NE(rough.find("not been rounded"), std::string::npos) << rough;
}

} // namespace
} // namespace kronvec::testing

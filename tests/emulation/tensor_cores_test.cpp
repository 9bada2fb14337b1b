/// Products by tensor cores on the emulator: which lane has which entry, from the tables of the PTX ISA ("Matrix
/// fragments for mma.m16n8k4 with .f64"), and what happens where lanes are missing. The tables are written here a
/// second time and the other way round, since a map that is wrong but consistent would give right products.

#include "devices/emulation/device_code.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace kronvec::testing {
namespace {

using emulation::KernelError;
using emulation::Order;
using emulation::warp_multiply_add;

struct Place {
  int lane, entry;
};
/// Of entry (row, col) of A, 16×4: groups of four lanes have rows, the lanes of a group columns.
Place place_in_a(int row, int col) { return {row % 8 * 4 + col, row / 8}; }
/// Of B, 4×8: groups have columns, the lanes of a group rows.
Place place_in_b(int row, int col) { return {col * 4 + row, 0}; }
/// Of C, 16×8: groups have rows, the lanes of a group two columns.
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

/// One block of threads that do body(thread).
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

/// The message of the KernelError that work(thread) by a block of threads must end with.
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
}

} // namespace
} // namespace kronvec::testing

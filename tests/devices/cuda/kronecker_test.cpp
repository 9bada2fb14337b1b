/// Kronecker products on the CUDA devices: the planned passes, and their results, bit for bit.

#include "tests/devices/cuda/kronecker.hpp"

#include "kernels/kronecker_limits.hpp"

#include <set>
#include <thread>

namespace kronvec::testing {
namespace {

TEST(KroneckerPlanForCuda, SmallFactorsShareAPassAndLargeOnesAreProducts) {
  EXPECT_EQ(described<float>(power({8, 8}, 5), 1024), "slices 0-4 of 1x1 by 512"); // 128 KB, in one pass over memory
  EXPECT_EQ(described<float>(power({8, 8}, 5), 1024, 99 << 10),
            "slices 0-0 of 1x1368 by 256, slices 1-4 of 2x1 by 256"); // an sm_86 has less shared memory

  EXPECT_EQ(described<double>(power({6, 6}, 4), 1526), "slices 0-3 of 4x1 by 256");
  EXPECT_EQ(described<double>(power({2, 2}, 9), 20), "slices 0-8 of 4x1 by 256");
  EXPECT_EQ(described<double>(power({128, 128}, 2), 1024), "product 0, product 1");
  EXPECT_EQ(described<double>(power({4096, 4096}, 2), 1), "product 0, product 1");
  EXPECT_EQ(described<float>({{300, 300}, {2, 2}, {3, 3}}, 100), "product 0, slices 1-2 of 117x1 by 256");
}

TEST(KroneckerPlanForCuda, WhatShrinksMostGoesFirst) {
  EXPECT_EQ(described<double>({{1000, 800}, {800, 1000}}, 5), "product 1, product 0");
  EXPECT_EQ(described<double>({{800, 1000}, {1000, 800}}, 5), "product 0, product 1");
  EXPECT_EQ(described<double>({{500, 300}, {300, 500}, {500, 300}}, 1), "product 1, product 0, product 2");
}

TEST(KroneckerPlanForCuda, IdentitiesTakeNoPass) {
  EXPECT_EQ(described<double>({identity_of(100), identity_of(7)}, 9), "");
  EXPECT_EQ(described<double>({}, 9), "");
  EXPECT_EQ(described<double>({identity_of(50), {500, 500}, identity_of(60)}, 1), "product 1");
  EXPECT_EQ(
      described<double>({identity_of(50), {4, 4}, identity_of(60), {4, 4}, identity_of(100)}, 9).find("slices 1-3"), 0);
  EXPECT_EQ(described<double>({{3, 4}, {0, 7}}, 3), ""); // nothing to compute
}

/// Number of entries with gaps, rounded up to 16 bytes.
template <class T> Index padded_entries(const KroneckerPass &pass, Index entries) {
  const auto last = static_cast<int>(entries - 1);
  const bool tensor = std::any_of(pass.factors.begin(), pass.factors.end(), cuda::by_tensor_cores);
  return 16 / Index(sizeof(T)) +
         (tensor ? kernels::Gaps<sizeof(T), true>::padded(last) : kernels::Gaps<sizeof(T), false>::padded(last));
}

/// Checks the kernel's assumptions for random products: enough shared memory, a thread for every block of sums, and
/// 16-bit indices.
template <class T>
void expect_fitting(const std::vector<Factor> &factors, Index columns, Precision precision = Precision::full) {
  Index left = 0;
  for (const KroneckerPass &pass : kronecker_plan(shapes(factors), kind_of<T>(precision), columns)) {
    left += static_cast<Index>(pass.last - pass.first);
    if (!pass.slices) continue;
    const auto &[threads, width, outers, copies] = pass.slicing;
    ASSERT_TRUE(width == pass.inner || outers == 1);
    ASSERT_TRUE(width >= 1 && width <= pass.inner && outers >= 1 && outers <= pass.outer * columns);
    Index largest = pass.from;
    for (const cuda::SliceFactor &f : pass.factors) {
      largest = std::max(largest, f.fibers * f.p);
      const bool warps = cuda::by_tensor_cores(f);
      ASSERT_TRUE(!warps || (std::is_same_v<T, double>) || precision == Precision::tf32);
      const Index blocks = (f.p + f.tall - 1) / f.tall, lanes = warps ? 32 : 1;
      const Index wide = (warps ? kernels::fibers_of_warp : kernels::fibers_of_thread)(sizeof(T), f.tall);
      ASSERT_LE(lanes * blocks * ((f.fibers * width * outers + wide - 1) / wide), threads);
      ASSERT_EQ(f.place * Index(sizeof(T)) % 16, 0);
      ASSERT_TRUE(f.pitch >= blocks * f.tall && f.depth >= f.q);
      ASSERT_TRUE(!warps || (f.depth % kernels::tensor_depth(sizeof(T)) == 0 && f.pitch * sizeof(T) % 64 == 32));
      ASSERT_LE(f.place + f.depth * f.pitch, copies);
    }
    const Index entries = largest * width * outers, padded = padded_entries<T>(pass, entries);
    ASSERT_LE((padded + copies) * Index(sizeof(T)), cuda::hopper_shared_bytes);
    ASSERT_LE(pass.from * width * outers, threads * kernels::max_copies_of_thread);
    ASSERT_LT(entries, 1 << 16);
  }
  ASSERT_LE(left, static_cast<Index>(factors.size()));
}

TEST(KroneckerPlanForCuda, SlicesFit) {
  std::mt19937_64 random(3);
  const auto below = [&](Index n) { return static_cast<Index>(random() % static_cast<std::uint64_t>(n)); };
  for (int turn = 0; turn < 3000; ++turn) {
    std::vector<Factor> factors;
    const Index most = below(2) ? 9 : below(2) ? 40 : 400;
    for (Index n = below(6); n >= 0; --n)
      factors.push_back({1 + below(most), below(5) ? 1 + below(most) : 0});
    const Index columns = 1 + below(3) * below(1000);
    expect_fitting<float>(factors, columns), expect_fitting<double>(factors, columns);
    expect_fitting<float>(factors, columns, Precision::tf32);
    expect_fitting<std::complex<double>>(factors, columns);
    ASSERT_FALSE(HasFatalFailure()) << "turn " << turn;
  }
}

template <class T> class CudaKronecker : public ::testing::Test {};
TYPED_TEST_SUITE(CudaKronecker, Entries4);

TYPED_TEST(CudaKronecker, SmallProductsOfManyShapes) {
  using T = TypeParam;
  const std::vector<Factor> lists[] = {
      {},
      {{1, 1}},
      {{1, 7}},
      {{7, 1}},
      {identity_of(5)},
      {identity_of(1), identity_of(3)},
      {{3, 5}},
      {{5, 3, Op::transpose}},
      {{3, 2}, {2, 5}},
      {{2, 5, Op::transpose}, {4, 3}},
      {{1, 4}, {5, 1}, {1, 3}},
      {{7, 5}, {1, 1}, {3, 11}},
      {identity_of(3), {4, 5}},
      {{4, 5}, identity_of(3)},
      {identity_of(2), {3, 4}, identity_of(5)},
      {{3, 2}, identity_of(7), {2, 3, Op::transpose}},
      {identity_of(2), {3, 2}, identity_of(3), identity_of(1), {2, 3}, identity_of(2)},
      {{9, 2}, {2, 9}},
      {{17, 3}, {3, 2}},
      {{2, 3}, {3, 2}, {2, 2}, {1, 3}, {3, 2}},
      {{2, 1}, {1, 2}, {2, 2}, {3, 1}, {1, 2}},
  };
  for (const auto &list : lists)
    for (const Index columns : {0, 1, 3, 64})
      for (const bool strided : {false, true}) {
        expect_kronecker<T>(list, columns, strided, T(1), T(0));
        expect_kronecker<T>(list, columns, strided, T(3), T(-2));
      }
}

/// Together, these take every path.
const std::pair<std::vector<Factor>, Index> paths[] = {
    {power({8, 8}, 5), 2},
    {power({2, 2, Op::transpose}, 17), 1},
    {power({16, 16}, 4), 1},
    {power({7, 7}, 5), 3},
    {power({11, 11}, 4), 1},
    {{{170, 170}, {2, 3}}, 2},
    {{{124, 120}, {3, 2, Op::transpose}}, 2},
    {{{88, 84}, {2, 2}}, 1},
    {{{33, 17}, {5, 65}, {9, 2}}, 3},
    {{{40, 40}, identity_of(33), {3, 5}}, 2},
    {{{3, 5}, identity_of(3000), {5, 3, Op::transpose}}, 2},
    {{{130, 70}, {64, 129}}, 3},
    {{{300, 20}, {1, 300}, {40, 2}}, 1},
    {{{400, 400}, {2, 3}, {300, 300, Op::transpose}}, 1},
    {{identity_of(9), {300, 301}, identity_of(2)}, 3},
    {{{32, 32}, {16, 16}, {3, 2}}, 2},
    {{{31, 33}, {17, 15, Op::transpose}, identity_of(3)}, 2},
    {{{64, 63, Op::transpose}, {2, 5}, {48, 65}}, 1},
};

/// Small enough for compute-sanitizer.
TEST(CudaKroneckerSlices, RaceOnNothing) {
  expect_kronecker<double>(power({8, 8}, 3), 2, false, 1, 0);
  expect_kronecker<float>({{3, 2}, {5, 7}, {9, 2}}, 3, true, 1, 2);
}

/// Both products use the same kernel, with more than the default shared memory. The limit that one thread sets must
/// also be enough for the other.
TEST(CudaKroneckerThreads, MayWantDifferentSharedMemory) {
  const std::vector<Factor> products[] = {{{88, 84}, {2, 2}}, {{104, 100}, {2, 2}}};
  Index held = 48 << 10;
  for (const auto &product : products) {
    const auto plan = kronecker_plan(shapes(product), cuda::entry_kind<double>, 1);
    ASSERT_EQ(described<double>(product, 1).find("slices 0-1"), 0);
    EXPECT_EQ(plan[0].slicing.threads, 256);
    EXPECT_GT(plan[0].slicing.copies * Index(sizeof(double)), held);
    held = plan[0].slicing.copies * Index(sizeof(double));
  }
  for (const Device device : cuda_devices()) {
    std::vector<std::string> failures(4);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < failures.size(); ++t)
      threads.emplace_back([&, t] {
        const Kronecker<double> product(products[t % 2], 1, false, 1, 0, Precision::full);
        const Matrix<double> expected = product.on(Device::reference());
        try {
          for (int turn = 0; turn < 5 && failures[t].empty(); ++turn)
            if (!same(product.on(device), expected)) failures[t] = "a wrong product";
        } catch (const std::exception &error) {
          failures[t] = error.what();
        }
      });
    for (std::thread &thread : threads)
      thread.join();
    for (const std::string &failure : failures)
      EXPECT_EQ(failure, "") << device.name();
  }
}

TYPED_TEST(CudaKronecker, EveryPathIsTaken) {
  std::set<std::string> taken;
  for (const auto &[list, columns] : paths) {
    const auto plan = kronecker_plan(shapes(list), cuda::entry_kind<TypeParam>, columns);
    for (const KroneckerPass &pass : plan) {
      if (!pass.slices) {
        taken.insert(pass.inner == 1 ? "product, fastest" : pass.outer == 1 ? "product, slowest" : "product, between");
        continue;
      }
      taken.insert(fmt::format("{} threads", pass.slicing.threads));
      taken.insert(pass.slicing.width == 1           ? "columns in slices"
                   : pass.slicing.width < pass.inner ? "parts of rows"
                                                     : "whole rows");
      if (pass.slicing.width < pass.inner && pass.inner % pass.slicing.width) taken.insert("a part that is cut off");
      if (pass.outer * columns % pass.slicing.outers) taken.insert("outers that are cut off");
      for (const cuda::SliceFactor &f : pass.factors)
        taken.insert(fmt::format("{} rows of a {}", f.tall, cuda::by_tensor_cores(f) ? "warp" : "thread")),
            taken.insert(f.p % f.tall ? "rows of zeros" : "whole runs"),
            taken.insert(f.depth > f.q ? "columns of zeros" : "whole columns");
    }
    taken.insert(fmt::format("{} passes", plan.size()));
  }
  for (const char *path :
       {"product, fastest", "product, slowest", "product, between", "256 threads", "512 threads", "columns in slices",
        "parts of rows", "whole rows", "a part that is cut off", "outers that are cut off", "2 rows of a thread",
        "4 rows of a thread", "8 rows of a thread", "rows of zeros", "whole runs", "1 passes", "2 passes", "3 passes"})
    EXPECT_TRUE(taken.contains(path)) << path;
  for (const char *path : {"16 rows of a warp", "32 rows of a warp", "columns of zeros"})
    EXPECT_EQ(taken.contains(path), (std::is_same_v<TypeParam, double>)) << path;
}

TYPED_TEST(CudaKronecker, LargerProducts) {
  using T = TypeParam;
  for (const auto &[list, columns] : paths)
    for (const bool strided : {false, true}) {
      expect_kronecker<T>(list, columns, strided, T(2), strided ? T(3) : T(0));
    }
}

} // namespace
} // namespace kronvec::testing

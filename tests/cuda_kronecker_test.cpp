/// Kronecker products on the CUDA devices: the passes that are planned for them, and what these leave, bit for bit.

#include "operands.hpp"

#include "devices/cuda/kronecker_plan.hpp"
#include "kernels/kronecker_limits.hpp"

#include <fmt/format.h>
#include <set>

namespace kronvec::testing {
namespace {

using cuda::kronecker_plan;
using cuda::KroneckerPass;
using cuda::KroneckerShape;

struct Factor {
  Index p, q; ///< q 0: the identity of p rows
  Op op = Op::none;
};
Factor identity(Index n) { return {n, 0}; }
std::vector<Factor> power(Factor f, int n) { return std::vector<Factor>(static_cast<std::size_t>(n), f); }

std::vector<KroneckerShape> shapes(const std::vector<Factor> &factors) {
  std::vector<KroneckerShape> result;
  for (const Factor &f : factors)
    result.push_back({f.p, f.q ? f.q : f.p, f.q == 0});
  return result;
}

/// "slices 1-3 of 2x40 by 256" for a pass of factors 1 to 3 with outers 2 and width 40, "product 2" for one by cuBLAS.
template <class T>
std::string described(const std::vector<Factor> &factors, Index columns, Index shared = cuda::hopper_shared_bytes) {
  std::string text;
  for (const KroneckerPass &pass : kronecker_plan(shapes(factors), cuda::entry_kind<T>, columns, shared))
    text += (text.empty() ? "" : ", ") +
            (pass.slices ? fmt::format("slices {}-{} of {}x{} by {}", pass.first, pass.last - 1, pass.slicing.outers,
                                       pass.slicing.width, pass.slicing.threads)
                         : fmt::format("product {}", pass.first));
  return text;
}

TEST(CudaKroneckerPlan, SmallFactorsShareAPassAndLargeOnesAreProducts) {
  EXPECT_EQ(described<float>(power({8, 8}, 5), 1024), "slices 0-4 of 1x1 by 512"); // 128 KB, once through memory
  EXPECT_EQ(described<float>(power({8, 8}, 5), 1024, 99 << 10),
            "slices 0-0 of 1x1368 by 256, slices 1-4 of 2x1 by 256"); // an sm_86 has less

  EXPECT_EQ(described<double>(power({6, 6}, 4), 1526), "slices 0-3 of 4x1 by 256");
  EXPECT_EQ(described<double>(power({2, 2}, 9), 20), "slices 0-8 of 4x1 by 256");
  EXPECT_EQ(described<double>(power({128, 128}, 2), 1024), "product 0, product 1");
  EXPECT_EQ(described<double>(power({4096, 4096}, 2), 1), "product 0, product 1");
  EXPECT_EQ(described<float>({{300, 300}, {2, 2}, {3, 3}}, 100), "product 0, slices 1-2 of 117x1 by 256");
}

template <class T> cuda::EntryKind kind_of(Precision precision) {
  cuda::EntryKind kind = cuda::entry_kind<T>;
  kind.tf32 = precision == Precision::tf32;
  return kind;
}

/// "32 16" for steps of which warps have so many rows; fewer are those of a thread.
template <class T>
std::string heights(const std::vector<Factor> &factors, Index columns, Precision precision = Precision::full) {
  std::string text;
  for (const KroneckerPass &pass : kronecker_plan(shapes(factors), kind_of<T>(precision), columns))
    for (const cuda::SliceFactor &f : pass.factors)
      if (pass.slices) text += (text.empty() ? "" : " ") + std::to_string(f.tall);
  return text;
}

TEST(CudaKroneckerPlan, TensorCoresDoFactorsOfDoublesThatFillTheirTiles) {
  EXPECT_EQ(heights<double>(power({16, 16}, 3), 1024), "16 16 16");
  EXPECT_EQ(heights<double>(power({32, 32}, 3), 1024), "32 32 32");
  EXPECT_EQ(heights<double>({{33, 20}, {8, 8}, {4, 4}}, 1024), "8 4 16"); // 48 rows, not 64
  EXPECT_EQ(heights<double>(power({8, 8}, 4), 1024), "8 8 8 8");
  EXPECT_EQ(heights<double>({{16, 1}, {1, 16}}, 1024), "2 8"); // depth 4 for one entry of a fiber
  EXPECT_EQ(heights<float>(power({32, 32}, 3), 1024), "8 8 8");
  EXPECT_EQ(heights<float>(power({32, 32}, 3), 1024, Precision::tf32), "32 32 32");
  EXPECT_EQ(heights<std::complex<double>>(power({32, 32}, 3), 1024), "8 8 8");
  EXPECT_EQ(described<double>(power({64, 64}, 2), 1024), "slices 0-1 of 1x1 by 256"); // one pass, no cuBLAS
}

TEST(CudaKroneckerPlan, WhatShrinksMostGoesFirst) {
  EXPECT_EQ(described<double>({{1000, 800}, {800, 1000}}, 5), "product 1, product 0");
  EXPECT_EQ(described<double>({{800, 1000}, {1000, 800}}, 5), "product 0, product 1");
  EXPECT_EQ(described<double>({{500, 300}, {300, 500}, {500, 300}}, 1), "product 1, product 0, product 2");
}

TEST(CudaKroneckerPlan, IdentitiesTakeNoPass) {
  EXPECT_EQ(described<double>({identity(100), identity(7)}, 9), "");
  EXPECT_EQ(described<double>({}, 9), "");
  EXPECT_EQ(described<double>({identity(50), {500, 500}, identity(60)}, 1), "product 1");
  EXPECT_EQ(described<double>({identity(50), {4, 4}, identity(60), {4, 4}, identity(100)}, 9).find("slices 1-3"), 0);
  EXPECT_EQ(described<double>({{3, 4}, {0, 7}}, 3), ""); // nothing to compute
}

/// With gaps, rounded up to 16 bytes.
template <class T> Index padded_entries(const KroneckerPass &pass, Index entries) {
  const auto last = static_cast<int>(entries - 1);
  const bool tensor = std::any_of(pass.factors.begin(), pass.factors.end(), cuda::by_tensor_cores);
  return 16 / Index(sizeof(T)) +
         (tensor ? kernels::Gaps<sizeof(T), true>::padded(last) : kernels::Gaps<sizeof(T), false>::padded(last));
}

/// What the kernel relies on, for products at random: room in shared memory, a thread for every block of sums, and
/// indices of 16 bits.
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
    ASSERT_LE(pass.from * width * outers, threads * kernels::most_copies_of_thread);
    ASSERT_LT(entries, 1 << 16);
  }
  ASSERT_LE(left, static_cast<Index>(factors.size()));
}

TEST(CudaKroneckerPlan, SlicesFit) {
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

/// 0 or a unit, so that the sums stay small.
template <class T> T unit(std::mt19937_64 &random) {
  constexpr int values[][2] = {{0, 0}, {1, 0}, {-1, 0}, {0, 1}, {0, -1}};
  using R = decltype(std::abs(T()));
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(values[random() % 3][0]);
  } else {
    const auto &[re, im] = values[random() % 5];
    return {static_cast<R>(re), static_cast<R>(im)};
  }
}

/// Entries of a factor, or of the identity.
template <class T> Matrix<T> entries_of(const Factor &f, std::uint64_t seed) {
  if (f.q == 0) return Matrix<T>(0, 0);
  const Index rows = f.op == Op::none ? f.p : f.q, cols = f.op == Op::none ? f.q : f.p;
  Matrix<T> a(rows + 2, cols); // strided
  std::mt19937_64 random(seed);
  for (Index k = 0; k < a.rows() * a.cols(); ++k)
    a.data()[k] = unit<T>(random);
  return a;
}

/// Y = α·(F₁ ⊗ …)·X + β·Y on a device.
template <class T> class Kronecker {
public:
  Kronecker(const std::vector<Factor> &factors, Index columns, bool strided, T alpha, T beta, Precision precision)
      : factors_(factors), precision_(precision), alpha_(alpha), beta_(beta), columns_(columns),
        x_(size(&KroneckerShape::cols), columns, 1, strided, 1),
        y_(size(&KroneckerShape::rows), columns, 1, strided, 2) {
    if (beta == T(0)) y_.poison();
    for (const Factor &f : factors)
      entries_.push_back(entries_of<T>(f, entries_.size() + 3));
  }
  Matrix<T> on(Device device) const {
    std::vector<Matrix<T>> held;
    std::vector<KroneckerFactor<T>> list;
    for (std::size_t f = 0; f < factors_.size(); ++f) {
      const Factor &factor = factors_[f];
      if (factor.q == 0) {
        list.push_back(KroneckerFactor<T>::identity(factor.p));
        continue;
      }
      const Matrix<T> &a = held.emplace_back(entries_[f].to(device));
      list.push_back({MatrixView<const T>(a.data(), a.rows() - 2, a.cols(), a.rows()), factor.op});
    }
    return result_on<T>(
        device,
        [&](auto &, const auto &x, const auto &y) {
          const Algebra<T> &p = algebra(device);
          const Index room = p.kronecker_workspace(list, columns_);
          Matrix<T> workspace = poisoned(room, device);
          p.kronecker(alpha_, list, x[0], beta_, y[0], {workspace.data(), static_cast<std::size_t>(room)});
          device.synchronize();
        },
        y_, x_);
  }

private:
  const Algebra<T> &algebra(Device device) const {
    if constexpr (std::is_same_v<T, float>)
      if (precision_ == Precision::tf32) return device.backend().tf32_primitives();
    return device.backend().primitives(T{});
  }
  Index size(Index KroneckerShape::*side) const {
    Index n = 1;
    for (const KroneckerShape &s : shapes(factors_))
      n *= s.*side;
    return n;
  }
  static Matrix<T> poisoned(Index n, Device device) {
    Operand<T> workspace(n, 1);
    workspace.poison();
    return workspace.memory().to(device);
  }
  std::vector<Factor> factors_;
  Precision precision_;
  T alpha_, beta_;
  Index columns_;
  Operand<T> x_, y_;
  std::vector<Matrix<T>> entries_;
};

/// Against the definition, or for products of many entries against the factors applied one by one.
template <class T> void expect_kronecker(const std::vector<Factor> &factors, Index columns, bool strided, T alpha,
                                         T beta, Precision precision = Precision::full) {
  const Kronecker<T> product(factors, columns, strided, alpha, beta, precision);
  double terms = static_cast<double>(columns);
  for (const KroneckerShape &s : shapes(factors))
    terms *= static_cast<double>(s.rows * s.cols);
  const Matrix<T> expected = product.on(terms < 3e5 ? Device::reference() : Device::cpu());
  for (const Device device : cuda_devices())
    EXPECT_TRUE(same(product.on(device), expected))
        << device.name() << ": " << described<T>(factors, columns) << (strided ? ", strided" : "");
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
      {identity(5)},
      {identity(1), identity(3)},
      {{3, 5}},
      {{5, 3, Op::transpose}},
      {{3, 2}, {2, 5}},
      {{2, 5, Op::transpose}, {4, 3}},
      {{1, 4}, {5, 1}, {1, 3}},
      {{7, 5}, {1, 1}, {3, 11}},
      {identity(3), {4, 5}},
      {{4, 5}, identity(3)},
      {identity(2), {3, 4}, identity(5)},
      {{3, 2}, identity(7), {2, 3, Op::transpose}},
      {identity(2), {3, 2}, identity(3), identity(1), {2, 3}, identity(2)},
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

/// Together they take every path.
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
    {{{40, 40}, identity(33), {3, 5}}, 2},
    {{{3, 5}, identity(3000), {5, 3, Op::transpose}}, 2},
    {{{130, 70}, {64, 129}}, 3},
    {{{300, 20}, {1, 300}, {40, 2}}, 1},
    {{{400, 400}, {2, 3}, {300, 300, Op::transpose}}, 1},
    {{identity(9), {300, 301}, identity(2)}, 3},
    {{{32, 32}, {16, 16}, {3, 2}}, 2},
    {{{31, 33}, {17, 15, Op::transpose}, identity(3)}, 2},
    {{{64, 63, Op::transpose}, {2, 5}, {48, 65}}, 1},
};

/// Little enough for compute-sanitizer.
TEST(CudaKroneckerSlices, RaceOnNothing) {
  expect_kronecker<double>(power({8, 8}, 3), 2, false, 1, 0);
  expect_kronecker<float>({{3, 2}, {5, 7}, {9, 2}}, 3, true, 1, 2);
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

/// Every size around the tiles of tensor cores: the fastest factor of some columns, the slowest, and between parts of
/// rows.
template <class T> void expect_sizes_around_tiles(Precision precision) {
  const Index sides[] = {1, 13, 15, 16, 17, 31, 32, 33, 63, 64, 65};
  int by_tensor_cores = 0;
  for (const Index p : sides)
    for (const Index q : sides) {
      const Factor factor{p, q, (p + q) % 3 ? Op::none : Op::transpose};
      const std::tuple<std::vector<Factor>, Index, T, T> products[] = {
          {{{2, 3}, factor}, 9, 2, 0},
          {{{3, 1}, factor, identity(20), {2, 3}}, 1, -1, 2},
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
/// These sums of units are exact in TF32 too, except where an intermediate result has more than 11 bits: none does.
TEST(CudaKroneckerTensorCores, SizesAroundTheTilesInTf32) { expect_sizes_around_tiles<float>(Precision::tf32); }

/// Tiles reach beyond fibers and columns, where nothing may be looked at: 0·NaN and 0·∞ would show.
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

/// Linear algebra on the CUDA devices compared with the reference, for all four types of entries. Covers the cases that
/// kernels treat separately (tiles, strips, sorted rows).

#include "tests/devices/operands.hpp"

namespace kronvec::testing {
namespace {

template <class T> class CudaAlgebra : public ::testing::Test {
protected:
  using In = BatchView<const T>;
  using Out = BatchView<T>;
};
TYPED_TEST_SUITE(CudaAlgebra, Entries4);

struct Sizes {
  Index m, n, count;
};

TYPED_TEST(CudaAlgebra, Transposes) {
  using T = TypeParam;
  constexpr Sizes shapes[] = {{1, 1, 1},   {1, 9, 3},   {9, 1, 2},   {4, 4, 5},   {8, 300, 1},
                              {9, 300, 1}, {300, 8, 2}, {300, 9, 1}, {17, 31, 1}, {64, 129, 1},
                              {33, 65, 2}, {0, 3, 1},   {3, 0, 2}};
  for (const auto [m, n, count] : shapes)
    for (const bool strided : {false, true})
      expect_reference<T>([](auto &p, const auto &x, const auto &y) { p.transpose(x, y); },
                          Operand<T>(n, m, count, strided).poisoned(), Operand<T>(m, n, count, strided));
  for (const Index n : {1, 16, 33, 70})
    expect_reference<T>([](auto &p, const auto &y) { p.transpose(y, y); }, Operand<T>(n, n, 2, true));
}

TYPED_TEST(CudaAlgebra, MovesColumnsConjugatesAndFills) {
  using T = TypeParam;
  for (const bool strided : {false, true}) {
    const Operand<T> x(5, 12, 3, strided);
    expect_reference<T>([](auto &p, const auto &u, const auto &y) { p.commute_columns(3, 4, u, y); }, x.poisoned(), x);
    expect_reference<T>([](auto &p, const auto &u, const auto &y) { p.conjugate(u, y); }, x.poisoned(), x);
    expect_reference<T>([](auto &p, const auto &y) { p.conjugate(y, y); }, x);
    expect_reference<T>([](auto &p, const auto &u, const auto &y) { p.copy(u, y); }, x.poisoned(), x);
    expect_reference<T>([](auto &p, const auto &y) { p.fill(T(3), y); }, x.poisoned());
    expect_reference<T>([](auto &p, const auto &y) { p.unit_columns(2, y[0]); }, x.poisoned());
  }
}

TYPED_TEST(CudaAlgebra, Triangles) {
  using T = TypeParam;
  for (const Index n : {0, 1, 2, 31, 32, 33, 65})
    for (const Triangle t : {Triangle{true, true}, {true, false}, {false, true}, {false, false}})
      for (const auto &[near, mirrored] : {std::pair(1.f, 0.f), {0.f, 1.f}, {1.f, 1.f}, {2.f, -3.f}}) {
        const bool strided = n % 2;
        const T a = T(near), b = T(mirrored);
        expect_reference<T>([=](auto &p, const auto &x, const auto &y) { p.pack_triangle(t, a, b, x, y); },
                            Operand<T>(t.entries(n), 1, 3, strided).poisoned(), Operand<T>(n, n, 3, strided));
        expect_reference<T>([=](auto &p, const auto &y, const auto &x) { p.unpack_triangle(t, a, b, y, x); },
                            Operand<T>(n, n, 3, strided).poisoned(), Operand<T>(t.entries(n), 1, 3, strided));
      }
}

/// Above the lower triangle of a factor lies whatever the factorisation left there.
TYPED_TEST(CudaAlgebra, TrianglesDoNotLookAtTheOtherHalf) {
  using T = TypeParam;
  const Index n = 35;
  Operand<T> x(n, n), whole(n, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < j; ++i)
      x.view()[0](i, j) = std::numeric_limits<double>::quiet_NaN(), whole.view()[0](i, j) = 0;
  const auto pack = [](auto &p, const auto &u, const auto &y) { p.pack_triangle({}, 1, 0, u, y); };
  const Operand<T> packed = Operand<T>(Triangle{}.entries(n), 1).poisoned();
  const Matrix<T> expected = result_on(Device::reference(), pack, packed, whole);
  for (const Device device : cuda_devices())
    EXPECT_TRUE(same(result_on(device, pack, packed, x), expected));
}

/// Puts the indices on every device, for work(primitives, index, x, y).
template <class T> void expect_rows(const std::vector<Index> &index, Index rows, Index cols, bool gather) {
  Matrix<double> numbers(static_cast<Index>(index.size()), 1); // whose memory stores 64-bit integers here
  if (!index.empty()) std::memcpy(numbers.data(), index.data(), index.size() * sizeof(Index));
  const auto work = [&](auto &p, const auto &x, const auto &y, Device device) {
    const Matrix<double> there = numbers.to(device);
    const std::span<const Index> at(reinterpret_cast<const Index *>(there.data()), index.size());
    gather ? p.gather_rows(at, x, y) : p.scatter_rows(at, x, y);
    device.synchronize();
  };
  const Index n = static_cast<Index>(index.size());
  for (const bool strided : {false, true}) {
    const Operand<T> x(gather ? rows : n, cols, 2, strided),
        y = Operand<T>(gather ? n : rows, cols, 2, strided).poisoned();
    const auto on = [&](Device device) {
      return result_on<T>(
          device, [&](auto &p, const auto &u, const auto &v) { work(p, u, v, device); }, y, x);
    };
    const Matrix<T> expected = on(Device::reference());
    for (const Device device : cuda_devices())
      EXPECT_TRUE(same(on(device), expected)) << (gather ? "gather" : "scatter") << " of " << n << " in " << rows;
  }
}

TYPED_TEST(CudaAlgebra, GathersAndScattersRows) {
  using T = TypeParam;
  std::mt19937_64 random(7);
  for (const auto &[n, rows] : {std::pair<Index, Index>{1, 1}, {5, 3}, {3, 5}, {257, 300}, {600, 7}, {0, 4}})
    for (const Index cols : {1, 8, 9}) {
      std::vector<Index> index;
      for (Index k = 0; k < n; ++k)
        index.push_back(static_cast<Index>(random() % static_cast<std::uint64_t>(rows)));
      expect_rows<T>(index, rows, cols, true), expect_rows<T>(index, rows, cols, false);
    }
}

/// Sums of rows that depend on the order of addition. Every run and every device adds in the order of i.
TEST(CudaAlgebraScatter, AddsInOneOrder) {
  const Index n = 1000;
  const Matrix<double> x = Matrix<double>::random(n, 3, 5);
  Matrix<double> numbers(n, 1);
  for (Index k = 0; k < n; ++k) {
    const Index at = k % 3;
    std::memcpy(&numbers(k, 0), &at, sizeof at);
  }
  const auto on = [&](Device device) {
    const Matrix<double> there = x.to(device), index = numbers.to(device);
    Matrix<double> y(4, 3, device);
    device.backend().primitives(0.0).scatter_rows({reinterpret_cast<const Index *>(index.data()), std::size_t(n)},
                                                  there.view(), y.view());
    return y.to(Device::cpu());
  };
  for (const Device device : cuda_devices())
    EXPECT_TRUE(same(on(device), on(Device::reference())));
}

TYPED_TEST(CudaAlgebra, Multiplies) {
  using T = TypeParam;
  constexpr struct {
    Index m, n, k, count;
  } shapes[] = {{1, 1, 1, 1}, {3, 4, 5, 1}, {17, 2, 9, 3}, {4, 5, 0, 2}, {0, 3, 2, 1}, {3, 0, 2, 1}};
  for (const auto [m, n, k, count] : shapes)
    for (const Op a : {Op::none, Op::transpose})
      for (const Op b : {Op::none, Op::transpose})
        for (const T beta : {T(0), T(1), T(-2)}) {
          const Operand<T> u(a == Op::none ? m : k, a == Op::none ? k : m, 1, true, 1);
          const Operand<T> v(b == Op::none ? k : n, b == Op::none ? n : k, count, true, 2), c(m, n, count, true, 3);
          expect_reference<T>(
              [=](auto &p, const auto &x, const auto &y, const auto &z) { p.multiply(T(3), a, x, b, y, beta, z); },
              beta == T(0) ? c.poisoned() : Operand<T>(m, n, count, true, 3), u, v);
        }
}

/// A grid has at most 65535 blocks in two of its directions.
TYPED_TEST(CudaAlgebra, MultipliesMoreItemsThanAGridHasRows) {
  using T = TypeParam;
  constexpr Index count = 70000;
  const Operand<T> u(2, 1, count, true, 1), v(1, 2, count, true, 2);
  expect_reference<T>(
      [](auto &p, const auto &x, const auto &y, const auto &z) { p.multiply(T(1), Op::none, x, Op::none, y, T(0), z); },
      Operand<T>(2, 2, count, true, 3).poisoned(), u, v);
}

TYPED_TEST(CudaAlgebra, CombinesEntriesAndBroadcasts) {
  using T = TypeParam;
  for (const auto &[m, n] : {std::pair<Index, Index>{1, 1}, {7, 5}, {1, 6}, {6, 1}, {0, 3}})
    for (const bool strided : {false, true})
      for (const auto &[rows, cols] : {std::pair(m, n), std::pair<Index, Index>(1, n), {m, 1}, {1, 1}}) {
        const Operand<T> a(m, n, 2, strided, 1), b(rows, cols, 2, strided, 2), one(rows, cols, 1, strided, 3);
        const auto add = [](auto &p, const auto &x, const auto &y, const auto &z) { p.add(T(2), x, T(-3), y, z); };
        const auto times = [](auto &p, const auto &x, const auto &y, const auto &z) { p.hadamard(x, y, z); };
        for (const Operand<T> *other : {&b, &one}) {
          expect_reference<T>(add, a.poisoned(), a, *other), expect_reference<T>(add, a.poisoned(), *other, a);
          expect_reference<T>(times, a.poisoned(), a, *other), expect_reference<T>(times, a.poisoned(), *other, a);
        }
        expect_reference<T>([](auto &p, const auto &x, const auto &y) { p.scale(T(5), x, y); }, a.poisoned(), a);
        expect_reference<T>([](auto &p, const auto &y) { p.hadamard(y, y, y); }, a);
      }
}

TYPED_TEST(CudaAlgebra, InnerProducts) {
  using T = TypeParam;
  for (const auto &[m, n, count] : {Sizes{1, 1, 1}, {3, 5, 4}, {0, 2, 2}, {70000, 1, 1}, {300, 200, 1}})
    for (const bool strided : {false, true})
      expect_reference<T>([](auto &p, const auto &x, const auto &y, const auto &z) { p.inner(x, y, z); },
                          Operand<T>(1, 1, count).poisoned(), Operand<T>(m, n, count, strided, 1),
                          Operand<T>(m, n, count, strided, 2));
}

} // namespace
} // namespace kronvec::testing

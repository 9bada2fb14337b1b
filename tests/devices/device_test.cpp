/// Every primitive of every device compared with its definition, on difficult shapes.

#include "tests/testing.hpp"

#include "devices/backend.hpp"

#include <fmt/format.h>
#include <limits>
#include <map>

namespace kronvec::testing {
namespace {

/// The layout of a batch: packed; strided and misaligned by one element; or strided by runs of 16 bytes.
enum class Lies { packed, strided, in_runs };

/// A batch inside a larger block of memory, with a margin that must stay unchanged.
template <class T> class Batched {
public:
  Batched(Index rows, Index cols, Index count, Lies lies, std::uint64_t seed)
      : ld_(lies == Lies::in_runs ? (rows + 7) / 4 * 4 : rows + (lies == Lies::strided ? 3 : 0)),
        stride_(ld_ * cols + (lies == Lies::in_runs   ? 4
                              : lies == Lies::strided ? 5
                                                      : 0)),
        memory_(cast<T>(Matrix<double>::random(stride_ * count + 8, 1, seed))),
        view(memory_.data() + (lies == Lies::in_runs ? 4 : 1), rows, cols, std::max<Index>(ld_, 1), count, stride_) {}
  Batched(Index rows, Index cols, Index count, bool strided, std::uint64_t seed)
      : Batched(rows, cols, count, strided ? Lies::strided : Lies::packed, seed) {}

  /// Fills everything with NaN, so that entries that are not written afterwards show.
  void poison() { std::fill_n(memory_.data(), memory_.rows(), std::numeric_limits<T>::quiet_NaN()); }

  /// Checks that a poisoned batch has become entry(b, i, j), and that nothing else was written. Returns a description
  /// of the first error, or "".
  std::string difference(double tolerance, const auto &entry) const {
    std::vector<bool> inside(static_cast<std::size_t>(memory_.rows()));
    for (Index b = 0; b < view.count; ++b)
      for (Index j = 0; j < view.cols; ++j)
        for (Index i = 0; i < view.rows; ++i) {
          const double x = view[b](i, j), y = entry(b, i, j);
          inside[static_cast<std::size_t>(&view[b](i, j) - memory_.data())] = true;
          if (!(x == y || std::abs(x - y) <= tolerance * std::max(1.0, std::abs(y))))
            return fmt::format("item {} ({}, {}) is {}, not {}", b, i, j, x, y);
        }
    for (Index k = 0; k < memory_.rows(); ++k)
      if (!inside[static_cast<std::size_t>(k)] && !std::isnan(memory_.data()[k]))
        return fmt::format("the margin was written at element {}", k);
    return "";
  }

  /// The same batch in a copy of its memory.
  BatchView<T> in(Matrix<T> &copy) const {
    BatchView<T> moved = view;
    moved.data = copy.data() + (view.data - memory_.data());
    return moved;
  }
  const Matrix<T> &memory() const { return memory_; }

private:
  Index ld_, stride_;
  Matrix<T> memory_;

public:
  BatchView<T> view;
};

/// Batches in memory that a device can access: the batches themselves on the host, copies on other devices.
template <class T> class At {
public:
  explicit At(Device device) : device_(device) {}
  BatchView<T> operator()(const Batched<T> &x) {
    if (device_.is_host()) return x.view;
    return x.in(copies_.try_emplace(&x, x.memory().to(device_)).first->second);
  }
  /// Copies the device's result back to the batch.
  void bring_back(Batched<T> &x) {
    if (const auto copy = copies_.find(&x); copy != copies_.end())
      transfer<T>(device_.backend(), copy->second, {const_cast<T *>(x.memory().data()), x.memory().rows(), 1});
  }

private:
  Device device_;
  std::map<const Batched<T> *, Matrix<T>> copies_;
};

struct Sizes {
  Index m, n, count;
};

/// The determinant, by elimination with row exchanges.
double determinant(Matrix<double> a) {
  double det = 1;
  for (Index c = 0; c < a.rows(); ++c) {
    Index pivot = c;
    for (Index i = c + 1; i < a.rows(); ++i)
      if (std::abs(a(i, c)) > std::abs(a(pivot, c))) pivot = i;
    for (Index j = 0; j < a.cols(); ++j)
      std::swap(a(c, j), a(pivot, j));
    det *= pivot == c ? a(c, c) : -a(c, c);
    for (Index i = c + 1; i < a.rows(); ++i)
      for (Index j = a.cols() - 1; j >= c; --j)
        a(i, j) -= a(i, c) / a(c, c) * a(c, j);
  }
  return det;
}

/// Edges of tiles, and empty shapes. The last two are large enough for several threads.
constexpr Sizes sizes[] = {{1, 1, 1},   {1, 7, 1},   {7, 1, 2}, {3, 5, 3},   {31, 33, 1},   {32, 32, 2},
                           {65, 13, 1}, {0, 4, 1},   {4, 0, 2}, {3, 4, 0},   {61, 67, 1},   {16, 513, 1},
                           {515, 9, 2}, {129, 2, 2}, {1, 1, 5}, {2, 129, 2}, {257, 263, 1}, {31, 53, 41}};

template <class T> class Primitive : public ::testing::Test {
protected:
  /// Runs `work(primitives, at)` on every device. It must set `out` to entry(b, i, j) and write nothing else.
  static void expect(Batched<T> &out, double tolerance, const auto &work, const auto &entry) {
    for (const Device device : Device::all()) {
      out.poison();
      At<T> at(device);
      work(device.backend().primitives(T{}), at);
      at.bring_back(out);
      EXPECT_EQ(out.difference(tolerance, entry), "")
          << device.name() << " " << to_string(Shape{out.view.rows, out.view.cols}) << " x" << out.view.count;
    }
  }
};

TYPED_TEST_SUITE(Primitive, Reals);

template <class T> constexpr double ulp = std::numeric_limits<T>::epsilon();

TYPED_TEST(Primitive, ComparisonSeesWhatIsNotWrittenAndWhatIsWrittenBeside) {
  Batched<TypeParam> x(3, 2, 2, true, 1);
  const auto zero = [](Index, Index, Index) { return 0.0; };
  x.poison();
  EXPECT_NE(x.difference(1e9, zero), "");
  Device::reference().backend().primitives(TypeParam{}).fill(0, x.view);
  EXPECT_EQ(x.difference(0, zero), "");
  x.view[1].data()[-1] = 0;
  EXPECT_NE(x.difference(0, zero), "");
}

TYPED_TEST(Primitive, MovesEntriesExactly) {
  using T = TypeParam;
  for (const auto [m, n, count] : sizes)
    for (const bool strided : {false, true}) {
      const Batched<T> x(m, n, count, strided, 1);
      Batched<T> same(m, n, count, strided, 2), flipped(n, m, count, strided, 3);
      this->expect(
          same, 0, [&](auto &p, auto &at) { p.copy(at(x), at(same)); },
          [&](Index b, Index i, Index j) { return x.view[b](i, j); });
      this->expect(
          flipped, 0, [&](auto &p, auto &at) { p.transpose(at(x), at(flipped)); },
          [&](Index b, Index i, Index j) { return x.view[b](j, i); });
      this->expect(
          same, 0, [&](auto &p, auto &at) { p.fill(T(2.5), at(same)); }, [](Index, Index, Index) { return 2.5; });
      if (count == 1)
        this->expect(
            same, 0, [&](auto &p, auto &at) { p.unit_columns(2, at(same)[0]); },
            [](Index, Index i, Index j) { return double(i == j + 2); });
    }
}

/// Whole runs and tiles of 16 bytes and sizes one more, few items and many small ones.
TYPED_TEST(Primitive, TransposesExactlyWhateverTheAlignment) {
  using T = TypeParam;
  constexpr Sizes shapes[] = {{4, 4, 1},    {8, 12, 3},   {16, 16, 9}, {20, 44, 1},   {64, 64, 2},
                              {68, 132, 2}, {132, 4, 3},  {33, 64, 1}, {256, 512, 1}, {7, 7, 100},
                              {2, 6, 40},   {300, 20, 1}, {1, 9, 3}};
  for (const auto [m, n, count] : shapes)
    for (const Lies lies : {Lies::packed, Lies::strided, Lies::in_runs}) {
      const Batched<T> x(m, n, count, lies, 1);
      Batched<T> y(n, m, count, lies, 2);
      this->expect(
          y, 0, [&](auto &p, auto &at) { p.transpose(at(x), at(y)); },
          [&](Index b, Index i, Index j) { return x.view[b](j, i); });
    }
}

TYPED_TEST(Primitive, TransposesSquaresInPlace) {
  using T = TypeParam;
  for (const Index n : {0, 1, 2, 4, 7, 31, 32, 33, 64, 67, 132, 260})
    for (const Lies lies : {Lies::packed, Lies::strided, Lies::in_runs}) {
      const Batched<T> x(n, n, 2, lies, 1);
      Batched<T> y(n, n, 2, lies, 2);
      this->expect(
          y, 0, [&](auto &p, auto &at) { p.copy(at(x), at(y)), p.transpose(at(y), at(y)); },
          [&](Index b, Index i, Index j) { return x.view[b](j, i); });
    }
}

TYPED_TEST(Primitive, PermutesColumns) {
  using T = TypeParam;
  for (const Shape shape : {Shape{1, 1}, {1, 5}, {5, 1}, {3, 4}, {7, 2}, {0, 3}, {17, 9}})
    for (const Index k : {0, 1, 3, 33})
      for (const bool strided : {false, true}) {
        const Index m = shape.rows, n = shape.cols;
        const Batched<T> x(k, m * n, 2, strided, 1);
        Batched<T> y(k, m * n, 2, strided, 2);
        this->expect(
            y, 0, [&](auto &p, auto &at) { p.commute_columns(m, n, at(x), at(y)); },
            [&](Index b, Index r, Index c) { return x.view[b](r, c / m + c % m * n); });
      }
}

TYPED_TEST(Primitive, SelectsTriangles) {
  using T = TypeParam;
  for (const Index n : {0, 1, 2, 5, 33})
    for (const bool strided : {false, true}) {
      const Index entries = n * (n + 1) / 2;
      const Batched<T> x(n, n, 3, strided, 1), v(entries, 1, 3, strided, 2);
      Batched<T> h(entries, 1, 3, strided, 3), y(n, n, 3, strided, 4);
      std::vector<std::pair<Index, Index>> places;
      Matrix<double> position(n, n);
      for (Index j = 0; j < n; ++j)
        for (Index i = j; i < n; ++i)
          position(i, j) = double(places.size()), places.emplace_back(i, j);
      this->expect(
          h, 0, [&](auto &p, auto &at) { p.pack_triangle({}, 1, 0, at(x), at(h)); },
          [&](Index b, Index k, Index) {
            return x.view[b](places[static_cast<std::size_t>(k)].first, places[static_cast<std::size_t>(k)].second);
          });
      this->expect(
          y, 0, [&](auto &p, auto &at) { p.unpack_triangle({}, 1, 0, at(v), at(y)); },
          [&](Index b, Index i, Index j) { return i < j ? T(0) : v.view[b](Index(position(i, j)), 0); });
    }
}

/// The largest entry, so that exp(x − y) does not overflow; 0 in place of an infinity, which would make ∞ − ∞.
TYPED_TEST(Primitive, ShiftsByTheLargestOfEachColumn) {
  using T = TypeParam;
  for (const Sizes size : sizes) {
    const Index m = size.m, n = size.n, count = size.count;
    Batched<T> x(m, n, count, true, 1), y(1, n, count, true, 2);
    if (m > 1 && n > 1 && count > 0) x.view[count - 1](m - 1, n - 1) = std::numeric_limits<T>::infinity();
    this->expect(
        y, 0, [&](auto &p, auto &at) { p.column_shift(at(x), at(y)); },
        [&](Index b, Index, Index j) {
          double largest = -std::numeric_limits<double>::infinity();
          for (Index i = 0; i < m; ++i)
            largest = std::max(largest, double(x.view[b](i, j)));
          return std::isinf(largest) ? 0 : largest;
        });
  }
  Matrix<T> x(3, 2);
  x(1, 1) = std::numeric_limits<T>::quiet_NaN();
  for (const Device device : Device::all()) {
    const Matrix<T> there = x.to(device);
    Matrix<T> y(1, 2, device);
    device.backend().primitives(T{}).column_shift(BatchView<const T>(there.view()), y.view());
    const Matrix<T> here = on_host(std::move(y));
    EXPECT_EQ(here(0, 0), 0) << device.name();
    EXPECT_TRUE(std::isnan(here(0, 1))) << device.name();
  }
}

/// Diag(a)·B, A·Diag(b) and all other broadcasts of one row or one column.
TYPED_TEST(Primitive, BroadcastsRowsAndColumns) {
  using T = TypeParam;
  for (const auto [m, n, count] : sizes)
    for (const bool strided : {false, true})
      for (const bool shared : {false, true}) {
        const Index items = shared ? 1 : count;
        const Batched<T> column(m, 1, items, strided, 1), row(1, n, items, strided, 2), b(m, n, count, strided, 3);
        Batched<T> c(m, n, count, strided, 4);
        this->expect(
            c, 2 * ulp<T>, [&](auto &p, auto &at) { p.binary(Binary::multiply, at(column), at(b), at(c)); },
            [&](Index t, Index i, Index j) { return double(column.view[t](i, 0)) * double(b.view[t](i, j)); });
        this->expect(
            c, 2 * ulp<T>, [&](auto &p, auto &at) { p.binary(Binary::divide, at(b), at(row), at(c)); },
            [&](Index t, Index i, Index j) { return double(b.view[t](i, j)) / double(row.view[t](0, j)); });
        this->expect(
            c, 4 * ulp<T>, [&](auto &p, auto &at) { p.add(T(2), at(column), T(-1), at(row), at(c)); },
            [&](Index t, Index i, Index j) { return 2 * double(column.view[t](i, 0)) - double(row.view[t](0, j)); });
        this->expect(
            c, 0, [&](auto &p, auto &at) { p.elementwise(Function::abs, T(0), at(row), at(c)); },
            [&](Index t, Index, Index j) { return std::abs(double(row.view[t](0, j))); });
      }
}

/// u = a·b and v = (2u − 1) / c + s. Both are results; u overwrites an input.
TYPED_TEST(Primitive, ChainsLinks) {
  using T = TypeParam;
  using Kind = typename Link<T>::Kind;
  Chain<T> chain{.inputs = 4, .links = 4, .outputs = 2};
  chain.link[0] = {.kind = Kind::binary, .op = Binary::multiply, .a = 0, .b = 1};
  chain.link[1] = {.kind = Kind::affine, .a = 4, .b = 4, .alpha = 2, .beta = -1};
  chain.link[2] = {.kind = Kind::binary, .op = Binary::divide, .a = 5, .b = 2};
  chain.link[3] = {.kind = Kind::add, .a = 6, .b = 3, .alpha = 1, .beta = 1};
  chain.output[0] = 7, chain.output[1] = 4;
  for (const auto [m, n, count] : sizes)
    for (const bool strided : {false, true}) {
      const Batched<T> a(m, n, count, strided, 1), b(m, n, 1, strided, 2), c(1, n, count, strided, 3),
          s(1, 1, 1, strided, 4);
      Batched<T> u(m, n, count, strided, 5), v(m, n, count, strided, 6);
      const auto product = [&](Index t, Index i, Index j) {
        return double(T(double(a.view[t](i, j)) * double(b.view[0](i, j))));
      };
      const auto apply = [&](auto &p, auto &at) {
        p.copy(at(a), at(u));
        const BatchView<const T> inputs[] = {at(u), at(b), at(c), at(s)};
        const BatchView<T> results[] = {at(v), at(u)};
        p.chain(chain, inputs, results);
      };
      this->expect(u, 2 * ulp<T>, apply, product);
      this->expect(v, 64 * ulp<T>, apply, [&](Index t, Index i, Index j) {
        return (2 * product(t, i, j) - 1) / double(c.view[t](0, j)) + double(s.view[0](0, 0));
      });
    }
}

TYPED_TEST(Primitive, Multiplies) {
  using T = TypeParam;
  for (const auto [m, n, count] : sizes)
    for (const Index k : {Index(0), Index(1), Index(5), Index(33)})
      for (const int variant : {0, 1, 2, 3, 4, 5, 6, 7, 8}) {
        const bool ta = variant & 1, tb = variant & 2, strided = variant & 4, shared = variant == 8;
        const Batched<T> a(ta ? k : m, ta ? m : k, shared ? 1 : count, strided, 1);
        const Batched<T> b(tb ? n : k, tb ? k : n, count, strided, 2);
        Batched<T> c(m, n, count, strided, 3);
        const Op oa = ta ? Op::transpose : Op::none, ob = tb ? Op::transpose : Op::none;
        this->expect(
            c, 8 * ulp<T> * double(k + 2), [&](auto &p, auto &at) { p.multiply(T(1.5), oa, at(a), ob, at(b), at(c)); },
            [&](Index t, Index i, Index j) {
              double total = 0;
              for (Index l = 0; l < k; ++l)
                total +=
                    double(ta ? a.view[t](l, i) : a.view[t](i, l)) * double(tb ? b.view[t](j, l) : b.view[t](l, j));
              return 1.5 * total;
            });
      }
}

TYPED_TEST(Primitive, CombinesEntriesAndBroadcastsScalars) {
  using T = TypeParam;
  for (const auto [m, n, count] : sizes)
    for (const bool strided : {false, true})
      for (const int scalar : {0, 1, 2, 3, 4}) { // none, a, b, a of every item, b of every item
        const bool sa = scalar == 1 || scalar == 3, sb = scalar == 2 || scalar == 4;
        const Batched<T> a(sa ? 1 : m, sa ? 1 : n, scalar == 1 ? 1 : count, strided, 1);
        const Batched<T> b(sb ? 1 : m, sb ? 1 : n, scalar == 2 ? 1 : count, strided, 2);
        Batched<T> c(m, n, count, strided, 3);
        const auto u = [&](Index t, Index i, Index j) { return double(sa ? a.view[t](0, 0) : a.view[t](i, j)); };
        const auto v = [&](Index t, Index i, Index j) { return double(sb ? b.view[t](0, 0) : b.view[t](i, j)); };
        this->expect(
            c, 4 * ulp<T>, [&](auto &p, auto &at) { p.add(T(2), at(a), T(-0.5), at(b), at(c)); },
            [&](Index t, Index i, Index j) { return 2 * u(t, i, j) - 0.5 * v(t, i, j); });
        this->expect(
            c, 2 * ulp<T>, [&](auto &p, auto &at) { p.binary(Binary::multiply, at(a), at(b), at(c)); },
            [&](Index t, Index i, Index j) { return u(t, i, j) * v(t, i, j); });
        this->expect(
            c, 2 * ulp<T>, [&](auto &p, auto &at) { p.binary(Binary::divide, at(a), at(b), at(c)); },
            [&](Index t, Index i, Index j) { return u(t, i, j) / v(t, i, j); });
      }
}

TYPED_TEST(Primitive, WritesOverAnOperandWhereItMay) {
  using T = TypeParam;
  const Batched<T> a(33, 5, 2, true, 1), b(33, 5, 2, true, 2);
  Batched<T> c(33, 5, 2, true, 3);
  const auto x = [&](Index t, Index i, Index j) { return double(a.view[t](i, j)); };
  const auto y = [&](Index t, Index i, Index j) { return double(b.view[t](i, j)); };
  const auto load = [&](const Primitives<T> &p, At<T> &at, const Batched<T> &from) { p.copy(at(from), at(c)); };
  this->expect(
      c, 4 * ulp<T>, [&](auto &p, auto &at) { load(p, at, a), p.add(T(2), at(c), T(-1), at(b), at(c)); },
      [&](Index t, Index i, Index j) { return 2 * x(t, i, j) - y(t, i, j); });
  this->expect(
      c, 4 * ulp<T>, [&](auto &p, auto &at) { load(p, at, b), p.add(T(2), at(a), T(-1), at(c), at(c)); },
      [&](Index t, Index i, Index j) { return 2 * x(t, i, j) - y(t, i, j); });
  this->expect(
      c, 2 * ulp<T>, [&](auto &p, auto &at) { load(p, at, b), p.binary(Binary::divide, at(a), at(c), at(c)); },
      [&](Index t, Index i, Index j) { return x(t, i, j) / y(t, i, j); });
  this->expect(
      c, 2 * ulp<T>, [&](auto &p, auto &at) { load(p, at, a), p.elementwise(Function::square, T(0), at(c), at(c)); },
      [&](Index t, Index i, Index j) { return x(t, i, j) * x(t, i, j); });
}

TYPED_TEST(Primitive, PowersOfEntries) {
  using T = TypeParam;
  for (const bool strided : {false, true}) {
    Batched<T> a(7, 5, 3, strided, 1), c(7, 5, 3, strided, 3);
    const Batched<T> b(1, 1, 1, strided, 2);
    for (Index t = 0; t < 3; ++t)
      for (Index j = 0; j < 5; ++j)
        for (Index i = 0; i < 7; ++i)
          a.view[t](i, j) = std::abs(a.view[t](i, j));
    this->expect(
        c, 8 * ulp<T>, [&](auto &p, auto &at) { p.binary(Binary::power, at(a), at(b), at(c)); },
        [&](Index t, Index i, Index j) { return std::pow(double(a.view[t](i, j)), double(b.view[0](0, 0))); });
  }
}

/// 0·b = 0 and 0/b = 0, whatever b is; otherwise a product or a quotient.
TYPED_TEST(Primitive, ProductsAndQuotientsOrZero) {
  using T = TypeParam;
  using limits = std::numeric_limits<T>;
  const std::vector<T> special{0,
                               T(-0.0),
                               1,
                               -2,
                               limits::infinity(),
                               -limits::infinity(),
                               limits::quiet_NaN(),
                               limits::denorm_min(),
                               limits::max()};
  const auto n = static_cast<Index>(special.size());
  Matrix<T> a(n * n, 1), b(n * n, 1);
  for (Index k = 0; k < n * n; ++k)
    a(k, 0) = special[static_cast<std::size_t>(k / n)], b(k, 0) = special[static_cast<std::size_t>(k % n)];
  for (const Device device : Device::all()) {
    const Matrix<T> u = a.to(device), v = b.to(device);
    Matrix<T> products(n * n, 1, device), quotients(n * n, 1, device);
    const auto &p = device.backend().primitives(T{});
    p.binary(Binary::multiply_or_zero, BatchView<const T>(u.view()), BatchView<const T>(v.view()), products.view());
    p.binary(Binary::divide_or_zero, BatchView<const T>(u.view()), BatchView<const T>(v.view()), quotients.view());
    const Matrix<T> product = products.to(Device::cpu()), quotient = quotients.to(Device::cpu());
    const auto same = [](T x, T y) { return std::isnan(y) ? std::isnan(x) : x == y; };
    for (Index k = 0; k < n * n; ++k) {
      const bool zero = a(k, 0) == 0;
      EXPECT_TRUE(same(product(k, 0), zero ? T(0) : a(k, 0) * b(k, 0))) << device.name() << ", " << k;
      EXPECT_TRUE(same(quotient(k, 0), zero ? T(0) : a(k, 0) / b(k, 0))) << device.name() << ", " << k;
    }
  }
}

/// √Σx² where squares overflow or underflow, alone and beside ordinary entries, in one block and in many.
TYPED_TEST(Primitive, NormsWithoutOverflow) {
  using T = TypeParam;
  using limits = std::numeric_limits<T>;
  const T huge = std::ldexp(T(1), limits::max_exponent - 10), tiny = limits::denorm_min() * 64;
  for (const T value : {T(1), T(-3), huge, tiny, std::sqrt(limits::min()), limits::min(), std::sqrt(limits::max())})
    for (const Index rows : {1, 3, 257, 70000}) {
      Batched<T> x(rows, 2, 2, true, 1), y(1, 1, 2, true, 2);
      for (Index t = 0; t < 2; ++t)
        for (Index j = 0; j < 2; ++j)
          for (Index i = 0; i < rows; ++i)
            x.view[t](i, j) = t == 0 || i == 0 ? value : T(0);
      this->expect(
          y, 4 * ulp<T>, [&](auto &p, auto &at) { p.norm2(at(x), at(y)); },
          [&](Index t, Index, Index) {
            const long double squares = static_cast<long double>(value) * static_cast<long double>(value);
            return static_cast<double>(std::sqrt(squares * static_cast<long double>(t == 0 ? 2 * rows : 2)));
          });
    }
  const T infinity = limits::infinity(), nan = limits::quiet_NaN();
  struct Special {
    std::vector<T> entries;
    T norm;
  };
  for (const Special &special : {Special{{huge, 1, tiny}, huge},
                                 {{3, 4, tiny}, 5},
                                 {{infinity, 1, 2}, infinity},
                                 {{nan, 1, 2}, nan},
                                 {{infinity, nan, huge}, nan},
                                 {{huge, nan, 1}, nan},
                                 {{tiny, nan, 0}, nan},
                                 {{0, 0, T(-0.0)}, 0},
                                 {{}, 0}})
    for (const Device device : Device::all()) {
      Matrix<T> x(static_cast<Index>(special.entries.size()), 1);
      std::copy(special.entries.begin(), special.entries.end(), x.data());
      const Matrix<T> there = x.to(device);
      Matrix<T> y(1, 1, device);
      device.backend().primitives(T{}).norm2(BatchView<const T>(there.view()), y.view());
      const T norm = y.to(Device::cpu())(0, 0);
      if (std::isnan(special.norm))
        EXPECT_TRUE(std::isnan(norm)) << device.name();
      else
        EXPECT_EQ(norm, special.norm) << device.name();
    }
}

TYPED_TEST(Primitive, TakesInnerProducts) {
  using T = TypeParam;
  for (const Sizes size : sizes) {
    const Index m = size.m, n = size.n, count = size.count;
    const Batched<T> a(m, n, 1, true, 1), b(m, n, count, true, 2);
    Batched<T> y(1, 1, count, true, 3);
    this->expect(
        y, 16 * ulp<T> * double(m * n + 1), [&](auto &p, auto &at) { p.inner(at(a), at(b), at(y)); },
        [&](Index t, Index, Index) {
          double total = 0;
          for (Index j = 0; j < n; ++j)
            for (Index i = 0; i < m; ++i)
              total += double(a.view[0](i, j)) * double(b.view[t](i, j));
          return total;
        });
  }
}

/// Long enough to be summed in pieces by several blocks of threads.
TYPED_TEST(Primitive, TakesLongInnerProducts) {
  using T = TypeParam;
  for (const bool strided : {false, true})
    for (const Index count : {1, 3}) {
      const Batched<T> a(257, 259, 1, strided, 1), b(257, 259, count, strided, 2);
      Batched<T> y(1, 1, count, strided, 3);
      this->expect(
          y, 1e5 * ulp<T>, [&](auto &p, auto &at) { p.inner(at(a), at(b), at(y)); },
          [&](Index t, Index, Index) {
            double total = 0;
            for (Index j = 0; j < 259; ++j)
              for (Index i = 0; i < 257; ++i)
                total += double(a.view[0](i, j)) * double(b.view[t](i, j));
            return total;
          });
    }
}

TYPED_TEST(Primitive, Inverts) {
  using T = TypeParam;
  for (const Index n : {0, 1, 2, 7, 33}) {
    Batched<T> x(n, n, 2, true, 1), y(n, n, 2, true, 2);
    for (Index b = 0; b < 2; ++b)
      for (Index i = 0; i < n; ++i)
        x.view[b](i, i) += T(3) + T(n);
    for (const Device device : Device::all()) {
      At<T> at(device);
      device.backend().primitives(T{}).inverse(at(x), at(y));
      at.bring_back(y);
      for (Index b = 0; b < 2; ++b)
        for (Index j = 0; j < n; ++j)
          for (Index i = 0; i < n; ++i) {
            double total = 0;
            for (Index k = 0; k < n; ++k)
              total += double(x.view[b](i, k)) * double(y.view[b](k, j));
            ASSERT_NEAR(total, double(i == j), 64 * ulp<T> * double(n));
          }
    }
  }
}

/// Batches of strided, diagonally dominant matrices, and the properties of their factors.
TYPED_TEST(Primitive, FactorsSolvesAndTakesDeterminants) {
  using T = TypeParam;
  for (const Index n : {0, 1, 2, 7, 33})
    for (const Index columns : {0, 1, 5}) {
      Batched<T> x(n, n, 3, true, 1), f(n, n + 3, 3, true, 2), y(n, columns, 3, true, 4), det(1, 1, 3, true, 5);
      const Batched<T> b(n, columns, 3, true, 3);
      for (Index t = 0; t < 3; ++t)
        for (Index i = 0; i < n; ++i)
          x.view[t](i, i) += T(i % 2 ? -3 : 3) - T(n);
      for (const Device device : Device::all()) {
        SCOPED_TRACE(device.name() + ", " + std::to_string(n));
        At<T> at(device);
        const auto &p = device.backend().primitives(T{});
        p.lu(at(x), true, at(f));
        for (const Op op : {Op::none, Op::transpose}) {
          p.lu_solve(op, at(f), at(b), at(y));
          at.bring_back(y);
          for (Index t = 0; t < 3; ++t)
            for (Index j = 0; j < columns; ++j)
              for (Index i = 0; i < n; ++i) {
                double total = 0;
                for (Index k = 0; k < n; ++k)
                  total += double(op == Op::none ? x.view[t](i, k) : x.view[t](k, i)) * double(y.view[t](k, j));
                ASSERT_NEAR(total, double(b.view[t](i, j)), 64 * ulp<T> * double(n + 1));
              }
        }
        for (const Determinant form : {Determinant::value, Determinant::log_absolute, Determinant::sign}) {
          p.determinant(form, at(f), at(det));
          at.bring_back(det);
          for (Index t = 0; t < 3; ++t) {
            const double exact = determinant(tabulate(n, n, [&](Index i, Index j) { return double(x.view[t](i, j)); }));
            if (form == Determinant::sign) {
              EXPECT_EQ(det.view[t](0, 0), exact < 0 ? -1 : 1);
            } else if (form == Determinant::log_absolute) {
              EXPECT_NEAR(double(det.view[t](0, 0)), std::log(std::abs(exact)), 64 * ulp<T> * double(n + 1));
            } else if (std::isfinite(exact) && std::abs(exact) < double(std::numeric_limits<T>::max())) {
              EXPECT_NEAR(double(det.view[t](0, 0)) / exact, 1, 64 * ulp<T> * double(n + 1));
            }
          }
        }
      }
    }
}

/// Diagonal matrices whose partial products leave the range of T: det = ±2ᵏ with a known k.
TYPED_TEST(Primitive, DeterminantsBeyondTheRange) {
  using T = TypeParam;
  using limits = std::numeric_limits<T>;
  const int most = limits::max_exponent - 24;
  const std::vector<std::vector<int>> exponents{
      {most, most, -most, -most}, {-most, -most, most, most}, {most, most, most, 0}, {-most, -most, -most, 0}};
  for (const auto &of : exponents) {
    Batched<T> x(4, 4, 1, true, 1), f(4, 7, 1, true, 2), det(1, 1, 1, true, 3);
    for (Index j = 0; j < 4; ++j)
      for (Index i = 0; i < 4; ++i)
        x.view[0](i, j) = i == j ? std::ldexp(j == 1 ? T(-1) : T(1), of[static_cast<std::size_t>(j)]) : T(0);
    const int exponent = of[0] + of[1] + of[2] + of[3];
    for (const Device device : Device::all()) {
      At<T> at(device);
      const auto &p = device.backend().primitives(T{});
      const auto found = [&](Determinant form) {
        p.determinant(form, at(f), at(det));
        at.bring_back(det);
        return det.view[0](0, 0);
      };
      p.lu(at(x), true, at(f));
      EXPECT_EQ(found(Determinant::value), std::ldexp(T(-1), exponent)) << device.name();
      EXPECT_EQ(found(Determinant::sign), -1) << device.name();
      EXPECT_NEAR(double(found(Determinant::log_absolute)), exponent * std::log(2.0), 16 * most * ulp<T>);
    }
  }
}

/// The derivative of adj in direction E from its factors, against differences of adj, which for a 2×2 matrix are exact
/// and for a 3×3 matrix are quadratic in the step.
TYPED_TEST(Primitive, DerivativesOfAdjugatesAtAnyRank) {
  using T = TypeParam;
  const Matrix<double> rank_two{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}, rank_one{{1, 2, -1}, {2, 4, -2}, {-3, -6, 3}};
  const Matrix<double> zero(3, 3), regular{{2, 1, 0}, {-1, 3, 1}, {0.5, 0, -2}}, e{{0, 1, 2}, {-1, 0.5, 3}, {1, -2, 1}};
  const auto cofactor = [](const Matrix<double> &a, Index i, Index j) { // cyclic indices make the sign
    const auto at = [&](Index r, Index c) { return a((i + r) % 3, (j + c) % 3); };
    return at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1);
  };
  for (const Matrix<double> *x : {&rank_two, &rank_one, &zero, &regular}) {
    const auto moved = [&](double t) {
      return tabulate(3, 3, [&](Index i, Index j) { return (*x)(i, j) + t * e(i, j); });
    };
    const Matrix<double> above = moved(1), below = moved(-1);
    for (const Device device : Device::all()) {
      Batched<T> at_x(3, 3, 1, true, 1), factors(3, 9, 1, true, 2);
      for (Index j = 0; j < 3; ++j)
        for (Index i = 0; i < 3; ++i)
          at_x.view[0](i, j) = static_cast<T>((*x)(i, j));
      At<T> at(device);
      device.backend().primitives(T{}).adjugate_factors(at(at_x), at(factors));
      at.bring_back(factors);
      const auto part = [&](Index which) {
        return tabulate(3, 3, [&](Index i, Index j) { return double(factors.view[0](i, 3 * which + j)); });
      };
      const Matrix<double> v = part(0), u = part(1), p = part(2);
      const Matrix<double> m = product(product(transposed(u), e), v);
      const Matrix<double> inner = tabulate(3, 3, [&](Index i, Index j) {
        double diagonal = 0;
        for (Index k = 0; k < 3; ++k)
          diagonal += p(i, k) * m(k, k);
        return (i == j ? diagonal : 0) - p(i, j) * m(i, j);
      });
      const Matrix<double> derivative = product(product(v, inner), transposed(u));
      for (Index j = 0; j < 3; ++j)
        for (Index i = 0; i < 3; ++i)
          EXPECT_NEAR(derivative(i, j), (cofactor(above, j, i) - cofactor(below, j, i)) / 2, 1000 * ulp<T>)
              << device.name();
    }
  }
}

TYPED_TEST(Primitive, ExponentialsCholeskyFactorsAdjugates) {
  using T = TypeParam;
  for (const Index n : {0, 1, 2, 7, 20}) {
    Batched<T> x(n, n, 2, true, 1), spd(n, n, 2, true, 2), y(n, n, 2, true, 3);
    for (Index t = 0; t < 2; ++t)
      for (Index j = 0; j < n; ++j)
        for (Index i = 0; i < n; ++i)
          spd.view[t](i, j) = T(i == j ? n + 2 : 1) + (i > j ? x.view[t](i, j) : i < j ? x.view[t](j, i) : T(0)) / T(4);
    const auto expect_near_reference = [&](const char *what, Batched<T> &of, auto call, double tolerance) {
      Batched<T> expected(n, n, 2, true, 4);
      call(Device::reference().backend().primitives(T{}), of.view, expected.view);
      double size = 1;
      for (Index t = 0; t < 2; ++t)
        for (Index j = 0; j < n; ++j)
          for (Index i = 0; i < n; ++i)
            size = std::max(size, std::abs(double(expected.view[t](i, j))));
      for (const Device device : Device::all()) {
        At<T> at(device);
        call(device.backend().primitives(T{}), at(of), at(y));
        at.bring_back(y);
        for (Index t = 0; t < 2; ++t)
          for (Index j = 0; j < n; ++j)
            for (Index i = 0; i < n; ++i)
              ASSERT_NEAR(double(y.view[t](i, j)), double(expected.view[t](i, j)), tolerance * size)
                  << what << " on " << device.name();
      }
    };
    const double rounding = 256 * ulp<T> * double(n + 1);
    expect_near_reference(
        "expm", x, [](auto &p, auto from, auto to) { p.expm(from, to); }, rounding);
    expect_near_reference(
        "cholesky", spd, [](auto &p, auto from, auto to) { p.cholesky(from, to); }, rounding);
    expect_near_reference(
        "adjugate", x, [](auto &p, auto from, auto to) { p.adjugate(from, to); }, rounding);
  }
}

TYPED_TEST(Primitive, RefusesSingularMatrices) {
  using T = TypeParam;
  Matrix<T> x{{2, 4, 1}, {1, 2, 3}, {4, 8, 5}}, zero(3, 3); // elimination is exact: no rounding hides the zero pivot
  for (const Device device : Device::all())
    for (const Matrix<T> *singular : {&x, &zero}) {
      Matrix<T> there = singular->to(device), y(3, 3, device);
      EXPECT_THROW(device.backend().primitives(T{}).inverse(there.view(), y.view()), DomainError) << device.name();
      Matrix<T> factors(3, 6, device);
      EXPECT_THROW(device.backend().primitives(T{}).lu(there.view(), true, factors.view()), DomainError)
          << device.name();
      EXPECT_NO_THROW(device.backend().primitives(T{}).lu(there.view(), false, factors.view())) << device.name();
      EXPECT_THROW(device.backend().primitives(T{}).cholesky(there.view(), y.view()), DomainError) << device.name();
    }
}

/// A matrix of any condition has an inverse if its pivots are not zero. An infinite entry is refused.
TYPED_TEST(Primitive, InvertsBadlyScaledMatrices) {
  using T = TypeParam;
  const T large = std::ldexp(T(1), 60);
  const Matrix<T> x{{1 / large, 0}, {0, large}};
  const Matrix<T> infinite{{std::numeric_limits<T>::infinity(), 0}, {0, 1}};
  for (const Device device : Device::all()) {
    const Matrix<T> there = x.to(device), bad = infinite.to(device);
    Matrix<T> y(2, 2, device), f(2, 5, device);
    const auto &p = device.backend().primitives(T{});
    p.inverse(BatchView<const T>(there.view()), y.view());
    EXPECT_NO_THROW(p.lu(BatchView<const T>(there.view()), true, f.view())) << device.name();
    const Matrix<T> here = y.to(Device::cpu());
    EXPECT_EQ(here(0, 0), large) << device.name();
    EXPECT_EQ(here(1, 1), 1 / large) << device.name();
    EXPECT_THROW(p.inverse(BatchView<const T>(bad.view()), y.view()), DomainError) << device.name();
    EXPECT_THROW(p.lu(BatchView<const T>(bad.view()), true, f.view()), DomainError) << device.name();
  }
}

TYPED_TEST(Primitive, InverseOfNaNIsNaN) {
  using T = TypeParam;
  Matrix<T> x = Matrix<T>::random(3, 3, 1);
  x(1, 2) = std::numeric_limits<T>::quiet_NaN();
  for (const Device device : Device::all()) {
    Matrix<T> there = x.to(device), inverse(3, 3, device);
    device.backend().primitives(T{}).inverse(BatchView<T>(there.view()), inverse.view());
    const Matrix<T> y = inverse.to(Device::cpu());
    for (Index i = 0; i < 9; ++i)
      EXPECT_TRUE(std::isnan(y.data()[i])) << device.name();
  }
}

/// A dimension beyond 32 bits exceeds BLAS's limit. Nothing is read or written, so no memory of that size is needed.
TYPED_TEST(Primitive, ErrorsOfOneThreadReachTheCaller) {
  using T = TypeParam;
  Matrix<T> x(4, 4);
  const Index huge = Index(1) << 32, many = 16;
  const BatchView<const T> a(x.data(), 1, 1, huge, many, 1), b(x.data(), 1, 70000, huge, many, 0);
  const BatchView<T> c(x.data(), 1, 70000, 1, many, 0);
  EXPECT_THROW(Device::cpu().backend().primitives(T{}).multiply(1, Op::none, a, Op::none, b, c), ShapeError);
}

/// σ(x) in long double, correct to the last bit of both precisions.
long double exact(Function f, long double x) {
  switch (f) {
  case Function::abs:
    return std::abs(x);
  case Function::sign:
    return x > 0 ? 1 : x < 0 ? -1 : x;
  case Function::step:
    return std::isnan(x) ? x : x > 0;
  case Function::relu:
    return x < 0 ? 0 : x;
  case Function::square:
    return x * x;
  case Function::sqrt:
    return std::sqrt(x);
  case Function::cbrt:
    return std::cbrt(x);
  case Function::reciprocal:
    return 1 / x;
  case Function::pow:
    return std::pow(x, 2.5L);
  case Function::exp:
    return std::exp(x);
  case Function::expm1:
    return std::expm1(x);
  case Function::log:
    return std::log(x);
  case Function::log1p:
    return std::log1p(x);
  case Function::sin:
    return std::sin(x);
  case Function::cos:
    return std::cos(x);
  case Function::tan:
    return std::tan(x);
  case Function::asin:
    return std::asin(x);
  case Function::acos:
    return std::acos(x);
  case Function::atan:
    return std::atan(x);
  case Function::sinh:
    return std::sinh(x);
  case Function::cosh:
    return std::cosh(x);
  case Function::tanh:
    return std::tanh(x);
  case Function::sech:
    return 1 / std::cosh(x);
  case Function::sigmoid:
    return 1 / (1 + std::exp(-x));
  case Function::softplus:
    return x > 11000 ? x : std::log1p(std::exp(x));
  case Function::erf:
    return std::erf(x);
  }
  return 0;
}

/// Ordinary points, both sides of every range that a vector form has, and all special values of IEEE 754.
template <class T> Matrix<T> points() {
  using limits = std::numeric_limits<T>;
  std::vector<double> x{0,
                        -0.0,
                        1,
                        -1,
                        1000,
                        -1000,
                        0.5,
                        -0.5,
                        30,
                        -30,
                        85,
                        -85,
                        88.7,
                        89,
                        -104,
                        700,
                        705,
                        709.7,
                        709.79,
                        -745,
                        -746,
                        39000,
                        39001,
                        1e10,
                        1e-9,
                        1e-3,
                        -1e-3,
                        1e-5,
                        1e300,
                        1e38,
                        limits::infinity(),
                        -limits::infinity(),
                        limits::quiet_NaN(),
                        limits::denorm_min(),
                        limits::min(),
                        limits::max(),
                        limits::lowest()};
  for (int i = -60; i <= 60; ++i)
    x.push_back(i / 7.0 + 0.01);
  for (int i = -40; i <= 40; ++i)
    x.push_back(i / 40.0);
  Matrix<T> m(static_cast<Index>(x.size()), 1);
  for (std::size_t i = 0; i < x.size(); ++i)
    m.data()[i] = static_cast<T>(x[i]);
  return m;
}

/// Highway's largest error is 4 units in the last place; two errors can add up to 8.
TYPED_TEST(Primitive, ElementwiseFunctionsAreAccurateEverywhere) {
  using T = TypeParam;
  const Matrix<T> x = points<T>();
  for (const Device device : Device::all())
    for (const Function f : all_functions()) {
      Matrix<T> there = x.to(device);
      device.backend().primitives(T{}).elementwise(f, T(2.5), BatchView<T>(there.view()), there.view());
      const Matrix<T> y = there.to(Device::cpu());
      for (Index i = 0; i < x.rows(); ++i) {
        const T wanted = static_cast<T>(exact(f, x(i, 0)));
        const double error = std::abs(double(y(i, 0)) - double(wanted));
        const double bound = 8 * ulp<T> * std::abs(double(wanted)) + std::numeric_limits<T>::denorm_min();
        EXPECT_TRUE(y(i, 0) == wanted || (std::isnan(y(i, 0)) && std::isnan(wanted)) || error <= bound)
            << device.name() << ": " << name(f) << "(" << x(i, 0) << ") is " << y(i, 0) << ", not " << wanted;
      }
    }
}

} // namespace
} // namespace kronvec::testing

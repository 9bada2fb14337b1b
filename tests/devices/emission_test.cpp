/// Emissions on every device compared with the reference, on difficult maps and shapes.

#include "tests/devices/cpu/limits.hpp"
#include "tests/devices/product.hpp"
#include "tests/testing.hpp"

#include "devices/backend.hpp"

#include <fmt/format.h>
#include <functional>
#include <limits>
#include <numeric>
#include <random>

namespace kronvec::testing {
namespace {

/// A device that runs an emission, and its limits.
template <class T> struct Maker {
  Device device;
  std::string name;
  std::function<std::unique_ptr<Emitter<T>>(const Emission &)> make;
};

template <class T> Maker<T> plain(Device device) {
  return {device, device.name(), [device](const Emission &e) { return device.backend().primitives(T{}).emitter(e); }};
}

/// The devices, and the CPU with limits at which small emissions take the paths of large ones.
template <class T> std::vector<Maker<T>> makers() {
  const cpu::Limits no_tables{.streaming = 0,
                              .task = 300,
                              .chunk = 100,
                              .near = 1 << 20,
                              .slabs = 64,
                              .block = 600,
                              .tables = 0,
                              .short_column = 0};
  return {plain<T>(Device::cpu()),
          {Device::cpu(), "cpu, small", [=](const Emission &e) { return cpu::emitter<T>(e, small_limits); }},
          {Device::cpu(), "cpu, no tables", [=](const Emission &e) { return cpu::emitter<T>(e, no_tables); }}};
}

/// The layout of y, and its window of the result.
struct Window {
  Index first_row = 0, first_col = 0, rows = -1, cols = -1; ///< −1: all
  Index beyond = 0;                                         ///< ld − rows
  Index shift = 0;                                          ///< elements from a cache line
};

template <class T> class EmissionTest : public ::testing::Test {
protected:
  static constexpr double tolerance = std::is_same_v<T, double> ? 1e-13 : 2e-5;

  /// y's memory after a run on a device, with NaN where nothing was written.
  static Matrix<T> run(Device device, const Emitter<T> &emitter, const std::vector<Matrix<T>> &buffers,
                       const Window &w) {
    std::vector<Matrix<T>> there;
    std::vector<Buffer<T>> pointers;
    for (const Matrix<T> &b : buffers) {
      there.push_back(b.to(device));
      pointers.push_back(there.back().data());
    }
    const Index ld = w.rows + w.beyond;
    Matrix<T> memory(ld * w.cols + w.shift + 9, 1);
    std::fill_n(memory.data(), memory.rows(), std::numeric_limits<T>::quiet_NaN());
    Matrix<T> y = memory.to(device);
    emitter.run(pointers, w.first_row, w.first_col, MatrixView<T>(y.data() + w.shift, w.rows, w.cols, ld));
    return y.to(Device::cpu());
  }

  static bool same_bits(const Matrix<T> &a, const Matrix<T> &b) {
    for (Index i = 0; i < a.rows(); ++i)
      if (a.data()[i] != b.data()[i] && !(std::isnan(a.data()[i]) && std::isnan(b.data()[i]))) return false;
    return true;
  }

  static Matrix<T> run_whole(const Emission &e, const std::vector<Matrix<T>> &buffers) {
    const auto emitter = Device::reference().backend().primitives(T{}).emitter(e);
    return run(Device::reference(), *emitter, buffers, {.rows = e.rows.size, .cols = e.cols.size});
  }

  /// The window of the expected result, laid out like y's memory.
  static Matrix<T> cut(const Emission &e, const Matrix<T> &whole, const Window &w) {
    const Index ld = w.rows + w.beyond;
    Matrix<T> memory(ld * w.cols + w.shift + 9, 1);
    std::fill_n(memory.data(), memory.rows(), std::numeric_limits<T>::quiet_NaN());
    for (Index j = 0; j < w.cols; ++j)
      std::copy_n(whole.data() + w.first_row + (w.first_col + j) * e.rows.size, w.rows,
                  memory.data() + w.shift + j * ld);
    return memory;
  }

  static void expect(const Emission &emission, const std::vector<Matrix<T>> &buffers,
                     const std::vector<Window> &windows, const std::string &what, double slack = 1,
                     const std::vector<Maker<T>> &all = makers<T>()) {
    const Matrix<T> whole = run_whole(emission, buffers);
    for (const auto &[on, maker, make] : all) {
      const Device device = on;
      const auto emitter = make(emission);
      for (Window w : windows) {
        if (w.rows < 0) w.rows = emission.rows.size - w.first_row;
        if (w.cols < 0) w.cols = emission.cols.size - w.first_col;
        const auto by = [&](int threads) {
          return with_threads(threads, [&] { return run(device, *emitter, buffers, w); });
        };
        const Matrix<T> got = by(1);
        ASSERT_TRUE(near(got, cut(emission, whole, w), tolerance * slack))
            << maker << ": " << what
            << fmt::format(", window {}×{} at ({}, {}), ld +{}, shifted {}", w.rows, w.cols, w.first_row, w.first_col,
                           w.beyond, w.shift);
        ASSERT_TRUE(same_bits(got, by(2))) << maker << ", two threads: " << what;
      }
    }
  }

  /// Checks the whole result, misaligned, with ld > rows, and windows of it.
  static void expect_all_ways(const Emission &emission, const std::vector<Matrix<T>> &buffers, const std::string &what,
                              double slack = 1) {
    const Index m = emission.rows.size, n = emission.cols.size;
    const std::vector<Window> windows{{},
                                      {.shift = 3},
                                      {.beyond = 5, .shift = 1},
                                      {m / 3, n / 3, m - m / 3, n / 2, 0, 0},
                                      {m / 4, n / 5, m / 2, n - n / 5, 2, 1},
                                      {0, n / 2, m, n - n / 2, 0, 0},
                                      {m, n, 0, 0, 0, 0}};
    expect(emission, buffers, windows, what, slack);
  }

  static Matrix<T> values(Index size, std::uint64_t seed) {
    return cast<T>(Matrix<double>::random(std::max<Index>(size, 1), 1, seed));
  }
};

TYPED_TEST_SUITE(EmissionTest, Reals);

struct Shape4 {
  Index m, n, r, c;
};
const std::vector<Shape4> shapes{{1, 1, 1, 1},  {1, 7, 1, 5},   {7, 1, 5, 1},   {3, 5, 2, 4},  {0, 3, 2, 2},
                                 {3, 0, 2, 2},  {3, 2, 0, 2},   {13, 11, 7, 5}, {16, 4, 4, 4}, {61, 9, 3, 5},
                                 {65, 3, 4, 2}, {17, 33, 5, 3}, {3, 70, 10, 7}};

std::string name(const Shape4 &s) { return fmt::format("m {}, n {}, r {}, c {}", s.m, s.n, s.r, s.c); }

/// A[i,k]·E[k,j]·B[l,j], and a diagonal D[i,j] on it.
TYPED_TEST(EmissionTest, ChainsOfFactors) {
  using T = TypeParam;
  for (const auto &[m, n, r, c] : shapes) {
    std::vector<Matrix<T>> buffers;
    for (const Index size : {m * r, r * n, c * n, m * n})
      buffers.push_back(this->values(size, buffers.size()));
    // labels i, j, k, l
    const auto term = product({m, n, r, c}, {1, m, 0, 0}, {0, 0, 1, r},
                              {{0, {1, 0, m, 0}}, {1, {0, r, 1, 0}}, {2, {0, c, 0, 1}}}, 0.5);
    auto deeper = term;
    deeper.factors.push_back({3, {0, {1, m, 0, 0}}});
    const Axis rows = Axis::all(m * n), cols = Axis::all(r * c);
    this->expect_all_ways({rows, cols, {term}}, buffers, "rank 1, " + name({m, n, r, c}));
    this->expect_all_ways({rows, cols, {deeper}}, buffers, "two layers, " + name({m, n, r, c}));
    for (const std::size_t count : {2, 5, 8, 11}) {
      std::vector<Product> terms;
      for (std::size_t t = 0; t < count; ++t)
        terms.push_back(t % 2 ? deeper : term), terms.back().scale = 1 / double(t + 2);
      this->expect_all_ways({rows, cols, terms}, buffers, fmt::format("{} terms, ", count) + name({m, n, r, c}));
    }
  }
}

/// G[i,j,k]·B[l,j] and its transposes.
TYPED_TEST(EmissionTest, Slabs) {
  using T = TypeParam;
  for (const auto &[m, n, r, c] : shapes) {
    std::vector<Matrix<T>> buffers;
    for (const Index size : {m * n * r, c * n})
      buffers.push_back(this->values(size, buffers.size()));
    const Axis rows = Axis::all(m * n), cols = Axis::all(r * c);
    this->expect_all_ways(
        {rows, cols, {product({m, n, r, c}, {1, m, 0, 0}, {0, 0, 1, r}, {{0, {1, m, m * n, 0}}, {1, {0, c, 0, 1}}})}},
        buffers, "slab, " + name({m, n, r, c}));
    this->expect_all_ways(
        {rows, cols, {product({m, n, r, c}, {1, m, 0, 0}, {0, 0, 1, r}, {{0, {n * r, r, 1, 0}}, {1, {0, c, 0, 1}}})}},
        buffers, "turned slab, " + name({m, n, r, c}));
  }
}

/// Terms with identified labels, whose Jacobians are sparse: XᵀX, A ⊗ dX, dX ⊗ A, a diagonal added to a full term.
TYPED_TEST(EmissionTest, Identifications) {
  using T = TypeParam;
  for (const auto &[m, n, r, c] : shapes) {
    std::vector<Matrix<T>> buffers;
    for (const Index size : {m * n, r * c})
      buffers.push_back(this->values(size, buffers.size()));
    // i, j, k, l of XᵀX: row l + n·j with X at (k, j), row i + n·l with X at (k, i); columns k + m·l
    const auto left = product({n, m, n}, {n, 0, 1}, {0, 1, m}, {{0, {m, 1, 0}}}),
               right = product({n, m, n}, {1, 0, n}, {0, 1, m}, {{0, {m, 1, 0}}});
    this->expect_all_ways({Axis::all(n * n), Axis::all(m * n), {left, right}}, buffers, "XᵀX, " + name({m, n, r, c}));
    if (n > 0)
      this->expect_all_ways({Axis::lower(n), Axis::all(m * n), {left, right}}, buffers,
                            "vech XᵀX, " + name({m, n, r, c}));
    // A (r×c) ⊗ dX (m×n), labels a, b, k, l
    const auto kron = product({r, c, m, n}, {m, r * m * n, 1, r * m}, {0, 0, 1, m}, {{1, {1, r, 0, 0}}}),
               other = product({r, c, m, n}, {1, r * m, r, r * m * c}, {0, 0, 1, m}, {{1, {1, r, 0, 0}}});
    const Axis rows = Axis::all(m * n * r * c), cols = Axis::all(m * n);
    if (m * n * r * c * m * n < 1 << 17) {
      this->expect_all_ways({rows, cols, {kron}}, buffers, "A ⊗ dX, " + name({m, n, r, c}));
      this->expect_all_ways({rows, cols, {other}}, buffers, "dX ⊗ A, " + name({m, n, r, c}));
    }
    const auto full = product({n, n, m}, {1, 0, n}, {0, 1, n}, {{0, {m, 0, 1}}, {0, {0, m, 1}}}, -1),
               diagonal = product({n, m}, {1, n}, {1, n}, {{0, {m, 1}}});
    this->expect_all_ways({Axis::all(m * n), Axis::all(m * n), {full, diagonal}}, buffers,
                          "softmax, " + name({m, n, r, c}));
  }
}

/// Sums over labels of one, two and three factors, with few and many values.
TYPED_TEST(EmissionTest, Sums) {
  using T = TypeParam;
  for (const auto &[m, n, r, c] : shapes)
    for (const Index s : {0, 1, 3, 9, 37}) {
      if (m * n * r * c > 20000 && s > 9) continue;
      std::vector<Matrix<T>> buffers;
      for (const Index size : {m * r * s, s * c * n, m * s, s * n, s * r, m * n})
        buffers.push_back(this->values(size, buffers.size()));
      const Axis rows = Axis::all(m * n), cols = Axis::all(r * c);
      const std::string what = fmt::format("Σ over {}, ", s) + name({m, n, r, c});
      // labels i, j, k, l, q
      const auto two_sided = product({m, n, r, c, s}, {1, m, 0, 0, 0}, {0, 0, 1, r, 0},
                                     {{0, {1, 0, m * s, 0, m}}, {1, {0, s * c, 0, s, 1}}});
      auto with_epilogue = two_sided;
      with_epilogue.factors.push_back({5, {0, {1, m, 0, 0, 0}}});
      auto lone =
          product({m, n, r, c, s}, {1, m, 0, 0, 0}, {0, 0, 1, r, 0}, {{0, {1, 0, m * s, 0, m}}, {5, {1, m, 0, 0, 0}}});
      this->expect_all_ways({rows, cols, {two_sided}}, buffers, "two-sided, " + what, 40);
      this->expect({rows, cols, {with_epilogue, two_sided}}, buffers, {Window{}}, "two-sided with an epilogue, " + what,
                   40);
      this->expect({rows, cols, {lone, with_epilogue}}, buffers, {Window{}}, "one factor, " + what, 40);
      auto aside = two_sided; // with columns before and after the result's
      aside.col.offset = 2;
      this->expect_all_ways({rows, Axis::all(r * c + 5), {aside}}, buffers, "two-sided, aside, " + what, 40);
      // rows × 1: A[i,p]·E[p,j]·V[p,k]; labels i, j, k, p
      const auto small =
          product({m, n, r, s}, {1, m * r, m, 0}, {}, {{2, {1, 0, 0, m}}, {3, {0, s, 0, 1}}, {4, {0, 0, s, 1}}});
      this->expect_all_ways({Axis::all(m * n * r), Axis::all(1), {small}}, buffers, "three factors, " + what, 40);
      // batch: both factors of Σ_q P[i,q,k]·Q[q,i] have the label of the runs
      const auto batch = product({m, r, s}, {1, 0, 0}, {0, 1, 0}, {{0, {1, m * s, m}}, {2, {1, 0, m}}});
      this->expect_all_ways({Axis::all(m), Axis::all(r), {batch}}, buffers, "batch, " + what, 40);
      const auto inner = product({m, s}, {}, {}, {{2, {1, m}}, {2, {1, m}}});
      this->expect({Axis::all(1), Axis::all(1), {inner}}, buffers, {Window{}}, "inner product, " + what, 40);
    }
}

/// Entries whose row or column is not on an axis are not computed.
TYPED_TEST(EmissionTest, EntriesBesideTheResult) {
  using T = TypeParam;
  const Index m = 19, n = 12, r = 7;
  std::vector<Matrix<T>> buffers;
  for (int i = 0; i < 2; ++i)
    buffers.push_back(this->values(m * n * 40, buffers.size()));
  auto shifted = product({m, n, r}, {1, m, 0}, {0, 0, 1}, {{0, {1, 0, m}}, {1, {0, 1, n}}});
  shifted.row.offset = 1, shifted.col.offset = 1;
  const auto sliding = product({m, n, r}, {1, m, 2}, {0, 0, 1}, {{0, {1, 0, m}}, {1, {0, 1, n}}}),
             summed = product({m, n, r, 37}, {1, m, m, 0}, {0, 0, 1, 0}, {{0, {1, 0, m * 37, m}}, {1, {0, 37, 0, 1}}});
  for (const Product &p : {shifted, sliding, summed})
    for (const Index cols : {r - 2, r, r + 3}) {
      this->expect_all_ways({Axis::all(m * n), Axis::all(cols), {p}}, buffers, "beside the result", 40);
      this->expect_all_ways({Axis::lower(15), Axis::all(cols), {p}}, buffers, "beside a triangle", 40);
    }
}

TYPED_TEST(EmissionTest, NothingIsZeros) {
  using T = TypeParam;
  std::vector<Matrix<T>> none;
  this->expect_all_ways({Axis::all(37), Axis::all(11), {}}, none, "no products");
  this->expect_all_ways({Axis::all(1000), Axis::all(700), {}}, none, "no products, large");
  this->expect_all_ways({Axis::lower(9), Axis::lower(5), {}}, none, "no products, triangles");
  this->expect_all_ways({Axis::all(9), Axis::all(5), {product({9, 5, 0}, {1, 0, 0}, {0, 1, 0}, {})}}, none,
                        "empty sum");
  this->expect_all_ways({Axis::all(9), Axis::all(5), {product({9, 5, 4}, {1, 0, 0}, {0, 1, 0}, {}, 2)}}, none,
                        "a label that nothing uses");
}

/// Large enough to be written past the caches: one case per path, with sizes around whole cache lines.
TYPED_TEST(EmissionTest, Large) {
  using T = TypeParam;
  for (const auto &[m, n, r, c] : {Shape4{61, 53, 19, 19}, Shape4{3, 331, 31, 37}, Shape4{64, 32, 16, 34}}) {
    std::vector<Matrix<T>> buffers;
    for (const Index size : {m * r, r * n, c * n, m * n, m * n * r, r * c})
      buffers.push_back(this->values(size, buffers.size()));
    const Axis rows = Axis::all(m * n), cols = Axis::all(r * c);
    const auto rank1 = product({m, n, r, c}, {1, m, 0, 0}, {0, 0, 1, r},
                               {{0, {1, 0, m, 0}}, {1, {0, r, 1, 0}}, {2, {0, c, 0, 1}}}),
               slab = product({m, n, r, c}, {1, m, 0, 0}, {0, 0, 1, r}, {{4, {1, m, m * n, 0}}, {2, {0, c, 0, 1}}}),
               column = product({m, n, r, c}, {1, m, 0, 0}, {0, 0, 1, r}, {{3, {1, m, 0, 0}}, {5, {0, 0, 1, r}}});
    auto diagonal = product({std::min(m * n, r * c)}, {1}, {1}, {{3, {0}}});
    const std::string what = name({m, n, r, c});
    const std::vector cpu{plain<T>(Device::cpu())};
    const std::vector<Window> windows{{}, {.first_row = 1, .first_col = 1, .beyond = 3, .shift = 3}};
    this->expect({rows, cols, {rank1}}, buffers, windows, "rank 1, " + what, 1, cpu);
    this->expect({rows, cols, {slab}}, buffers, windows, "slab, " + what, 1, cpu);
    this->expect({rows, cols, {rank1, slab, column}}, buffers, windows, "sum, " + what, 1, cpu);
    this->expect({rows, cols, {diagonal}}, buffers, windows, "diagonal, " + what, 1, cpu);
  }
  for (const Index n : {33, 34}) {
    std::vector<Matrix<T>> buffers;
    for (int i = 0; i < 2; ++i)
      buffers.push_back(this->values(n * n, buffers.size()));
    const auto outer = product({n, n, n, n}, {1, n, 0, 0}, {0, 0, 1, n}, {{0, {1, 0, n, 0}}, {1, {0, 1, 0, n}}});
    for (const Axis rows : {Axis::lower(n), Axis::all(n * n)})
      for (const Axis cols : {Axis::lower(n), Axis::all(n * n)})
        this->expect_all_ways({rows, cols, {outer}}, buffers, fmt::format("triangles of {}", n));
  }
}

/// A map whose addresses start at 0, and the number of addresses.
struct Random {
  std::mt19937_64 engine;
  Index below(Index n) { return static_cast<Index>(engine() % static_cast<std::uint64_t>(n)); }
  bool one_in(Index n) { return below(n) == 0; }

  Index place(AffineMap &map, const Product &p) {
    Index least = 0, most = 0;
    for (int q = 0; q < p.labels; ++q) {
      const Index far = map.stride[q] * std::max<Index>(p.extent[q] - 1, 0);
      (far < 0 ? least : most) += far;
    }
    map.offset = below(3) - least;
    return map.offset + most + 1;
  }
  /// Strides of some labels: those of a packed array, or arbitrary ones.
  void strides(AffineMap &map, const Product &p, Index odds) {
    Index step = 1;
    std::vector<int> order(static_cast<std::size_t>(p.labels));
    std::iota(order.begin(), order.end(), 0);
    if (one_in(3)) std::shuffle(order.begin(), order.end(), engine);
    const bool packed = !one_in(4);
    for (const int q : order) {
      if (below(4) >= odds) continue;
      map.stride[q] = packed ? step : below(9) - 4;
      if (one_in(12)) map.stride[q] = -map.stride[q];
      step *= std::max<Index>(p.extent[q], 1);
    }
  }
};

TYPED_TEST(EmissionTest, RandomEmissions) {
  using T = TypeParam;
  const int rounds = 3000;
  for (int round = 0; round < rounds; ++round) {
    if (this->HasFatalFailure()) return;
    Random random{std::mt19937_64(static_cast<std::uint64_t>(round))};
    Emission e;
    std::vector<Index> sizes(4, 1);
    Index rows = 1, cols = 1;
    const Index products = random.one_in(10) ? random.below(12) : 1 + random.below(3);
    for (Index t = 0; t < products; ++t) {
      Product p;
      const bool like_last = t > 0 && random.one_in(2);
      if (like_last) {
        p = e.products.back();
        p.factors.clear();
      } else {
        p.labels = static_cast<int>(random.below(6));
        for (int q = 0; q < p.labels; ++q)
          p.extent[q] = random.one_in(30) ? 0 : random.one_in(4) ? 1 + random.below(20) : 1 + random.below(5);
        std::vector<int> part; // role of a label: row, col, both, neither
        random.strides(p.row, p, 2), random.strides(p.col, p, 2);
        if (!random.one_in(3)) // each label on one side only, as in most Jacobians
          for (int q = 0; q < p.labels; ++q)
            if (p.row.stride[q] && p.col.stride[q]) (random.one_in(2) ? p.row : p.col).stride[q] = 0;
        rows = std::max(rows, random.place(p.row, p)), cols = std::max(cols, random.place(p.col, p));
        if (random.one_in(2)) p.row.offset = std::max<Index>(p.row.offset - 2, 0);
      }
      p.scale = double(random.below(5)) - 1.5;
      for (Index f = random.below(5); f > 0; --f) {
        Product::Factor factor{static_cast<int>(random.below(4)), {}};
        random.strides(factor.map, p, 2);
        auto &size = sizes[static_cast<std::size_t>(factor.buffer)];
        size = std::max(size, random.place(factor.map, p));
        p.factors.push_back(factor);
      }
      e.products.push_back(p);
    }
    for (Product &p : e.products) { // negative strides must not lead below 0
      Index least = 0;
      for (int q = 0; q < p.labels; ++q)
        least += std::min<Index>(0, p.row.stride[q] * std::max<Index>(p.extent[q] - 1, 0));
      p.row.offset = std::max(p.row.offset, -least);
    }
    const auto axis = [&](Index n) {
      if (random.one_in(6)) n = std::max<Index>(n / 2, 1); // some entries are not on an axis
      Index side = 1;
      while (side * side < n)
        ++side;
      return random.one_in(5) ? Axis::lower(side) : Axis::all(n + (random.one_in(3) ? random.below(4) : 0));
    };
    if (rows * cols > 40000) continue;
    e.rows = axis(rows), e.cols = axis(cols);
    std::vector<Matrix<T>> buffers;
    for (const Index size : sizes)
      buffers.push_back(this->values(size, static_cast<std::uint64_t>(round) * 4 + buffers.size()));
    Window w;
    if (random.one_in(2)) {
      w.first_row = random.below(e.rows.size + 1), w.rows = random.below(e.rows.size - w.first_row + 1);
      w.first_col = random.below(e.cols.size + 1), w.cols = random.below(e.cols.size - w.first_col + 1);
    }
    w.beyond = random.one_in(3) ? random.below(9) : 0, w.shift = random.below(9);
    this->expect(e, buffers, {w}, fmt::format("round {}", round), 100);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

} // namespace
} // namespace kronvec::testing

/// Emissions of batches on every device. Each item equals what the reference writes for it alone, and memory between
/// items stays unchanged. Buffers hold small integers, so results are bitwise equal.

#include "tests/devices/cpu/limits.hpp"
#include "tests/devices/product.hpp"
#include "tests/testing.hpp"

#include "devices/backend.hpp"

#include <fmt/format.h>
#include <functional>
#include <limits>
#include <random>

namespace kronvec::testing {
namespace {

/// Random integers from −2 to 2.
template <class T> Matrix<T> integers(Index n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  return cast<T>(tabulate(n, 1, [&](Index, Index) { return static_cast<double>(random() % 5) - 2; }));
}

/// An emission, and the number of entries per item of each buffer.
struct Case {
  std::string name;
  Emission emission;
  std::vector<Index> sizes;
};

std::vector<Case> cases() {
  const auto layer = [](Index m, Index r, Index l, Index n) { // J of A·exp(X·B), A m×r, X r×l, B l×n
    return Case{fmt::format("layer {} {} {} {}", m, r, l, n),
                {Axis::all(m * n),
                 Axis::all(r * l),
                 {product({m, n, r, l}, {1, m, 0, 0}, {0, 0, 1, r},
                          {{0, {1, 0, m, 0}}, {1, {0, r, 1, 0}}, {2, {0, l, 0, 1}}})}},
                {m * r, r * n, l * n}};
  };
  std::vector<Case> all{layer(4, 4, 4, 4),  layer(1, 1, 1, 1),    layer(3, 5, 2, 7),  layer(1, 9, 3, 1),
                        layer(16, 3, 8, 5), layer(17, 16, 18, 4), layer(33, 9, 9, 33)};
  const Index m = 5, n = 6, s = 19;
  all.push_back({"XᵀX",
                 {Axis::all(n * n),
                  Axis::all(m * n),
                  {product({n, m, n}, {n, 0, 1}, {0, 1, m}, {{0, {m, 1, 0}}}),
                   product({n, m, n}, {1, 0, n}, {0, 1, m}, {{0, {m, 1, 0}}})}},
                 {m * n}});
  all.push_back({"triangles",
                 {Axis::lower(n),
                  Axis::lower(n),
                  {product({n, n, n, n}, {1, n, 0, 0}, {0, 0, 1, n}, {{0, {1, 0, n, 0}}, {1, {0, 1, 0, n}}})}},
                 {n * n, n * n}});
  all.push_back({"a sum of products",
                 {Axis::all(m * n),
                  Axis::all(m * n),
                  {product({m, n, m, n, s}, {1, m, 0, 0, 0}, {0, 0, 1, m, 0},
                           {{0, {1, 0, m * s, 0, m}}, {1, {0, s * n, 0, s, 1}}, {2, {1, m, 0, 0, 0}}})}},
                 {m * m * s, n * n * s, m * n}});
  Product many = product({m, n}, {1, 0}, {0, 1}, {});
  for (int f = 0; f < 9; ++f)
    many.factors.push_back({f % 2, {f, {f % 2, (f + 1) % 2}}});
  all.push_back({"nine factors", {Axis::all(m), Axis::all(n), {many}}, {m + n + 8, m + n + 8}});
  all.push_back({"zeros", {Axis::all(3), Axis::all(5), {}}, {}});
  return all;
}

/// The layout of a batch in memory, and the window of each item.
struct Layout {
  Index count, first_row = 0, first_col = 0, rows, cols;
  Index below = 0, beyond = 0; ///< entries between columns and between items
};

template <class T> class EmissionBatchTest : public ::testing::Test {
protected:
  using Make = std::function<std::unique_ptr<Emitter<T>>(const Emission &)>;

  /// y's memory after a run, with NaN where nothing was written. If `shares`, all items share the odd buffers.
  static Matrix<T> run(Device device, const Make &make, const Case &c, const Layout &w, bool shares) {
    std::vector<Matrix<T>> there;
    std::vector<Buffer<T>> buffers;
    for (const Index size : c.sizes) {
      const bool shared = shares && there.size() % 2 == 1;
      there.push_back(integers<T>(shared ? size : size * w.count + 1, there.size()).to(device));
      buffers.push_back({there.back().data(), shared ? 0 : size});
    }
    Matrix<T> y = poisoned(w).to(device);
    const Index ld = w.rows + w.below;
    make(c.emission)
        ->run(buffers, w.first_row, w.first_col, {y.data(), w.rows, w.cols, ld, w.count, ld * w.cols + w.beyond});
    return y.to(Device::cpu());
  }

  /// The same, computed by the reference item by item.
  static Matrix<T> expected(const Case &c, const Layout &w, bool shares) {
    std::vector<Matrix<T>> values;
    for (const Index size : c.sizes)
      values.push_back(integers<T>(size * w.count + 1, values.size()));
    Matrix<T> y = poisoned(w);
    const Index ld = w.rows + w.below;
    const auto emitter = Device::reference().backend().primitives(T{}).emitter(c.emission);
    for (Index item = 0; item < w.count; ++item) {
      std::vector<Buffer<T>> buffers;
      for (std::size_t b = 0; b < values.size(); ++b)
        buffers.push_back(values[b].data() + (shares && b % 2 == 1 ? 0 : item * c.sizes[b]));
      emitter->run(buffers, w.first_row, w.first_col,
                   MatrixView<T>(y.data() + item * (ld * w.cols + w.beyond), w.rows, w.cols, ld));
    }
    return y;
  }

  static Matrix<T> poisoned(const Layout &w) {
    Matrix<T> memory(((w.rows + w.below) * w.cols + w.beyond) * w.count + 8, 1);
    std::fill_n(memory.data(), memory.rows(), std::numeric_limits<T>::quiet_NaN());
    return memory;
  }

  static void expect_batch(const std::string &name, Device device, const Make &make, const Case &c, const Layout &w) {
    for (const bool shares : {false, true}) {
      const Matrix<T> right = expected(c, w, shares);
      for (int threads = 1; threads <= (device.is_host() ? 2 : 1); ++threads)
        ASSERT_TRUE(near(with_threads(threads, [&] { return run(device, make, c, w, shares); }), right, 0))
            << fmt::format("{}, {}: {} items, {} threads, shared {}, below {}, beyond {}", c.name, name, w.count,
                           threads, shares, w.below, w.beyond);
    }
  }

  static void expect_batches(const std::string &name, Device device, const Make &make) {
    for (const Case &c : cases()) {
      const Index m = c.emission.rows.size, n = c.emission.cols.size;
      for (const Index count : {0, 1, 3}) {
        expect_batch(name, device, make, c, {.count = count, .rows = m, .cols = n});
        expect_batch(name, device, make, c, {.count = count, .rows = m, .cols = n, .beyond = 5});
        expect_batch(name, device, make, c, {.count = count, .rows = m, .cols = n, .below = 3, .beyond = 1});
        expect_batch(name, device, make, c,
                     {.count = count, .first_row = m / 3, .first_col = n / 4, .rows = m / 2, .cols = n - n / 3});
      }
    }
  }

  static Make plain(Device device) {
    return [device](const Emission &e) { return device.backend().primitives(T{}).emitter(e); };
  }
};

TYPED_TEST_SUITE(EmissionBatchTest, Reals);

TYPED_TEST(EmissionBatchTest, EveryDevice) {
  for (const Device device : Device::all())
    this->expect_batches(device.name(), device, this->plain(device));
}

/// The CPU with limits at which small emissions take the paths of large ones.
TYPED_TEST(EmissionBatchTest, CpuPastTheCaches) {
  using T = TypeParam;
  this->expect_batches("cpu, small", Device::cpu(), [](const Emission &e) { return cpu::emitter<T>(e, small_limits); });
}

/// More items than a launch has blocks along a side, and than one thread takes.
TYPED_TEST(EmissionBatchTest, ManySmallItems) {
  const Case c{"two by three",
               {Axis::all(2), Axis::all(3), {product({2, 3}, {1, 0}, {0, 1}, {{0, {1, 0}}, {1, {0, 1}}})}},
               {2, 3}};
  for (const Device device : Device::all())
    this->expect_batch(device.name(), device, this->plain(device), c,
                       {.count = device == Device::cpu() ? 70001 : 997, .rows = 2, .cols = 3, .beyond = 1});
}

} // namespace
} // namespace kronvec::testing

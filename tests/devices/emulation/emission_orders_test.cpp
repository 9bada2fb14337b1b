/// Emissions of the CUDA device compared with the reference, with the emulated threads and blocks in every order, and
/// with limits so small that long sums take many slices. Numbers are small integers, so results are bitwise equal.

#include "tests/devices/product.hpp"

#include "devices/cuda/emission.hpp"
#include "devices/cuda/emission/columns.hpp"
#include "devices/cuda/module.hpp"
#include "devices/emulation/emulator.hpp"

#include <fmt/format.h>

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <vector>

namespace kronvec::testing {
namespace {

using emulation::Order;

/// A window of Y, and its layout in memory.
struct Window {
  Index first_row, first_col, rows, cols;
  Index gap = 0, start = 0; ///< ld − rows; entries before the first
};

template <class T> using Buffers = std::vector<std::vector<T>>;

template <class T> Buffers<T> integers(std::initializer_list<Index> sizes) {
  Buffers<T> buffers;
  for (const Index size : sizes) {
    buffers.emplace_back(static_cast<std::size_t>(size));
    for (std::size_t k = 0; k < buffers.back().size(); ++k)
      buffers.back()[k] = static_cast<T>((k * k + 3 * k + buffers.size()) % 7) - 3;
  }
  return buffers;
}

/// A block of device memory with these contents.
template <class T> Pool::Block block(const Backend &device, const std::vector<T> &values) {
  const std::size_t bytes = values.size() * sizeof(T);
  Pool::Block there = device.pool().take(bytes);
  device.transfer(there.data(), bytes, values.data(), bytes, bytes, 1);
  return there;
}

/// y's memory after running `emitter`, with NaN where nothing was written.
template <class T> std::vector<T> memory_after(const Backend &device, const Emitter<T> &emitter,
                                               const Buffers<T> &buffers, const Window &w) {
  const Index ld = w.rows + w.gap;
  std::vector<T> y(static_cast<std::size_t>(w.start + ld * w.cols + 5), std::numeric_limits<T>::quiet_NaN());
  std::vector<Pool::Block> held;
  std::vector<Buffer<T>> pointers;
  for (const auto &b : buffers)
    held.push_back(block(device, b)), pointers.emplace_back(static_cast<const T *>(held.back().data()));
  const Pool::Block to = block(device, y);
  emitter.run(pointers, w.first_row, w.first_col,
              MatrixView<T>(static_cast<T *>(to.data()) + w.start, w.rows, w.cols, ld));
  device.transfer(y.data(), y.size() * sizeof(T), to.data(), y.size() * sizeof(T), y.size() * sizeof(T), 1);
  return y;
}

/// An emulated GPU on a stream, and the engine of its emitters.
struct OnStream {
  struct Stream {
    cudaStream_t handle = nullptr;
    Stream() { EXPECT_EQ(cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking), cudaSuccess); }
    ~Stream() { EXPECT_EQ(cudaStreamDestroy(handle), cudaSuccess); }
    Stream(const Stream &) = delete;
    Stream &operator=(const Stream &) = delete;
  } stream;
  cuda::Engine engine{0, stream.handle};
  std::unique_ptr<Backend> backend{kronvec_cuda_backend(0, stream.handle)};
};

template <class T> std::vector<T> emulated(Order order, unsigned seed, const cuda::EmissionLimits &limits,
                                           const Emission &emission, const Buffers<T> &buffers, const Window &w,
                                           std::int64_t blocks) {
  emulation::settings() = {order, seed, blocks};
  const OnStream device;
  auto y =
      memory_after<T>(*device.backend, *cuda::emitter<T>(device.engine, *device.backend, emission, limits), buffers, w);
  emulation::settings() = {};
  return y;
}

template <class T> void expect_equal(const std::vector<T> &y, const std::vector<T> &expected, const std::string &what) {
  ASSERT_EQ(y.size(), expected.size());
  for (std::size_t k = 0; k < y.size(); ++k)
    ASSERT_TRUE(y[k] == expected[k] || (std::isnan(y[k]) && std::isnan(expected[k])))
        << what << ", place " << k << ": " << y[k] << " instead of " << expected[k];
}

constexpr cuda::EmissionLimits usual{}, small{.slices = 1, .tables = 4096, .short_column = 1 << 10},
    no_tables{.slices = 100, .tables = 0, .short_column = 0};

constexpr std::int64_t many = 1 << 20; ///< blocks

template <class T> void expect_reference(const Emission &emission, const Buffers<T> &buffers, const Window &w) {
  const Backend &reference = reference_backend();
  const auto expected = memory_after<T>(reference, *reference.primitives(T{}).emitter(emission), buffers, w);
  const auto what = fmt::format("{}-byte entries, {}×{} from ({}, {}), gap {}, start {}", sizeof(T), w.rows, w.cols,
                                w.first_row, w.first_col, w.gap, w.start);
  for (const auto &limits : {usual, small, no_tables})
    expect_equal(emulated<T>(Order::forward, 1, limits, emission, buffers, w, many), expected, what);
  expect_equal(emulated<T>(Order::reverse, 1, usual, emission, buffers, w, 1), expected, what + ", one block");
  expect_equal(emulated<T>(Order::reverse, 1, small, emission, buffers, w, 1), expected, what + ", reverse");
  for (const unsigned seed : {1, 2})
    expect_equal(emulated<T>(Order::random, seed, small, emission, buffers, w, seed), expected, what + ", random");
}

/// Checks all of Y and a window from its middle, packed and not, at every alignment within 16 bytes.
template <class T> void expect_windows(const Emission &emission, const Buffers<T> &buffers) {
  const Index m = emission.rows.size, n = emission.cols.size;
  for (const Window &w : {Window{0, 0, m, n}, Window{0, 0, m, n, 3, 1}, Window{0, 0, m, n, 0, 2},
                          Window{m / 3, n / 4, m - m / 2, n - n / 2, 1, 3}, Window{m / 2, 0, m - m / 2, n, 4, 0}}) {
    expect_reference<T>(emission, buffers, w);
    if (::testing::Test::HasFatalFailure()) return;
  }
}
void expect_windows(const Emission &emission, std::initializer_list<Index> sizes) {
  expect_windows<double>(emission, integers<double>(sizes));
  expect_windows<float>(emission, integers<float>(sizes));
}

/// A·exp(X·B): one product of A(i, k), E(k, j) and B(l, j).
Product layer(Index m, Index r, Index l, Index n) {
  return product({m, n, r, l}, {1, m}, {0, 0, 1, r}, {{0, {1, 0, m}}, {1, {0, r, 1}}, {2, {0, l, 0, 1}}});
}

/// The last shapes have one row less than, as many as, and one more than the longest tiles (512 doubles or 1024
/// floats), and one column more than a stage.
TEST(EmulatedEmission, Layers) {
  const Index shapes[][4] = {{1, 1, 1, 1},  {16, 3, 2, 5},   {7, 5, 3, 2},   {3, 11, 7, 1},  {1, 2, 40, 3},
                             {0, 2, 3, 4},  {3, 0, 2, 4},    {513, 1, 1, 1}, {512, 1, 3, 1}, {1028, 2, 1, 1},
                             {8, 3, 11, 1}, {1023, 1, 1, 1}, {13, 31, 5, 1}};
  for (const auto &[m, r, l, n] : shapes)
    expect_windows({Axis::all(m * n), Axis::all(r * l), {layer(m, r, l, n)}}, {m * r, r * n, l * n});
}

/// J of X'·X: K·(Xᵀ ⊗ I) + I ⊗ Xᵀ; and a diagonal.
TEST(EmulatedEmission, ZerosBetweenOthers) {
  for (const auto &[m, n] : {std::pair<Index, Index>{7, 9}, {4, 8}}) {
    const Product left = product({n, n, m}, {1, n}, {0, m, 1}, {{0, {m, 0, 1}}}),
                  right = product({n, n, m}, {n, 1}, {0, m, 1}, {{0, {m, 0, 1}}}),
                  diagonal = product({m * n}, {1}, {1}, {{0, {1}}}, 2);
    expect_windows({Axis::all(n * n), Axis::all(m * n), {left, right}}, {m * n});
    expect_windows({Axis::all(m * n), Axis::all(m * n), {diagonal}}, {m * n});
  }
}

/// Rows between the rows of a product, and products that begin in the middle of 16 bytes.
TEST(EmulatedEmission, RowsThatVectorsCross) {
  using Pair = std::pair<Index, Index>;
  for (const auto &[m, gap] : {Pair{3, 1}, Pair{4, 1}, Pair{2, 2}, Pair{4, 4}, Pair{1, 5}}) {
    const Index n = 9, r = 6;
    auto apart = product({m, n, r}, {1, m + gap}, {0, 0, 1}, {{0, {1, m}}, {1, {0, 1, n}}}),
         shifted = product({8, 4, r}, {1, 8}, {0, 0, 1}, {{0, {1, 8}}, {1, {0, 1, 4}}}), back = shifted;
    shifted.row.offset = gap;
    back.row = {31, {-1, -8}};
    for (const auto &products : {std::vector{apart}, {shifted}, {back}, {apart, shifted, back, back}})
      expect_windows({Axis::all(std::max<Index>(40, n * (m + gap))), Axis::all(r), products}, {60, 60});
  }
}

/// Factors that depend on the column only, on the row only, and on neither; and more terms than one launch of columns
/// takes.
TEST(EmulatedEmission, ManyTermsAndFactors) {
  const Index m = 12, n = 7;
  auto all = product({m, n}, {1}, {0, 1}, {{0, {1}}, {1, {0, 1}}, {0, {1, m}}, {1, {}}, {0, {3, 5}}, {1, {-2}}});
  all.factors[3].map.offset = 4, all.factors[5].map.offset = 2 * m;
  expect_windows({Axis::all(m), Axis::all(n), {all}}, {90, 30});
  expect_windows({Axis::all(m), Axis::all(n), {all, all, all}}, {90, 30});
  for (const std::size_t terms : {31, 32, 33})
    expect_windows({Axis::all(m), Axis::all(n), std::vector(terms, product({m, n}, {1}, {0, 1}, {{0, {1, m}}}))}, {90});
  const auto four = product({m, n}, {1}, {0, 1}, {{0, {1, m}}, {1, {0, 1}}, {0, {3, 5}}, {1, {-2}}}, 0.125);
  auto last = four;
  last.factors[3].map.offset = 2 * m;
  for (const std::size_t terms : {20, 32}) // tables of 40 KB and more
    expect_windows({Axis::all(m), Axis::all(n), std::vector(terms, last)}, {90, 30});
}

/// exp(A·exp(W·X·B)·D): Σ_q T(i, k, q)·D(q, j)·B(l, q), times F(i, j). Each label in turn is the one that is cut into
/// slices.
TEST(EmulatedEmission, LongSums) {
  const Index m = 4, n = 3, r = 5, c = 6, s = 11;
  const auto two_sided = product({m, n, r, c, s}, {1, m}, {0, 0, 1, r},
                                 {{0, {1, 0, m, 0, m * r}}, {1, {0, s, 0, 0, 1}}, {2, {0, 0, 0, 1, c}}, {3, {1, m}}}),
             left = product({m, n, r, c, s}, {1, m}, {0, 0, c, 1}, {{0, {1, 0, m, 0, m * r}}, {1, {0, s, 0, 0, 1}}}),
             both = product({m, n, r, s}, {1, m, 0}, {0, 0, 1}, {{0, {1, 0, m, m * r}}, {4, {0, s, s * n, 1}}}),
             alone = product({m, n, r, s}, {1, m}, {0, 0, 1}, {{4, {0, 1, n, n * r}}}, 3),
             small_one =
                 product({m, n, r, c, 3}, {1, m}, {0, 0, 1, r}, {{0, {1, 0, m, 0, m * r}}, {2, {0, 0, 0, 1, c}}});
  const std::initializer_list<Index> sizes{m * r * s, s * n, c * s, m * n, s * n * r};
  const Axis rows = Axis::all(m * n), cols = Axis::all(r * c);
  expect_windows({rows, cols, {two_sided}}, sizes);
  expect_windows({rows, cols, {left}}, sizes);
  expect_windows({rows, cols, {two_sided, left, small_one}}, sizes);
  expect_windows({rows, Axis::all(r), {both, alone}}, sizes);
  expect_windows({Axis::lower(4), Axis::lower(7), {two_sided}}, sizes);
  const auto batch = product({m, r, s}, {1}, {0, 1}, {{0, {1, m, m * r}}, {1, {s, 0, 1}}}),
             sliding = product({m, r, c, s}, {1}, {0, 1, 3}, {{0, {1, m, 0, m * r}}, {2, {0, 0, 1, c}}});
  expect_windows({Axis::all(m), Axis::all(r), {batch}}, {m * r * s, m * s});
  expect_windows({Axis::all(m), Axis::all(r + 3 * c - 3), {sliding}}, sizes);
  auto column = two_sided; // a small array: all labels belong to the row
  column.row.stride = {1, m, m * n, m * n * r}, column.col = {};
  expect_windows({Axis::all(m * n * r * c), Axis::all(1), {column}}, sizes);
  expect_windows({Axis::all(1), Axis::all(1), {product({s, m}, {}, {}, {{1, {1, 1}}, {1, {1, 2}}})}}, sizes);
}

/// More columns than a tile of the general kernel has, with few rows and with many; and products in several parts.
TEST(EmulatedEmission, LabelsThatNoIndexTells) {
  for (const auto &[m, n] : {std::pair<Index, Index>{3, 70}, {40, 70}, {300, 12}}) { // tiles have 64 columns, or 8
    const auto banded = product({m, n}, {1, 1}, {0, 1}, {{0, {1}}, {1, {0, 1}}});
    expect_windows({Axis::all(m + n - 1), Axis::all(n), {banded}}, {m, n});
    expect_windows({Axis::all(n), Axis::all(m + n - 1), {product({n, m}, {1}, {1, 1}, {{0, {0, 1}}, {1, {1}}})}},
                   {m, n});
  }
  std::vector<std::pair<int, std::vector<Index>>> factors(10, {0, {1, 1}});
  const auto lengthy = product({300, 3, 2}, {1}, {0, 1, 3}, factors);
  expect_windows({Axis::all(301), Axis::all(7), {lengthy, lengthy}}, {302});
}

/// A batch runs item by item if its sums are long, otherwise all items in one launch. `s` is the length of the sums.
template <class T> void expect_batch(Index s) {
  const Index m = 3, n = 2, r = 4, items = 5;
  const Emission emission{Axis::all(m * n),
                          Axis::all(r),
                          {product({m, n, r, s}, {1, m}, {0, 0, 1}, {{0, {1, 0, m, m * r}}, {1, {0, s, 0, 1}}})}};
  const Index apart = m * n * r + 3, entries[] = {m * r * s, s * n};
  const auto run = [&](const Backend &device, const Emitter<T> &emitter, Index count) {
    const auto all = integers<T>({entries[0] * items, entries[1]});
    std::vector<T> y(static_cast<std::size_t>(apart * items), std::numeric_limits<T>::quiet_NaN());
    const Pool::Block to = block(device, y), a = block(device, all[0]), b = block(device, all[1]);
    const auto at = [](const Pool::Block &held) { return static_cast<T *>(held.data()); };
    for (Index first = 0; first < items; first += count) {
      const Buffer<T> buffers[] = {{at(a) + first * entries[0], entries[0]}, {at(b), 0}};
      emitter.run(buffers, 0, 0, {at(to) + first * apart, m * n, r, m * n, count, apart});
    }
    device.transfer(y.data(), y.size() * sizeof(T), to.data(), y.size() * sizeof(T), y.size() * sizeof(T), 1);
    return y;
  };
  const Backend &reference = reference_backend();
  const auto expected = run(reference, *reference.primitives(T{}).emitter(emission), 1);
  for (const Index item : {Index(0), Index(1) << 30}) {
    emulation::settings().max_blocks = item == 0 ? many : 2;
    const OnStream device;
    const auto emitter = cuda::emitter<T>(device.engine, *device.backend, emission, {.slices = 1, .item = item});
    expect_equal(run(*device.backend, *emitter, items), expected, fmt::format("sums of up to {} in one launch", item));
    emulation::settings() = {};
  }
}
TEST(EmulatedEmission, Batches) {
  for (const Index length : {1, 10}) {
    expect_batch<double>(length);
    expect_batch<float>(length);
  }
}

/// The general kernel handles strides of more than 32 bits, and labels that no index determines.
TEST(EmulatedEmission, TermsForColumns) {
  const auto suits = [](const Product &p) { return cuda::columns_of<double>(cuda::terms_of(p)).has_value(); };
  EXPECT_TRUE(suits(product({5, 3}, {1}, {0, 1}, {{0, {1, Index(1) << 28}}})));
  EXPECT_FALSE(suits(product({5, 3}, {1}, {0, 1}, {{0, {1, Index(1) << 30}}})));
  EXPECT_FALSE(suits(product({5, 3}, {1, 1}, {}, {{0, {1, 5}}})));
  EXPECT_FALSE(suits(product({5, 3, 2}, {1}, {0, 1}, {{0, {1, 0, 1}}})));
}

/// A packed result with few rows is written as long columns.
TEST(EmulatedEmission, FewRows) {
  for (const Index m : {1, 3}) {
    const Index r = 17, l = 13;
    expect_windows(
        {Axis::all(m), Axis::all(r * l), {product({m, r, l}, {1}, {0, 1, r}, {{0, {1, m}}, {1, {0, 0, 1}}})}},
        {m * r, l});
  }
}

} // namespace
} // namespace kronvec::testing

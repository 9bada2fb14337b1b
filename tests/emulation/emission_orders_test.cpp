/// Emissions of the CUDA device against the reference, with the emulated threads and blocks in every order, and with
/// limits so small that long sums come in many slices. Numbers are small integers, so that results are equal to the
/// bit.

#include "product.hpp"

#include "devices/cuda/emission.hpp"
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

/// A window of Y, and how it lies in memory.
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

/// Device memory, with what is to be in it.
template <class T> Pool::Block block(const Backend &device, const std::vector<T> &values) {
  const std::size_t bytes = values.size() * sizeof(T);
  Pool::Block there = device.pool().take(bytes);
  device.transfer(there.data(), bytes, values.data(), bytes, bytes, 1);
  return there;
}

/// y's memory after `emitter`, with NaN where nothing was written.
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

template <class T> std::vector<T> emulated(Order order, unsigned seed, const cuda::EmissionLimits &limits,
                                           const Emission &emission, const Buffers<T> &buffers, const Window &w) {
  emulation::settings() = {order, seed};
  std::vector<T> y;
  {
    cudaStream_t stream = nullptr;
    EXPECT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
    {
      const std::unique_ptr<Backend> device(kronvec_cuda_backend(0, stream));
      const cuda::Engine engine(0, stream);
      y = memory_after<T>(*device, *cuda::emitter<T>(engine, *device, emission, limits), buffers, w);
    }
    EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  }
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

template <class T> void expect_reference(const Emission &emission, const Buffers<T> &buffers, const Window &w) {
  const Backend &reference = reference_backend();
  const auto expected = memory_after<T>(reference, *reference.primitives(T{}).emitter(emission), buffers, w);
  const auto what = fmt::format("{}-byte entries, {}×{} from ({}, {}), gap {}, start {}", sizeof(T), w.rows, w.cols,
                                w.first_row, w.first_col, w.gap, w.start);
  for (const auto &limits : {usual, small, no_tables})
    expect_equal(emulated<T>(Order::forward, 1, limits, emission, buffers, w), expected, what);
  expect_equal(emulated<T>(Order::reverse, 1, small, emission, buffers, w), expected, what + ", reverse");
  for (const unsigned seed : {1, 2})
    expect_equal(emulated<T>(Order::random, seed, small, emission, buffers, w), expected, what + ", random");
}

/// All of Y and a window from its middle, packed and not, at every alignment within 16 bytes.
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

TEST(EmulatedEmission, Layers) {
  const Index shapes[][4] = {{1, 1, 1, 1}, {16, 3, 2, 5}, {7, 5, 3, 2}, {3, 11, 7, 1}, {1, 2, 40, 3}};
  for (const auto &[m, r, l, n] : shapes)
    expect_windows({Axis::all(m * n), Axis::all(r * l), {layer(m, r, l, n)}}, {m * r, r * n, l * n});
}

/// J of X'·X, 81×63: K·(Xᵀ ⊗ I) + I ⊗ Xᵀ.
TEST(EmulatedEmission, ZerosBetweenOthers) {
  const Index m = 7, n = 9;
  const Product left = product({n, n, m}, {1, n}, {0, m, 1}, {{0, {m, 0, 1}}}),
                right = product({n, n, m}, {n, 1}, {0, m, 1}, {{0, {m, 0, 1}}}),
                diagonal = product({m * n}, {1}, {1}, {{0, {1}}}, 2);
  expect_windows({Axis::all(n * n), Axis::all(m * n), {left, right}}, {m * n});
  expect_windows({Axis::all(m * n), Axis::all(m * n), {diagonal}}, {m * n});
}

/// exp(A·exp(W·X·B)·D): Σ_q T(i, k, q)·D(q, j)·B(l, q), times F(i, j); and each label's turn to be that of the slices.
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
  auto column = two_sided; // a small array: all labels are the row's
  column.row.stride = {1, m, m * n, m * n * r}, column.col = {};
  expect_windows({Axis::all(m * n * r * c), Axis::all(1), {column}}, sizes);
  expect_windows({Axis::all(1), Axis::all(1), {product({s, m}, {}, {}, {{1, {1, 1}}, {1, {1, 2}}})}}, sizes);
}

/// Few rows, packed: long columns instead.
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

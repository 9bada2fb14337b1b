/// Emissions on the CUDA devices compared with the reference. Buffers hold small integers, so results are bitwise
/// equal.

#include "tests/devices/operands.hpp"
#include "tests/testing.hpp"

#include "devices/backend.hpp"

#include <fmt/format.h>
#include <limits>
#include <numeric>
#include <random>

namespace kronvec::testing {
namespace {

using Buffers = std::vector<Matrix<double>>;

/// Random integers from −2 to 2.
Matrix<double> integers(Index n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  return tabulate(n, 1, [&](Index, Index) { return static_cast<double>(random() % 5) - 2; });
}
Buffers integer_buffers(std::initializer_list<Index> sizes) {
  Buffers result;
  for (const Index n : sizes)
    result.push_back(integers(n, result.size() + 1));
  return result;
}

AffineMap affine(std::vector<Index> strides, Index offset = 0) {
  AffineMap result{offset};
  std::copy(strides.begin(), strides.end(), result.stride.begin());
  return result;
}
Product product(std::vector<Index> extents, AffineMap row, AffineMap col, std::vector<Product::Factor> factors,
                double scale = 1) {
  Product p{static_cast<int>(extents.size()), {}, row, col, scale, factors};
  std::copy(extents.begin(), extents.end(), p.extent.begin());
  return p;
}

/// A window of Y, and its layout in memory.
struct Window {
  Index first_row, first_col, rows, cols;
  Index gap = 0, start = 0; ///< ld − rows; elements before the first entry
};

/// The window computed by a device, within memory of NaN that must stay unchanged around it.
template <class T> Matrix<T> run_on(Device device, const Emission &emission, const Buffers &buffers, const Window &w) {
  const Index ld = w.rows + w.gap;
  Matrix<T> memory(ld * w.cols + w.start + 3, 1);
  std::fill_n(memory.data(), memory.rows(), std::numeric_limits<T>::quiet_NaN());
  Matrix<T> there = memory.to(device);
  std::vector<Matrix<T>> held;
  std::vector<Buffer<T>> pointers;
  for (const Matrix<double> &b : buffers)
    held.push_back(cast<T>(b).to(device)), pointers.push_back(held.back().data());
  const auto emitter = device.backend().primitives(T{}).emitter(emission);
  emitter->run(pointers, w.first_row, w.first_col, MatrixView<T>(there.data() + w.start, w.rows, w.cols, ld));
  return there.to(Device::cpu());
}

template <class T> void expect_reference(const Emission &emission, const Buffers &buffers, const Window &w) {
  const Matrix<T> expected = run_on<T>(Device::reference(), emission, buffers, w);
  for (const Device device : cuda_devices())
    EXPECT_TRUE(near(run_on<T>(device, emission, buffers, w), expected, 0))
        << fmt::format("{}, {}-byte entries: {}×{} from ({}, {}), gap {}, start {}", device.name(), sizeof(T), w.rows,
                       w.cols, w.first_row, w.first_col, w.gap, w.start);
}
void expect_reference(const Emission &emission, const Buffers &buffers, const Window &w) {
  expect_reference<double>(emission, buffers, w), expect_reference<float>(emission, buffers, w);
}
/// Compares all of Y, packed and not, and a window from its middle.
void expect_reference(const Emission &emission, const Buffers &buffers) {
  const Index m = emission.rows.size, n = emission.cols.size;
  expect_reference(emission, buffers, {0, 0, m, n});
  expect_reference(emission, buffers, {0, 0, m, n, 3, 1});
  expect_reference(emission, buffers, {m / 3, n / 4, m - m / 2, n - n / 2, 1, 2});
}

/// J of A·exp(X·B), A m×r, X r×l, B l×n: row i + m·j, column k + r·l of A(i, k)·E(k, j)·B(l, j).
Emission affine_layer(Index m, Index r, Index l, Index n) {
  return {Axis::all(m * n),
          Axis::all(r * l),
          {product({m, n, r, l}, affine({1, m}), affine({0, 0, 1, r}),
                   {{0, affine({1, 0, m})}, {1, affine({0, r, 1})}, {2, affine({0, l, 0, 1})}})}};
}

TEST(CudaEmission, DenseJacobiansOfManyShapes) {
  const Index shapes[][4] = {{1, 1, 1, 1},   {1, 3, 5, 1},    {5, 1, 1, 3},  {7, 5, 3, 2},
                             {1, 31, 17, 1}, {257, 1, 1, 2},  {13, 3, 2, 5}, {2, 30, 20, 1},
                             {16, 8, 8, 4},  {33, 2, 5, 2},   {0, 2, 3, 4},  {3, 2, 0, 4},
                             {512, 1, 3, 1}, {1028, 2, 1, 1}, {8, 3, 11, 1}, {64, 32, 16, 2}};
  for (const auto &[m, r, l, n] : shapes)
    expect_reference(affine_layer(m, r, l, n), integer_buffers({m * r, r * n, l * n}));
}

TEST(CudaEmission, NoProductsAreZeros) {
  expect_reference({Axis::all(5), Axis::all(3), {}}, {});
  const Product empty = product({0, 3}, affine({1}), affine({0, 1}), {{0, affine({1, 1})}});
  expect_reference({Axis::all(5), Axis::all(3), {empty}}, integer_buffers({9}));
}

TEST(CudaEmission, OneEntryWithoutLabels) {
  const Product p = product({}, affine({}, 2), affine({}, 1), {{0, affine({}, 4)}}, -3);
  expect_reference({Axis::all(4), Axis::all(3), {p, p}}, integer_buffers({5}));
  expect_reference({Axis::all(4), Axis::all(3), {product({}, affine({}), affine({}), {}, 7)}}, {});
}

TEST(CudaEmission, Identifications) {
  const Index m = 7, n = 6;
  const Product diagonal = product({m, n}, affine({1, m}), affine({1, m}), {{0, affine({1, m})}});
  const Product turned = product({m, n}, affine({1, m}), affine({n, 1}), {{0, affine({1, m})}});
  const Product blocks =
      product({m, n, m}, affine({1, m}), affine({0, m, 1}), {{0, affine({1, m})}, {1, affine({0, 1, n})}});
  const Product against = product({m * n}, affine({1}), affine({-1}, m * n - 1), {{0, affine({1})}}, 2);
  const Emission all{Axis::all(m * n), Axis::all(m * n), {diagonal, turned, blocks, against}};
  for (const Product &p : all.products)
    expect_reference({all.rows, all.cols, {p}}, integer_buffers({m * n, m * n}));
  expect_reference(all, integer_buffers({m * n, m * n}));
}

TEST(CudaEmission, SummedLabels) {
  const Index m = 6, n = 5, k = 4, l = 3;
  const Product two = product({m, n, k, l}, affine({1}), affine({0, 1}),
                              {{0, affine({1, 0, m, m * k})}, {1, affine({0, k, 1})}, {2, affine({0, 0, 0, 1})}}, 0.5);
  const Product unused = product({m, 3, n, 2}, affine({1}), affine({0, 0, 1}), {{0, affine({1, 0, m})}});
  const Product squared =
      product({m, k, k}, affine({1}), affine({}, 2), {{0, affine({1, m, 0})}, {0, affine({1, 0, m})}});
  expect_reference({Axis::all(m), Axis::all(n), {two, unused, squared}}, integer_buffers({m * k * l, k * n, l}));
  const Product all = product({31, 9}, affine({}), affine({}), {{0, affine({1, 31})}, {1, affine({9, 1})}});
  expect_reference({Axis::all(1), Axis::all(1), {all}}, integer_buffers({279, 279}));
}

/// Matrix products: of factors, of tables, one for each value of a label that both sides have, and with an epilogue.
TEST(CudaEmission, LongSums) {
  const Index m = 8, n = 6, r = 7, l = 5, s = 33;
  const Product two_sided = product({m, n, r, l, s}, affine({1, m}), affine({0, 0, 1, r}),
                                    {{0, affine({1, 0, m, 0, m * r})},
                                     {1, affine({0, s, 0, 0, 1})},
                                     {2, affine({0, 0, 0, 1, l})},
                                     {3, affine({1, m})}}),
                both = product({m, n, r, s}, affine({1, m}), affine({0, 0, 1}),
                               {{0, affine({1, 0, m, m * r})}, {4, affine({0, s, s * n, 1})}}),
                alone = product({m, r, s}, affine({1}), affine({0, 1}), {{0, affine({1, m, m * r})}}, 2);
  const Buffers buffers = integer_buffers({m * r * s, s * n, l * s, m * n, s * n * r});
  for (const auto &products : {std::vector{two_sided}, {both}, {alone}, {two_sided, both, alone}})
    expect_reference({Axis::all(m * n), Axis::all(r * l), products}, buffers);
}

TEST(CudaEmission, LabelsThatNoIndexTells) {
  const Product banded = product({5, 9}, affine({1, 1}), affine({0, 1}), {{0, affine({1})}, {1, affine({0, 1})}});
  const Product sums =
      product({4, 4, 3}, affine({2, 3, 1}), affine({1, 1}), {{0, affine({1, 0, 1})}, {1, affine({0, 1, 2})}});
  const Product crossed =
      product({4, 5}, affine({1, -1}, 4), affine({-2, 1}, 6), {{0, affine({1})}, {1, affine({0, -1}, 8)}});
  const Product collapsed =
      product({6, 6}, affine({1, 1}), affine({1, 1}), {{0, affine({1, 0})}, {1, affine({1, 1})}}, -1);
  for (const Product &p : {banded, sums, crossed, collapsed})
    expect_reference({Axis::all(20), Axis::all(12), {p}}, integer_buffers({11, 11}));
  expect_reference({Axis::all(20), Axis::all(12), {banded, sums, crossed, collapsed, banded}},
                   integer_buffers({11, 11}));
}

TEST(CudaEmission, Triangles) {
  for (const Index n : {1, 2, 5, 12}) {
    const Product p = product({n, n, n, n}, affine({1, n}), affine({0, 0, 1, n}),
                              {{0, affine({1, 0, n})}, {1, affine({0, 1, 0, n})}});
    const Product swapped = product({n, n}, affine({1, n}), affine({n, 1}), {{0, affine({1, n})}});
    const Axis all = Axis::all(n * n), lower = Axis::lower(n);
    for (const auto &[rows, cols] : {std::pair(lower, all), std::pair(all, lower), std::pair(lower, lower)})
      expect_reference({rows, cols, {p, swapped}}, integer_buffers({n * n, n * n}));
  }
  const Index n = 100'001, entries = n * (n + 1) / 2; // a square root determines the column
  for (const Index first : {Index(0), n - 10, 2 * n - 11, entries / 2, entries - 70}) {
    const AffineMap here = affine({1, n}, Axis::lower(n).at(first).index);
    const Product p = product({70, 13}, here, affine({}), {{0, affine({1, 70})}});
    expect_reference({Axis::lower(n), Axis::all(1), {p}}, integer_buffers({910}), {first, 0, 70, 1});
  }
}

TEST(CudaEmission, ProductsOfManyFactors) {
  for (const int factors : {7, 8, 9, 16, 17}) {
    std::vector<Product::Factor> list;
    for (int f = 0; f < factors; ++f)
      list.push_back({f % 3, affine({f % 2, f % 3, (f + 1) % 2, f % 4}, f)});
    const Product p = product({4, 3, 2, 3}, affine({1, 4}), affine({0, 1, 3}), list);
    Buffers buffers = integer_buffers({40, 40, 40});
    for (Matrix<double> &b : buffers)
      b = map(b, [](double x) { return x < 0 ? -1.0 : x > 1 ? 2.0 : 1.0; });
    expect_reference({Axis::all(12), Axis::all(6), {p, affine_layer(4, 2, 3, 3).products[0], p}}, buffers);
  }
}

TEST(CudaEmission, ManyProductsOfManyBuffers) {
  Emission emission{Axis::all(40), Axis::all(20), {}};
  Buffers buffers;
  for (int k = 0; k < 600; ++k) {
    buffers.push_back(integers(6, static_cast<std::uint64_t>(k)));
    emission.products.push_back(product({3, 2}, affine({1, 5}, k % 33), affine({2, 1}, k % 16), {{k, affine({1, 3})}}));
  }
  expect_reference(emission, buffers);
  Product far = product({}, affine({}), affine({}), {});
  for (int k = 0; k < 300; ++k)
    far.factors.push_back({k, affine({})});
  emission.products.push_back(far);
  for (const Device device : cuda_devices())
    EXPECT_THROW((void)device.backend().primitives(float{}).emitter(emission), ShapeError);
}

TEST(CudaEmission, ReadsOnlyWhatAWindowNeeds) {
  Buffers buffers = integer_buffers({35, 10, 6});
  buffers[0](3, 0) = std::numeric_limits<double>::quiet_NaN();
  buffers[2](1, 0) = std::numeric_limits<double>::infinity();
  expect_reference(affine_layer(7, 5, 3, 2), buffers);
}

TEST(CudaEmission, OneEmitterServesManyRuns) {
  const Emission emission = affine_layer(9, 4, 3, 5);
  for (const Device device : cuda_devices()) {
    const auto emitter = device.backend().primitives(double{}).emitter(emission);
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      Buffers buffers;
      for (const Index n : {36, 20, 15})
        buffers.push_back(Matrix<double>::random(n, 1, seed + static_cast<std::uint64_t>(n)));
      const auto a = buffers[0].to(device), e = buffers[1].to(device), b = buffers[2].to(device);
      const Buffer<double> pointers[] = {a.data(), e.data(), b.data()};
      Matrix<double> y = Matrix<double>::uninitialized(45, 12, device);
      emitter->run(pointers, 0, 0, y.view());
      auto expected = run_on<double>(Device::reference(), emission, buffers, {0, 0, 45, 12});
      EXPECT_TRUE(near(y.to(Device::cpu()), unvec(expected, 45, 12), 1e-15));
    }
  }
}

/// Random emissions whose addresses are all in range.
class Random {
public:
  explicit Random(std::uint64_t seed) : random_(seed) {}
  Index below(Index n) { return static_cast<Index>(random_() % static_cast<std::uint64_t>(n)); }
  bool once_in(Index n) { return below(n) == 0; }

  Axis axis() {
    if (once_in(3)) return Axis::lower(1 + below(8));
    return Axis::all(once_in(9) ? below(300) : once_in(4) ? below(4) : below(60));
  }

  Product product(const Axis &rows, const Axis &cols) {
    Product p;
    p.labels = static_cast<int>(below(7)), p.scale = static_cast<double>(below(5) - 2);
    for (int q = 0; q < p.labels; ++q)
      p.extent[static_cast<std::size_t>(q)] = once_in(40) ? 0 : once_in(2) ? 1 + below(4) : 1 + below(9);
    p.row = map(p, rows.triangle ? rows.triangle * rows.triangle : rows.size);
    p.col = map(p, cols.triangle ? cols.triangle * cols.triangle : cols.size);
    const Index factors = once_in(10) ? 9 + below(4) : below(5);
    for (Index f = 0; f < factors; ++f)
      p.factors.push_back({static_cast<int>(below(3)), map(p, entries)});
    return p;
  }

  /// Whether the reference is fast enough for the product.
  static bool small(const Product &p) {
    return std::accumulate(p.extent.begin(), p.extent.begin() + p.labels, 1.0, std::multiplies<>()) < 5000;
  }
  static constexpr Index entries = 200;

private:
  /// A random map with values in [0, size). Either its strides nest in a random order, or they are arbitrary, of either
  /// sign, as far as they fit.
  AffineMap map(const Product &p, Index size) {
    AffineMap result;
    std::vector<std::size_t> order(static_cast<std::size_t>(p.labels));
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::shuffle(order.begin(), order.end(), random_);
    const bool nests = !once_in(4);
    Index reach = 0;
    for (const std::size_t q : order) {
      if (once_in(2)) continue;
      const Index stride = nests ? reach + (once_in(8) ? 2 : 1) : 1 + below(4), span = stride * (p.extent[q] - 1);
      if (reach + span >= size) continue;
      reach += std::max<Index>(span, 0);
      const bool back = once_in(5);
      result.stride[q] = back ? -stride : stride;
      if (back) result.offset += span;
    }
    result.offset += size > reach ? below(size - reach) : 0;
    return result;
  }
  std::mt19937_64 random_;
};

TEST(CudaEmission, RandomEmissions) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Random random(seed);
    Emission emission{random.axis(), random.axis(), {}};
    for (Index k = random.below(5); k > 0; --k) {
      const Product p = random.product(emission.rows, emission.cols);
      if (Random::small(p)) emission.products.push_back(p);
    }
    const Buffers buffers = integer_buffers({Random::entries, Random::entries, Random::entries});
    Window w{0, 0, emission.rows.size, emission.cols.size, random.below(3), random.below(4)};
    if (random.once_in(2)) {
      w.first_row = random.below(w.rows + 1), w.first_col = random.below(w.cols + 1);
      w.rows = random.below(w.rows - w.first_row + 1), w.cols = random.below(w.cols - w.first_col + 1);
    }
    expect_reference(emission, buffers, w);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

} // namespace
} // namespace kronvec::testing

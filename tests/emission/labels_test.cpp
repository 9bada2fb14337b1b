/// The algebra of labels: rewritten products mean the same.

#include "devices/backend.hpp"
#include "emission/cost.hpp"
#include "emission/flatten.hpp"
#include "emission/labels.hpp"
#include "emission/print.hpp"
#include "tests/devices/product.hpp"
#include "tests/testing.hpp"

#include <random>

namespace kronvec::testing {
namespace {

using M = Matrix<double>;

/// Y, from the definition.
M meaning(const Emission &e) {
  const M buffers[] = {M::random(4000, 1, 1), M::random(4000, 1, 2), M::random(4000, 1, 3)};
  M y(e.rows.size, e.cols.size);
  Device::reference().backend().primitives(0.0).emitter(e)->run(std::array{Buffer<double>(buffers[0].data() + 2000),
                                                                           Buffer<double>(buffers[1].data() + 2000),
                                                                           Buffer<double>(buffers[2].data() + 2000)},
                                                                0, 0, y.view());
  return y;
}

M meaning(std::vector<Product> products) { return meaning({Axis::all(60), Axis::all(40), std::move(products)}); }

/// Products of up to five labels with small strides of either sign; some labels continue others.
Product random_product(std::mt19937_64 &engine) {
  const auto below = [&](Index n) { return static_cast<Index>(engine() % static_cast<std::uint64_t>(n)); };
  Product p{.labels = static_cast<int>(below(6)), .scale = 0.5 + double(below(4))};
  for (int q = 0; q < p.labels; ++q)
    p.extent[q] = 1 + below(4);
  const auto strides = [&](AffineMap &map, Index most) {
    for (int q = 0; q < p.labels; ++q) {
      map.stride[q] = below(2) ? below(2 * most + 1) - most : 0;
      if (q > 0 && below(2)) map.stride[q] = map.stride[q - 1] * p.extent[q - 1];
    }
  };
  strides(p.row, 3), strides(p.col, 2);
  p.row.offset = 30, p.col.offset = 20;
  for (Index f = below(4); f > 0; --f)
    strides(p.factors.emplace_back(Product::Factor{static_cast<int>(below(3)), {}}).map, 5);
  return p;
}

TEST(Labels, RewrittenProductsMeanTheSame) {
  int fused = 0, written_out = 0;
  for (std::uint64_t round = 0; round < 400; ++round) {
    std::mt19937_64 engine(round);
    const Product p = random_product(engine);
    const M y = meaning({p});
    Product short_one = p, turned = p;
    fuse(short_one);
    for (int q = 0; q < p.labels; q += 2)
      flip(turned, q);
    EXPECT_TRUE(near(meaning({short_one}), y, 1e-13)) << round;
    EXPECT_TRUE(near(meaning({turned}), y, 1e-13)) << round;
    EXPECT_TRUE(near(meaning({simplified(p)}), y, 1e-13)) << round;
    const auto all = without_sums(p);
    EXPECT_EQ(static_cast<Index>(all.size()), sum_values(p)) << round;
    EXPECT_TRUE(near(meaning(all), y, 1e-13)) << round;
    fused += short_one.labels<p.labels, written_out += all.size()> 1;
  }
  EXPECT_GT(fused, 50);
  EXPECT_GT(written_out, 50);
}

TEST(Labels, SimplifiedProductsHaveFewLabels) {
  // a + 2·b + 6·c is one label; d has extent 1; e multiplies.
  const Product p = product({2, 3, 4, 1, 5}, {1, 2, 6, 7, 0}, {0, 0, 0, 0, 0}, {{0, {2, 4, 12, 1, 0}}}, 3);
  const Product s = simplified(p);
  EXPECT_EQ(s.labels, 1);
  EXPECT_EQ(s.extent[0], 24);
  EXPECT_EQ(s.row.stride[0], 1);
  EXPECT_EQ(s.factors[0].map.stride[0], 2);
  EXPECT_EQ(s.scale, 15);
}

TEST(Labels, StridesNestIfEachExceedsTheRangeOfTheSmallerOnes) {
  Nesting nesting;
  EXPECT_TRUE(nesting.take(1, 4)); // 0 … 3
  EXPECT_FALSE(nesting.take(3, 2));
  EXPECT_TRUE(nesting.take(4, 5)); // 0 … 19
  EXPECT_FALSE(nesting.take(19, 2));
  EXPECT_TRUE(nesting.take(20, 2));
}

TEST(Labels, TheCheapestSplitIsFound) {
  const double sizes[] = {5, 1, 3, 9};
  const auto cost = [&](unsigned split) -> std::optional<Index> { // |sum of side 0 − sum of side 1|
    double difference = 0;
    for (unsigned f = 0; f < 4; ++f)
      difference += split >> f & 1 ? -sizes[f] : sizes[f];
    return static_cast<Index>(std::abs(difference));
  };
  EXPECT_EQ(cheapest_split(4, true, cost), 0b111u); // 9 on one side, 5 + 1 + 3 on the other
  EXPECT_EQ(cheapest_split(1, true, cost), std::nullopt);
  EXPECT_EQ(cheapest_split(1, false, cost), 0u);
  EXPECT_EQ(cheapest_split(4, true, [](unsigned) { return std::optional<Index>(); }), std::nullopt);
}

TEST(Labels, FlattenedResultsAreTheSameInMemory) {
  // 2 rows, 6·20 columns: J[i, k + 6·l] = A[i + 2·k] · B[l].
  const Emission e{
      Axis::all(2), Axis::all(120), {product({2, 6, 20}, {1, 0, 0}, {0, 1, 6}, {{0, {1, 2, 0}}, {1, {0, 0, 1}}})}};
  const auto flat = flattened(e, 8, 96);
  ASSERT_TRUE(flat);
  EXPECT_EQ(flat->columns, 6);
  const M y = meaning(e), z = meaning(flat->emission);
  ASSERT_EQ(z.shape(), (Shape{12, 20}));
  for (Index i = 0; i < 240; ++i)
    EXPECT_EQ(y.data()[i], z.data()[i]) << i;
  EXPECT_FALSE(flattened(e, 8, 16)) << "long enough";
}

TEST(Labels, CostsCountWhatIsWritten) {
  // J of A·X·B: m·n·r·k entries, each one product.
  const Product terms = product({2, 3, 4, 5}, {1, 0, 2, 0}, {0, 1, 0, 3}, {{0, {1, 2, 0, 0}}, {1, {0, 0, 5, 1}}});
  const Cost once = cost_of({Axis::all(8), Axis::all(15), {terms}});
  EXPECT_EQ(once.flops, 120);
  EXPECT_EQ(once.written, 120);
  EXPECT_EQ(once.time, 120);
  const Cost twice = cost_of({Axis::all(8), Axis::all(15), {terms, terms}});
  EXPECT_EQ(twice.written, 120);
  EXPECT_EQ(twice.flops, 360) << "120 each, and 120 additions";
  EXPECT_GT(cost_of({Axis::all(8), Axis::all(150), {terms}}).time, once.time) << "zeros take time too";
}

TEST(Labels, EmissionsPrintInIndexNotation) {
  const auto name = [](int buffer) { return std::string(1, static_cast<char>('A' + buffer)); };
  const Product terms = product({2, 3, 4}, {1, 0, 0}, {0, 1, 0}, {{0, {1, 0, 2}}, {1, {0, 4, 1}}}, 2);
  EXPECT_EQ(in_index_notation("J", {Axis::all(2), Axis::all(3), {terms, terms}}, name),
            "  J[i, k] = Σ_u 2 · A[i + 2·u] · B[u + 4·k]\n  J[i, k] += Σ_u 2 · A[i + 2·u] · B[u + 4·k]\n");
  EXPECT_EQ(in_index_notation("T", {Axis::lower(2), Axis::all(1), {}}, name), "  T = 0\n");
}

} // namespace
} // namespace kronvec::testing

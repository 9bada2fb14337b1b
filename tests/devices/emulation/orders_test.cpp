/// Linear algebra of the CUDA device compared with the reference, with the emulated threads and blocks in every order,
/// and with so few blocks that each has many tasks. A result that depends on either shows a race. Numbers are small
/// integers, and results are exact.

#include "devices/cuda/module.hpp"
#include "devices/emulation/emulator.hpp"
#include "kronvec/device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kronvec::testing {
namespace {

using emulation::Order;

/// Values in a device's memory. The last value lies at the end of a block, so the address sanitizer detects reads
/// beyond it; so does the emulator, if they cross a page.
template <class T> struct InMemory {
  Pool::Block block;
  T *data;

  InMemory(const Backend &device, const std::vector<T> &values) {
    const std::size_t bytes = values.size() * sizeof(T), room = Pool::block_size(std::max<std::size_t>(bytes, 1 << 14));
    block = device.pool().take(room);
    data = reinterpret_cast<T *>(static_cast<char *>(block.data()) + room - bytes);
    device.transfer(data, bytes, values.data(), bytes, bytes, 1);
  }
};

/// The contents of y, and of a margin around it, after work(device, x, y, index), for small integers in x.
std::vector<double> result_of(const Backend &device, Index entries_x, Index entries_y, const auto &work) {
  constexpr Index margin = 64;
  std::vector<double> x(static_cast<std::size_t>(entries_x)), y(static_cast<std::size_t>(entries_y + 2 * margin));
  std::vector<Index> index(x.size());
  for (std::size_t k = 0; k < x.size(); ++k)
    x[k] = static_cast<double>(k * k % 7) - 3, index[k] = static_cast<Index>(k * k % 11);
  const InMemory from(device, x), to(device, y);
  const InMemory rows(device, index);
  work(device, from.data, to.data + margin, static_cast<const Index *>(rows.data));
  const std::size_t bytes = y.size() * sizeof(double);
  device.transfer(y.data(), bytes, to.data, bytes, bytes, 1);
  return y;
}

/// The first difference, or "".
std::string difference(const std::vector<double> &result, const std::vector<double> &expected) {
  const auto [r, e] = std::mismatch(result.begin(), result.end(), expected.begin(), expected.end());
  if (r == result.end()) return "";
  return fmt::format("entry {} is {} instead of {}", r - result.begin(), *r, *e);
}

/// The emulated device gives the same result as the other one, in every order, and if a few blocks have all the tasks.
void expect_result_of(const Backend &other, Index entries_x, Index entries_y, const auto &work) {
  const auto expected = result_of(other, entries_x, entries_y, work);
  for (const std::int64_t blocks : {1 << 20, 2, 1})
    for (const auto &[order, seed] :
         {std::pair(Order::forward, 1u), {Order::reverse, 1u}, {Order::random, 1u}, {Order::random, 2u}}) {
      emulation::settings() = {order, seed, blocks};
      const std::unique_ptr<Backend> device(kronvec_cuda_backend(0, nullptr));
      EXPECT_EQ(difference(result_of(*device, entries_x, entries_y, work), expected), "")
          << "at most " << blocks << " blocks, order " << static_cast<int>(order) << ", seed " << seed;
      emulation::settings() = {};
    }
}
void expect_reference(Index entries_x, Index entries_y, const auto &work) {
  expect_result_of(reference_backend(), entries_x, entries_y, work);
}

using View = BatchView<double>;
using In = BatchView<const double>;

/// `count` items of rows×cols. `gap` is ld − rows; `start` is the number of entries before the first.
struct Shape {
  Index rows, cols, count, gap = 1, start = 1;

  Index ld() const { return rows + gap; }
  Index entries() const { return start + ld() * cols * count - gap; }
  template <class T> BatchView<T> at(T *memory) const { return {memory + start, rows, cols, ld(), count, ld() * cols}; }
  Shape transposed() const { return {cols, rows, count, gap, start}; }
};

/// In 16-byte runs and not; tiles, strips and many small items, all of them cut off at the end.
TEST(EmulatedOrders, Transposes) {
  for (const Shape &shape :
       {Shape{68, 70, 2, 2, 0}, {33, 65, 2}, {5, 300, 2}, {300, 5, 2}, {5, 7, 60}, {4, 6, 60, 2, 2}})
    expect_reference(shape.entries(), shape.transposed().entries(),
                     [&](const Backend &device, double *x, double *y, auto) {
                       device.primitives(0.0).transpose(In(shape.at(x)), shape.transposed().at(y));
                     });
  for (const Shape &shape : {Shape{68, 68, 2, 2, 0}, {35, 35, 2}})
    expect_reference(shape.entries(), shape.entries(), [&](const Backend &device, double *x, double *y, auto) {
      device.primitives(0.0).copy(In(shape.at(x)), shape.at(y));
      device.primitives(0.0).transpose(In(shape.at(y)), shape.at(y));
    });
}

TEST(EmulatedOrders, Triangles) {
  const Index n = 70;
  for (const Triangle t : {Triangle{true, true}, {true, false}, {false, true}, {false, false}})
    for (const auto &factors : {std::pair(1.0, 0.0), {0.0, 1.0}, {2.0, 3.0}}) {
      const double near = factors.first, mirrored = factors.second;
      const Shape square{n, n, 2}, packed{t.entries(n), 1, 2};
      expect_reference(square.entries(), packed.entries(), [&](const Backend &device, double *x, double *y, auto) {
        device.primitives(0.0).pack_triangle(t, near, mirrored, In(square.at(x)), packed.at(y));
      });
      expect_reference(packed.entries(), square.entries(), [&](const Backend &device, double *x, double *y, auto) {
        device.primitives(0.0).unpack_triangle(t, near, mirrored, In(packed.at(x)), square.at(y));
      });
    }
}

/// The longer one runs first and leaves keys behind those of the other.
TEST(EmulatedOrders, RowsByIndices) {
  const Shape few{11, 10, 3}, many{300, 10, 3}, more{320, 9, 3};
  expect_reference(many.entries(), few.entries(), [&](const Backend &device, double *x, double *y, const Index *index) {
    device.primitives(0.0).scatter_rows({index, 320}, In(more.at(x)), few.at(y));
    device.primitives(0.0).scatter_rows({index, 300}, In(many.at(x)), few.at(y));
  });
  expect_reference(many.entries(), many.entries(),
                   [&](const Backend &device, double *x, double *y, const Index *index) {
                     device.primitives(0.0).gather_rows({index, 300}, In(many.at(x)), many.at(y));
                   });
}

/// One block per item, and several blocks per item.
TEST(EmulatedOrders, Sums) {
  for (const Shape &shape : {Shape{30, 20, 5}, {300, 1, 4, 0, 0}, {257, 150, 3}, {38001, 1, 2, 0, 0}}) {
    const Shape sums{1, 1, shape.count};
    expect_reference(shape.entries(), sums.entries(), [&](const Backend &device, double *x, double *y, auto) {
      device.primitives(0.0).inner(In(shape.at(x)), In(shape.at(x)), sums.at(y));
    });
  }
}

TEST(EmulatedOrders, LargestEntriesAndNorms) {
  const Shape columns{300, 3, 2}, largest{1, 3, 2}, square{300, 300, 2}, norms{2, 1, 1};
  expect_reference(columns.entries(), largest.entries(), [&](const Backend &device, double *x, double *y, auto) {
    device.primitives(0.0).column_shift(In(columns.at(x)), largest.at(y));
  });
  const Shape long_columns{40000, 1, 2}, roots{1, 1, 2}; // in several pieces
  expect_reference(long_columns.entries(), roots.entries(), [&](const Backend &device, double *x, double *y, auto) {
    device.primitives(0.0).fill(3, long_columns.at(x)); // sums of squares are exact in any order
    device.primitives(0.0).norm2(In(long_columns.at(x)), roots.at(y));
  });
  expect_reference(square.entries(), norms.entries(), [&](const Backend &device, double *x, double *y, auto) {
    const View items = square.at(x);
    device.primitives(0.0).fill(50, {items.data + 299 * items.ld, 1, 1, 1, 2, items.stride}); // in the last column
    const auto found = device.primitives(0.0).one_norms(In(items));
    device.transfer(y, 16, found.data(), 16, 16, 1);
  });
}

/// Twice a cyclic permutation, whose factors are exact: many small items, and a large one, which cuSOLVER factors
/// alone.
TEST(EmulatedOrders, FactorsAndDeterminants) {
  for (const Shape &shape : {Shape{2, 2, 300, 0, 0}, {257, 257, 1, 0, 0}}) {
    const Index n = shape.rows;
    const Shape factors{n, n + 3, shape.count, 0, 0}, column{n, 1, shape.count}, number{1, 1, shape.count};
    std::vector<double> values(static_cast<std::size_t>(shape.entries()));
    for (Index b = 0; b < shape.count; ++b)
      for (Index j = 0; j < n; ++j)
        shape.at(values.data())[b]((j + b) % n, j) = 2;
    const Index entries = column.entries() + shape.entries() + factors.entries();
    expect_reference(entries, column.entries() + number.entries(),
                     [&](const Backend &device, double *x, double *y, auto) {
                       const auto &algebra = device.primitives(0.0);
                       double *const a = x + column.entries();
                       const std::size_t bytes = values.size() * sizeof(double);
                       device.transfer(a, bytes, values.data(), bytes, bytes, 1);
                       const View f = factors.at(a + shape.entries());
                       algebra.lu(In(shape.at(a)), true, f);
                       algebra.lu_solve(Op::none, In(f), In(column.at(x)), column.at(y));
                       algebra.determinant(Determinant::value, In(f), number.at(y + column.entries()));
                     });
  }
}

/// A chain with two links and two results.
TEST(EmulatedOrders, Chains) {
  kernels::Chain<double> chain{.inputs = 1, .links = 2, .outputs = 2};
  chain.link[0] = {.kind = kernels::Link<double>::Kind::affine, .alpha = 2, .beta = 1};
  chain.link[1] = {.kind = kernels::Link<double>::Kind::add, .a = 1, .b = 0, .alpha = 1, .beta = 3};
  chain.output[0] = 1, chain.output[1] = 2;
  for (const Shape &shape : {Shape{33, 20, 2}, {1000, 1, 1, 0, 0}})
    expect_reference(shape.entries(), 2 * shape.entries(), [&](const Backend &device, double *x, double *y, auto) {
      const In input = shape.at(x);
      const View results[] = {shape.at(y), shape.at(y + shape.entries())};
      device.primitives(0.0).chain(chain, {&input, 1}, results);
    });
}

/// Each list of factors in slices. The factors lie at the end of X.
TEST(EmulatedOrders, KroneckerProducts) {
  using Factor = KroneckerFactor<double>;
  struct Size {
    Index p, q; ///< q = 0: the identity with p rows
  };
  const std::pair<std::vector<Size>, Index> lists[] = {
      {{{8, 8}, {8, 8}, {8, 8}}, 3},     {{{3, 2}, {5, 7}, {2, 9}}, 3}, {{{16, 16}, {16, 16}, {16, 16}}, 3},
      {{{33, 34}, {3, 2}, {17, 18}}, 3}, {{{64, 63}, {2, 5}}, 15},      {{{3, 5}, {2, 3}}, 1001},
      {{{3, 5}, {3000, 0}, {5, 3}}, 1}};
  for (const auto &[list, columns] : lists) {
    Index rows = 1, cols = 1;
    for (const auto &[p, q] : list)
      rows *= p, cols *= q ? q : p;
    SCOPED_TRACE(fmt::format("{}×{}, {} columns", rows, cols, columns));
    const Index entries = cols * columns;
    const auto work = [&, &sizes = list, k = columns](const Backend &device, const double *x, double *y, auto) {
      std::vector<Factor> factors;
      for (const auto &[p, q] : sizes)
        factors.push_back(q ? Factor{MatrixView<const double>(x + entries - p * q, p, q), Op::none, 0}
                            : Factor::identity(p));
      const auto &algebra = device.primitives(0.0);
      const Index room = algebra.kronecker_workspace(factors, k);
      const Pool::Block workspace = device.pool().take(static_cast<std::size_t>(room) * sizeof(double));
      algebra.kronecker(1, factors, MatrixView<const double>(x, cols, k), 2, MatrixView<double>(y, rows, k),
                        {static_cast<double *>(workspace.data()), static_cast<std::size_t>(room)});
    };
    expect_result_of(Device::cpu().backend(), entries, rows * columns, work);
  }
}

} // namespace
} // namespace kronvec::testing

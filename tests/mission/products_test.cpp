/// The purpose of the library, tested through its public interface on every device of this machine: K[m,n]·vec A, (Bᵀ ⊗
/// A)·vec X and Diag(vec A)·vec X here, the Jacobians built from them in mission_jacobians_test.cpp. Results are
/// correct on every shape, and memory stays within the bounds stated here. A change that weakens one of these
/// statements is not an improvement.

#include "tests/mission/mission.hpp"

#include "bench/process_memory.hpp"
#include "kronvec/commutation.hpp"
#include "kronvec/hadamard.hpp"
#include "kronvec/kronecker.hpp"
#include "kronvec/operators.hpp"

#include <algorithm>
#include <complex>

namespace kronvec::testing {
namespace {

// Commutation.

struct Commuted {
  Index m, n, columns;
};
constexpr Commuted commuted[] = {
    {1, 1, 1},  {1, 7, 3},    {7, 1, 3},    {0, 5, 2},     {5, 0, 2},    {4, 6, 0},
    {5, 5, 33}, {31, 37, 1},  {37, 31, 5},  {2, 1009, 3},  {1009, 2, 3}, {64, 64, 2},
    {8, 4, 65}, {3, 5003, 1}, {5003, 3, 1}, {127, 129, 2}, {300, 200, 1}}; // 28.8 GB in double

/// Row j + n·i of vec Aᵀ is entry (i, j) of A, at i + m·j of vec A.
template <class T> Table commute(const Matrix<T> &a, Index m, Index n) {
  return textbook::tabulate(m * n, a.cols(), [&](Index r, Index c) { return Scalar(a(r / n + m * (r % n), c)); });
}

TEST(Mission, CommutationMovesEntriesAndHoldsNothing) {
  each<float, double>([](auto zero, Device device) {
    using T = decltype(zero);
    for (const Commuted &size : commuted) {
      const Index m = size.m, n = size.n, columns = size.columns;
      SCOPED_TRACE(where(device, {m, n, columns}));
      const Matrix<T> a = Matrix<T>::random(m * n, columns, 1), z = Matrix<T>::random(columns, m * n, 2),
                      a_there = a.to(device), z_there = z.to(device);
      Matrix<T> y(m * n, columns, device), w(columns, m * n, device), turned(n, m, device);
      EXPECT_EQ(fresh_peak_of(device, [&] { commute_rows<T>(m, n, a_there, y, device); }), 0u);
      EXPECT_EQ(fresh_peak_of(device, [&] { commute_columns<T>(m, n, z_there, w, device); }), 0u);
      EXPECT_TRUE(is_exactly(y, commute(a, m, n)));
      // Column i + m·j of Z·K is column j + n·i of Z.
      EXPECT_TRUE(is_exactly(
          w, textbook::tabulate(columns, m * n, [&](Index r, Index c) { return Scalar(z(r, c / m + n * (c % m))); })));
      if (columns == 0) continue;
      const MatrixView<const T> first(a_there.data(), m, n);
      EXPECT_EQ(fresh_peak_of(device, [&] { transpose<T>(first, turned, device); }), 0u);
      EXPECT_TRUE(
          is_exactly(turned, textbook::tabulate(n, m, [&](Index j, Index i) { return Scalar(a(i + m * j, 0)); })));
    }
  });
}

TEST(Mission, ASquareIsTransposedInPlace) {
  each<float, double>([](auto zero, Device device) {
    using T = decltype(zero);
    for (const Index n : {1, 2, 31, 64, 127, 260}) {
      const Matrix<T> a = Matrix<T>::random(n, n, 1);
      Matrix<T> there = a.to(device);
      EXPECT_EQ(fresh_peak_of(device, [&] { transpose<T>(there, there, device); }), 0u) << where(device, {n});
      EXPECT_TRUE(is_exactly(there, textbook::transpose(textbook::widen(a)))) << where(device, {n});
    }
  });
}

TEST(Mission, TheOperatorKIsAppliedByIndex) {
  each<float, double, std::complex<float>, std::complex<double>>([](auto zero, Device device) {
    using T = decltype(zero);
    for (const Commuted &size : commuted) {
      const Index m = size.m, n = size.n, columns = size.columns;
      SCOPED_TRACE(where(device, {m, n, columns}));
      const Operator<T> k = kronvec::commutation<T>(m, n, device);
      const Matrix<T> a = Matrix<T>::random(m * n, columns, 1), a_there = a.to(device);
      Matrix<T> y(m * n, columns, device), back(m * n, columns, device);
      EXPECT_EQ(fresh_peak_of(device, [&] { k.apply(a_there, y), k.transpose().apply(y, back); }), 0u);
      EXPECT_TRUE(is_exactly(y, commute(a, m, n)));
      EXPECT_TRUE(is_exactly(back, textbook::widen(a)));
    }
  });
}

// Kronecker products: A is m×k, X is k×l, B is l×n.

struct TwoSided {
  Index m, k, l, n, columns;
  Index cols() const { return l * k; }
  Index rows() const { return n * m; }
};
constexpr TwoSided two_sided[] = {{1, 1, 1, 1, 1},   {1, 7, 5, 1, 3},      {7, 1, 1, 5, 3},   {0, 3, 2, 4, 2},
                                  {3, 0, 2, 4, 2},   {3, 4, 0, 2, 2},      {3, 4, 2, 0, 2},   {3, 4, 2, 5, 0},
                                  {5, 3, 7, 11, 9},  {31, 37, 2, 3, 1},    {2, 3, 41, 43, 5}, {97, 2, 3, 89, 2},
                                  {2, 97, 89, 3, 2}, {16, 16, 16, 16, 33}, {1, 501, 3, 2, 1}, {150, 140, 141, 139, 1}};

/// Bytes that a product may hold in addition to operands and result: `between` entries of intermediate results; on the
/// CPU also a copy of the factors, their rows padded to vectors, and for each thread a slice of X in the first-level
/// cache.
template <class T> std::size_t kronecker_room(Device device, Index between, std::initializer_list<Shape> factors) {
  std::size_t room = workspace_bytes<T>(between);
  if (device != Device::cpu()) return room;
  for (const Shape &f : factors)
    room += workspace_bytes<T>((f.rows + 15) * f.cols);
#ifdef _OPENMP
  return room + static_cast<std::size_t>(omp_get_max_threads()) * (64 << 10);
#else
  return room + (64 << 10);
#endif
}

/// The operands, and (Bᵀ ⊗ A)·X by plain loops, column by column as A·unvec(x)·B.
template <class T> struct KroneckerProblem {
  Matrix<T> a, b, bt, x;
  Table expected, magnitude;

  explicit KroneckerProblem(const TwoSided &s)
      : a(Matrix<T>::random(s.m, s.k, 1)), b(Matrix<T>::random(s.l, s.n, 2)), bt(s.n, s.l),
        x(Matrix<T>::random(s.cols(), s.columns, 3)), expected(s.rows(), s.columns), magnitude(s.rows(), s.columns) {
    for (Index j = 0; j < s.n; ++j)
      for (Index i = 0; i < s.l; ++i)
        bt(j, i) = b(i, j);
    const Table left = textbook::widen(a), right = textbook::widen(b), all = textbook::widen(x);
    for (Index c = 0; c < s.columns; ++c) {
      const Table one = textbook::unvec(textbook::block(all, 0, c, s.cols(), 1), s.k, s.l);
      fill(expected, c, left * one * right);
      fill(magnitude, c, textbook::magnitudes(left) * textbook::magnitudes(one) * textbook::magnitudes(right));
    }
  }
  static void fill(Table &into, Index column, const Table &from) {
    std::copy(from.entries.begin(), from.entries.end(), into.entries.begin() + column * into.rows);
  }
  ::testing::AssertionResult is(const Matrix<T> &result) const {
    const double error = textbook::error_of<T>(static_cast<double>(a.cols() + b.rows()));
    return textbook::within(textbook::widen(result), expected,
                            [&](Index i, Index j) { return error * magnitude(i, j).real(); });
  }
};

TEST(Mission, KroneckerProductsHoldOneProductBetweenTheFactors) {
  each<float, double, std::complex<float>, std::complex<double>>([](auto zero, Device device) {
    using T = decltype(zero);
    for (const TwoSided &s : two_sided) {
      if (device == Device::reference() && s.rows() > 10'000) continue; // it evaluates the entries one by one
      SCOPED_TRACE(where(device, {s.m, s.k, s.l, s.n, s.columns}));
      const KroneckerProblem<T> p(s);
      const Matrix<T> a = p.a.to(device), b = p.b.to(device), bt = p.bt.to(device), x = p.x.to(device);
      Matrix<T> y(s.rows(), s.columns, device), by_operator(s.rows(), s.columns, device);
      const std::size_t room =
          kronecker_room<T>(device, std::max(s.m * s.l, s.k * s.n) * s.columns, {{s.n, s.l}, {s.m, s.k}});
      EXPECT_LE(fresh_peak_of(device, [&] { kronecker_apply<T>(1, {bt, a}, x, 0, y, device); }), room);
      EXPECT_TRUE(p.is(y));
      const Operator<T> both = kronvec::kron<T>({Operator<T>(p.bt.to(device)), Operator<T>(p.a.to(device))});
      EXPECT_LE(fresh_peak_of(device, [&] { both.apply(x, by_operator); }), room);
      EXPECT_TRUE(p.is(by_operator));
      Matrix<T> given(both.workspace(s.columns), 1, device);
      EXPECT_EQ(fresh_peak_of(device, [&] { both.apply(1, x, 0, by_operator, given); }), 0u);
      EXPECT_TRUE(p.is(by_operator));
      if (s.columns != 1) continue;
      Matrix<T> one(s.rows(), 1, device);
      const MatrixView<const T> middle(x.data(), s.k, s.l);
      const MatrixView<T> sides(one.data(), s.m, s.n);
      EXPECT_LE(fresh_peak_of(device, [&] { multiply_both_sides<T>(a, middle, b, sides, device); }),
                workspace_bytes<T>(std::max(s.m * s.l, s.k * s.n)));
      EXPECT_TRUE(p.is(one));
    }
  });
}

/// (F ⊗ F ⊗ F ⊗ F)·X by plain loops, one dimension of the tensors in X after another.
template <class T> Table fourth_power(const Matrix<T> &f, const Matrix<T> &x) {
  const Index n = f.rows();
  Table from = textbook::widen(x);
  for (Index step = 1; step < from.rows; step *= n)
    from = textbook::tabulate(from.rows, from.cols, [&](Index e, Index c) {
      const Index i = e / step % n;
      Scalar sum = 0;
      for (Index q = 0; q < n; ++q)
        sum += static_cast<double>(f(i, q)) * from(e + (q - i) * step, c);
      return sum;
    });
  return from;
}

/// Integers from −2 to 2, so that every sum is exact.
TEST(Mission, ManyFactorsHoldTwoVectors) {
  each<float, double>([](auto zero, Device device) {
    using T = decltype(zero);
    const Index n = 6, size = n * n * n * n, columns = 3;
    Matrix<T> f(n, n), x(size, columns);
    for (Index i = 0; i < f.shape().size(); ++i)
      f.data()[i] = static_cast<T>(i * i % 5 - 2);
    for (Index i = 0; i < x.shape().size(); ++i)
      x.data()[i] = static_cast<T>(i * 7 % 11 % 5 - 2);
    const Matrix<T> f_there = f.to(device), x_there = x.to(device);
    Matrix<T> y(size, columns, device);
    const Shape square = f.shape();
    EXPECT_LE(fresh_peak_of(device,
                            [&] {
                              kronecker_apply<T>(1, {f_there, f_there, f_there, f_there}, x_there, 0, y, device);
                            }),
              kronecker_room<T>(device, 2 * size * columns, {square, square, square, square}));
    EXPECT_TRUE(is_exactly(y, fourth_power(f, x))) << device.name();
  });
}

// Diagonal matrices.

constexpr Shape diagonals[] = {{1, 1}, {1, 7}, {7, 1}, {0, 3}, {3, 0}, {31, 37}, {3, 5003}, {5003, 3}, {300, 200}};

TEST(Mission, HadamardProductsAreOnePassAndHoldNothing) {
  each<float, double>([](auto zero, Device device) {
    using T = decltype(zero);
    for (const Shape shape : diagonals) {
      const Index m = shape.rows, n = shape.cols;
      SCOPED_TRACE(where(device, {m, n}));
      const Matrix<T> a = Matrix<T>::random(m, n, 1), x = Matrix<T>::random(m, n, 2), r = Matrix<T>::random(m, 1, 3),
                      c = Matrix<T>::random(n, 1, 4), a_there = a.to(device), x_there = x.to(device),
                      r_there = r.to(device), c_there = c.to(device);
      Matrix<T> y(m, n, device), in_place = x.to(device), rows(m, n, device), columns(m, n, device);
      EXPECT_EQ(fresh_peak_of(device, [&] { hadamard<T>(a_there, x_there, y, device); }), 0u);
      EXPECT_EQ(fresh_peak_of(device, [&] { hadamard<T>(a_there, in_place, in_place, device); }), 0u);
      EXPECT_EQ(fresh_peak_of(device, [&] { scale_rows<T>(r_there, x_there, rows, device); }), 0u);
      EXPECT_EQ(fresh_peak_of(device, [&] { scale_columns<T>(x_there, c_there, columns, device); }), 0u);
      // A single rounding: all devices get the same entry.
      const auto entries = [&](const auto &entry) {
        return textbook::tabulate(m, n,
                                  [&](Index i, Index j) { return Scalar(static_cast<T>(entry(i, j) * x(i, j))); });
      };
      EXPECT_TRUE(is_exactly(y, entries([&](Index i, Index j) { return a(i, j); })));
      EXPECT_TRUE(is_exactly(in_place, entries([&](Index i, Index j) { return a(i, j); })));
      EXPECT_TRUE(is_exactly(rows, entries([&](Index i, Index) { return r(i, 0); })));
      EXPECT_TRUE(is_exactly(columns, entries([&](Index, Index j) { return c(j, 0); })));
    }
  });
}

TEST(Mission, TheOperatorDiagIsAppliedEntryByEntry) {
  each<float, double, std::complex<float>, std::complex<double>>([](auto zero, Device device) {
    using T = decltype(zero);
    for (const auto [m, n] : diagonals)
      for (const Index count : {1, 3}) {
        SCOPED_TRACE(where(device, {m, n, count}));
        const Matrix<T> a = Matrix<T>::random(m, n, 1), x = Matrix<T>::random(m * n, count, 2), there = x.to(device);
        const Operator<T> d = kronvec::diag<T>(a.to(device));
        Matrix<T> y(m * n, count, device);
        EXPECT_EQ(fresh_peak_of(device, [&] { d.apply(there, y); }), 0u);
        const Table expected =
            textbook::tabulate(m * n, count, [&](Index i, Index k) { return Scalar(a.data()[i]) * Scalar(x(i, k)); });
        EXPECT_TRUE(textbook::within(textbook::widen(y), expected, [&](Index i, Index k) {
          return textbook::error_of<T>(1) * std::abs(expected(i, k));
        }));
      }
  });
}

// Nothing of the operator's size exists anywhere, neither on the device nor in memory that the device does not count.

TEST(Mission, TheProcessHoldsNothingOfTheOperatorsSize) {
  constexpr Index m = 300, n = 200, size = m * n;
  constexpr double dense = 8.0 * size * size; // 28.8 GB
  for (const Device device : Device::all()) {
    if (device == Device::reference()) continue; // it evaluates the entries one by one
    const Matrix<double> a = Matrix<double>::random(m, m, 1).to(device), b = Matrix<double>::random(n, n, 2).to(device),
                         d = Matrix<double>::random(m, n, 3).to(device),
                         x = Matrix<double>::random(size, 1, 4).to(device);
    Matrix<double> y(size, 1, device);
    const MatrixView<const double> square(x.data(), m, n);
    const MatrixView<double> result(y.data(), m, n);
    bench::reset_process_peak();
    const double before = bench::process_bytes("VmHWM");
    ASSERT_GT(before, 0);
    commute_rows(m, n, x, y, device);
    kronecker_apply(1, {b, a}, x, 0, y, device);
    multiply_both_sides(a, square, b, result, device);
    hadamard(d, square, result, device);
    device.synchronize();
    EXPECT_LT(bench::process_bytes("VmHWM") - before, dense / 200) << device.name();
  }
}

} // namespace
} // namespace kronvec::testing

/// Operators compared with the matrices that they represent, with every function, on every device.

#include "tests/algebra/operator_cases.hpp"

#include <limits>

namespace kronvec::testing {
namespace {

using textbook::error_of;
using textbook::Scalar;
using textbook::within;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
/// The number for complex types, its real part for real ones.
template <class T> Scalar number(double re, double im) { return {re, std::is_floating_point_v<T> ? 0 : im}; }

Table all_nan(Index rows, Index cols) {
  return textbook::tabulate(rows, cols, [](Index, Index) { return nan; });
}
template <class T> Table random(Index rows, Index cols, std::uint64_t seed) {
  return textbook::widen(Matrix<T>::random(rows, cols, seed));
}

/// A window of a larger matrix on a device. The margin holds NaN.
template <class T> class Framed {
public:
  Framed(const Table &inner, Device device)
      : rows_(inner.rows), cols_(inner.cols), all_(textbook::narrow<T>(frame(inner), device)) {}
  MatrixView<T> view() { return all_.view().block(2, 1, rows_, cols_); }
  Table inner() const { return textbook::block(textbook::widen(all_), 2, 1, rows_, cols_); }
  bool margin_is_intact() const {
    const Table now = textbook::widen(all_);
    Index numbers = 0;
    for (const Scalar x : now.entries)
      numbers += !std::isnan(x.real());
    for (const Scalar x : inner().entries)
      numbers -= !std::isnan(x.real());
    return numbers == 0;
  }

private:
  static Table frame(const Table &inner) {
    return textbook::tabulate(inner.rows + 5, inner.cols + 2, [&](Index i, Index j) {
      const bool inside = i >= 2 && i < inner.rows + 2 && j >= 1 && j < inner.cols + 1;
      return inside ? inner(i - 2, j - 1) : Scalar(nan);
    });
  }
  Index rows_, cols_;
  Matrix<T> all_;
};

/// α·A·X + β·Y and its tolerance.
template <class T> struct Expected {
  Expected(const Case<T> &c, Scalar alpha, const Table &x, Scalar beta, const Table &y)
      : value(alpha * (c.exact.value * x)), bound(std::abs(alpha) * (c.exact.magnitude * textbook::magnitudes(x))),
        exact(static_cast<std::size_t>(value.rows), false), error(error_of<T>(c.exact.roundings + double(x.rows))) {
    if (beta != 0.) value = value + beta * y, bound = bound + std::abs(beta) * textbook::magnitudes(y);
    for (Index i = 0; i < value.rows; ++i)
      exact[static_cast<std::size_t>(i)] = alpha == 1. && beta == 0. && c.exact.copies(i);
  }
  ::testing::AssertionResult is(const Table &got) const {
    return within(got, value, [&](Index i, Index j) {
      return exact[static_cast<std::size_t>(i)] ? 0 : error * bound(i, j).real();
    });
  }
  Table value, bound;
  std::vector<bool> exact;
  double error;
};

/// Checks A's entries, or a window of them.
template <class T>::testing::AssertionResult is_window(const Table &got, const Case<T> &c, Index i0, Index j0) {
  const double error = c.exact.roundings == 0 ? 0 : error_of<T>(c.exact.roundings);
  return within(got, textbook::block(c.exact.value, i0, j0, got.rows, got.cols),
                [&](Index i, Index j) { return error * c.exact.magnitude(i0 + i, j0 + j).real(); });
}

template <class T> Case<T> adjoint(const Case<T> &c) {
  const Definition turned = transpose(c.exact);
  return {
      "adjoint of " + c.name, c.op.adjoint(), {textbook::conjugate(turned.value), turned.magnitude, turned.roundings}};
}

template <class T> class Operators : public ::testing::Test {
protected:
  /// Calls check(case, device) for all cases and devices.
  static void each(const auto &check) {
    for (const Device device : Device::all())
      for (const Case<T> &c : all_cases<T>(device)) {
        SCOPED_TRACE(device.name() + ": " + c.name + ", which is " + to_string(c.op.shape()));
        ASSERT_EQ(c.op.shape(), c.exact.value.shape());
        ASSERT_TRUE(c.op.device() == device);
        check(c, device);
      }
  }
};
TYPED_TEST_SUITE(Operators, Entries4);

template <class T> void expect_apply(const Case<T> &c, Index columns, Scalar alpha, Scalar beta) {
  SCOPED_TRACE(fmt::format("{} columns, β = {}", columns, beta.real()));
  const Device device = c.op.device();
  const Table x = random<T>(c.op.cols(), columns, 11);
  const Table y = beta == 0. ? all_nan(c.op.rows(), columns) : random<T>(c.op.rows(), columns, 12);
  const T a = textbook::narrow<T>(alpha), b = textbook::narrow<T>(beta);
  const Expected<T> expected(c, alpha, x, beta, y);
  Framed<T> x_there(x, device), y_there(y, device);
  c.op.apply(a, x_there.view(), b, y_there.view());
  EXPECT_TRUE(expected.is(y_there.inner()));
  EXPECT_TRUE(y_there.margin_is_intact());
  Matrix<T> packed = textbook::narrow<T>(y, device);
  c.op.apply(a, textbook::narrow<T>(x, device), b, packed);
  EXPECT_TRUE(expected.is(textbook::widen(packed)));
}

TYPED_TEST(Operators, Apply) {
  using T = TypeParam;
  this->each([](const Case<T> &c, Device) {
    for (const Index columns : {0, 1, 3, 65})
      expect_apply<T>(c, columns, 1, 0);
    expect_apply<T>(c, 3, number<T>(-2.5, 0.5), 0);
    expect_apply<T>(c, 3, 1, 1);
    expect_apply<T>(c, 3, number<T>(0.5, -1), number<T>(-1.5, 2));
    expect_apply<T>(c, 1, 0, number<T>(2, 1));
  });
}

TYPED_TEST(Operators, ApplyOfTransposeAndAdjoint) {
  using T = TypeParam;
  this->each([](const Case<T> &c, Device) {
    for (const Case<T> &turned : {transpose(c), adjoint(c), transpose(transpose(c)), adjoint(transpose(c))}) {
      SCOPED_TRACE(turned.name);
      ASSERT_EQ(turned.op.shape(), turned.exact.value.shape());
      expect_apply<T>(turned, 3, 1, 0);
      expect_apply<T>(turned, 1, number<T>(0.5, -1), number<T>(-1.5, 2));
    }
  });
}

TYPED_TEST(Operators, ApplyTransposeIsApplyOfTheTranspose) {
  using T = TypeParam;
  this->each([](const Case<T> &c, Device device) {
    const Table x = random<T>(c.op.rows(), 2, 3), y = random<T>(c.op.cols(), 2, 4);
    const Matrix<T> x_there = textbook::narrow<T>(x, device);
    EXPECT_TRUE(Expected<T>(transpose(c), 1, x, 0, y).is(textbook::widen(c.op.apply_transpose(x_there))));
    Matrix<T> out = textbook::narrow<T>(y, device);
    c.op.apply_transpose(T(2), x_there, T(3), out);
    EXPECT_TRUE(Expected<T>(transpose(c), 2, x, 3, y).is(textbook::widen(out)));
    c.op.apply_transpose(x_there, out);
    EXPECT_TRUE(Expected<T>(transpose(c), 1, x, 0, y).is(textbook::widen(out)));
  });
}

/// Applies with exactly the requested workspace, surrounded by guards.
template <class T> void expect_apply_in_workspace(const Case<T> &c, Device device, Index columns, Scalar beta) {
  const Index needed = c.op.workspace(columns), guard = 8;
  const Table x = random<T>(c.op.cols(), columns, 5), y = random<T>(c.op.rows(), columns, 6);
  const Matrix<T> x_there = textbook::narrow<T>(x, device);
  Matrix<T> y_there = textbook::narrow<T>(y, device);
  Matrix<T> room = textbook::narrow<T>(all_nan(needed + 2 * guard, 1), device);
  const T b = textbook::narrow<T>(beta);
  if (needed > 0 && beta != 0.) {
    EXPECT_THROW(c.op.apply(T(2), x_there, b, y_there, room.view().block(guard, 0, needed - 1, 1)), ShapeError);
  }
  if (!device.is_host()) { // transposed selections sort their indices in memory that the pool then keeps
    Matrix<T> first = textbook::narrow<T>(y, device);
    c.op.apply(T(2), x_there, b, first, room.view().block(guard, 0, needed, 1));
  }
  device.synchronize();
  device.reset_peak();
  const std::size_t held = device.bytes_in_use();
  c.op.apply(T(2), x_there, b, y_there, room.view().block(guard, 0, needed, 1));
  device.synchronize();
  if (c.name.find("function") == std::string::npos) {
    EXPECT_EQ(device.peak_bytes(), held);
  }
  EXPECT_TRUE(Expected<T>(c, 2, x, beta, y).is(textbook::widen(y_there)));
  const Table after = textbook::widen(room);
  for (Index i = 0; i < guard; ++i)
    EXPECT_TRUE(std::isnan(after(i, 0).real()) && std::isnan(after(guard + needed + i, 0).real())) << i;
}

TYPED_TEST(Operators, WorkspaceOfTheCaller) {
  using T = TypeParam;
  this->each([](const Case<T> &c, Device device) {
    for (const Index columns : {0, 1, 5})
      for (const double beta : {0., -1.5}) {
        SCOPED_TRACE(fmt::format("{} columns, β = {}", columns, beta));
        expect_apply_in_workspace<T>(c, device, columns, beta);
        expect_apply_in_workspace<T>(transpose(c), device, columns, beta);
      }
  });
}

TYPED_TEST(Operators, DenseForm) {
  using T = TypeParam;
  this->each([](const Case<T> &c, Device device) {
    for (const Case<T> &form : {c, transpose(c), adjoint(c)}) {
      SCOPED_TRACE(form.name);
      EXPECT_TRUE(is_window(textbook::widen(form.op.to_dense()), form, 0, 0));
      Framed<T> out(all_nan(form.op.rows(), form.op.cols()), device);
      form.op.to_dense(out.view());
      EXPECT_TRUE(is_window(out.inner(), form, 0, 0));
      EXPECT_TRUE(out.margin_is_intact());
    }
  });
}

TYPED_TEST(Operators, EntriesRowsColumnsBlocks) {
  using T = TypeParam;
  this->each([](const Case<T> &c, Device) {
    const Index m = c.op.rows(), n = c.op.cols(), step = m * n > 400 ? 17 : 1;
    const auto entry = [&](Index i, Index j) {
      return textbook::tabulate(1, 1, [&](Index, Index) { return c.op.entry(i, j); });
    };
    for (Index at = 0; at < m * n; at += step)
      EXPECT_TRUE(is_window(entry(at % m, at / m), c, at % m, at / m)) << at % m << ", " << at / m;
    for (Index i = 0; i < m; i += step)
      EXPECT_TRUE(is_window(textbook::widen(c.op.row(i)), c, i, 0)) << i;
    for (Index j = 0; j < n; j += step)
      EXPECT_TRUE(is_window(textbook::widen(c.op.column(j)), c, 0, j)) << j;
    for (const Index i : {Index(0), m / 3, m})
      for (const Index j : {Index(0), n / 2, n})
        EXPECT_TRUE(is_window(textbook::widen(c.op.block(i, j, (m - i) / 2, (n - j + 1) / 2)), c, i, j)) << i << j;
  });
}

TYPED_TEST(Operators, DiagonalTraceNorm) {
  using T = TypeParam;
  this->each([](const Case<T> &c, Device) {
    const Definition &exact = c.exact;
    const double all = error_of<T>(exact.roundings + static_cast<double>(exact.value.entries.size()));
    EXPECT_NEAR(c.op.norm(), textbook::norm(exact.value), all * textbook::norm(exact.magnitude));
    const Index n = c.op.rows();
    if (n != c.op.cols()) {
      EXPECT_THROW(c.op.trace(), ShapeError);
      EXPECT_THROW(c.op.diagonal(), ShapeError);
      return;
    }
    const double error = error_of<T>(exact.roundings + static_cast<double>(n));
    EXPECT_LE(std::abs(Scalar(c.op.trace()) - textbook::trace(exact.value)),
              error * textbook::trace(exact.magnitude).real());
    const Table diagonal = textbook::tabulate(n, 1, [&](Index i, Index) { return exact.value(i, i); });
    const Matrix<T> got = c.op.diagonal();
    EXPECT_TRUE(got.device() == c.op.device());
    EXPECT_TRUE(within(textbook::widen(got), diagonal, [&](Index i, Index) {
      return exact.roundings == 0 ? 0 : error * exact.magnitude(i, i).real();
    }));
  });
}

TYPED_TEST(Operators, SparseForm) {
  using T = TypeParam;
  this->each([](const Case<T> &c, Device) {
    const CsrMatrix<T> sparse = c.op.to_sparse();
    ASSERT_EQ((Shape{sparse.rows, sparse.cols}), c.op.shape());
    Table dense(sparse.rows, sparse.cols);
    for (Index i = 0; i < sparse.rows; ++i) {
      Index last = -1;
      for (auto n = static_cast<std::size_t>(sparse.row_start[static_cast<std::size_t>(i)]);
           n < static_cast<std::size_t>(sparse.row_start[static_cast<std::size_t>(i) + 1]); last = sparse.col[n++]) {
        ASSERT_GT(sparse.col[n], last);
        dense(i, sparse.col[n]) = Scalar(sparse.value[n]);
      }
    }
    EXPECT_TRUE(is_window(dense, c, 0, 0));
  });
}

/// (A ⊗ B ⊗ C)·x with A, B, C n×n holds at most three vectors of n³ entries, in addition to x and y.
TYPED_TEST(Operators, NothingOfTheOperatorsSizeIsHeld) {
  using T = TypeParam;
  for (const Device device : Device::all()) {
    const Index n = device == Device::cpu() ? 64 : device == Device::reference() ? 10 : 24;
    const Operator<T> a(Matrix<T>::random(n, n, 1).to(device)), cube = kronvec::kron_power(a, 3);
    const Matrix<T> x = Matrix<T>::random(n * n * n, 1, 2).to(device);
    const std::size_t vector = static_cast<std::size_t>(n * n * n) * sizeof(T);
    device.reset_peak();
    const std::size_t before = device.bytes_in_use();
    const Matrix<T> y = cube.apply(x), z = cube.transpose().apply(y);
    EXPECT_LE(device.peak_bytes() - before, 5 * vector) << device.name();
    const Operator<T> moved = kronvec::commutation<T>(n, n * n, device) * cube + T(2) * cube;
    device.reset_peak();
    moved.apply(x);
    EXPECT_LE(device.peak_bytes() - device.bytes_in_use(), 8 * vector) << device.name();
  }
}

} // namespace
} // namespace kronvec::testing

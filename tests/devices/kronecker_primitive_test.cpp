/// (F₁ ⊗ … ⊗ F_N)·X of every device compared with the product itself, formed entry by entry, on difficult shapes.

#include "tests/testing.hpp"

#include "devices/backend.hpp"
#include "devices/cpu/kronecker/plan.hpp"

#include <complex>
#include <cstring>
#include <fmt/format.h>
#include <limits>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace kronvec::testing {
namespace {

/// op(A) with rows×cols, stored with `margin` additional rows; or the identity.
struct Factor {
  Index rows, cols;
  bool is_identity = false;
  Op op = Op::none;
  Index margin = 0;
};
Factor square(Index n) { return {n, n}; }
Factor identity_of(Index n) { return {n, n, true}; }
Factor turned(Index rows, Index cols, Index margin = 0) { return {rows, cols, false, Op::transpose, margin}; }
Factor windowed(Index rows, Index cols, Index margin) { return {rows, cols, false, Op::none, margin}; }

struct Problem {
  std::vector<Factor> factors;
  Index columns = 3;
  Index x_margin = 0, y_margin = 0; ///< additional rows in memory of X and Y
  double alpha = 1, beta = 0;

  Index rows() const { return product_of(&Factor::rows); }
  Index cols() const { return product_of(&Factor::cols); }
  std::string name() const {
    std::string text;
    for (const Factor &f : factors)
      text += fmt::format("{}{}{}×{}{}", text.empty() ? "" : " ⊗ ", f.is_identity ? "I " : "", f.rows, f.cols,
                          f.op == Op::transpose ? "ᵀ" : "");
    return fmt::format("{}, {} columns, α = {}, β = {}", text, columns, alpha, beta);
  }

private:
  Index product_of(Index Factor::*side) const {
    Index n = 1;
    for (const Factor &f : factors)
      n *= f.*side;
    return n;
  }
};

template <class T> struct Types {
  using Real = T;
  using Wide = long double;
  static constexpr double constant = 4; ///< factor of the error bound
  static T make(double re, double) { return static_cast<T>(re); }
};
template <class R> struct Types<std::complex<R>> {
  using Real = R;
  using Wide = std::complex<long double>;
  static constexpr double constant = 4 * 2.83; // a product of complex entries has an error of up to 2√2·u
  static std::complex<R> make(double re, double im) { return {static_cast<R>(re), static_cast<R>(im)}; }
};

/// Normal numbers from a seed, in real and imaginary parts.
template <class T> Matrix<T> random(Index rows, Index cols, std::uint64_t seed) {
  const Matrix<double> re = Matrix<double>::random(rows, cols, seed), im = Matrix<double>::random(rows, cols, ~seed);
  Matrix<T> m(rows, cols);
  for (Index i = 0; i < rows * cols; ++i)
    m.data()[i] = Types<T>::make(re.data()[i], im.data()[i]);
  return m;
}

template <class T> MatrixView<T> top(Matrix<T> &m, Index rows) { return {m.data(), rows, m.cols(), m.ld()}; }
template <class T> MatrixView<const T> top(const Matrix<T> &m, Index rows) {
  return {m.data(), rows, m.cols(), m.ld()};
}

/// The operands of a problem in host memory, and the expected Y.
template <class T> class Checked {
  using Wide = typename Types<T>::Wide;
  using Real = typename Types<T>::Real;

public:
  explicit Checked(const Problem &p)
      : p_(p), x_(random<T>(p.cols() + p.x_margin, p.columns, 1)),
        y_(random<T>(p.rows() + p.y_margin, p.columns + 1, 2)) {
    for (std::size_t f = 0; f < p.factors.size(); ++f) {
      const auto [rows, cols, is_identity, op, margin] = p.factors[f];
      if (is_identity) {
        a_.push_back(Matrix<T>(0, 0));
      } else {
        a_.push_back(random<T>((op == Op::none ? rows : cols) + margin, op == Op::none ? cols : rows, 3 + f));
      }
    }
    if (p.beta == 0) std::fill_n(y_.data(), y_.rows() * y_.cols(), poison());
    expect();
  }

  /// Y with its margins, as computed by the device.
  Matrix<T> on(Device device) const {
    std::vector<Matrix<T>> there;
    std::vector<KroneckerFactor<T>> factors;
    for (std::size_t f = 0; f < a_.size(); ++f) {
      const Factor &factor = p_.factors[f];
      there.push_back(a_[f].to(device));
      const Index rows = factor.op == Op::none ? factor.rows : factor.cols;
      factors.push_back(factor.is_identity ? KroneckerFactor<T>::identity(factor.rows)
                                           : KroneckerFactor<T>{top(std::as_const(there.back()), rows), factor.op, 0});
    }
    const Matrix<T> x = x_.to(device);
    Matrix<T> y = y_.to(device);
    const auto &algebra = device.backend().primitives(T{});
    const Index needed = algebra.kronecker_workspace(factors, p_.columns);
    constexpr Index guard = 16;
    Matrix<T> filled(needed + guard, 1);
    std::fill_n(filled.data(), needed + guard, poison());
    Matrix<T> workspace = filled.to(device);
    algebra.kronecker(Types<T>::make(p_.alpha, 0), factors, top(x, p_.cols()), Types<T>::make(p_.beta, 0),
                      MatrixView<T>(y.data(), p_.rows(), p_.columns, y.ld()),
                      {workspace.data(), static_cast<std::size_t>(needed)});
    device.synchronize();
    const Matrix<T> used = on_host(std::move(workspace));
    for (Index i = needed; i < needed + guard; ++i)
      EXPECT_FALSE(used.data()[i] == used.data()[i]) << "written beyond the workspace";
    return on_host(std::move(y));
  }

  /// Checks |y − exact| ≤ c·√n·u·(|α|·(|F₁| ⊗ … ⊗ |F_N|)·|X| + |β||Y|), where n = Σ cols of the factors + 2 counts the
  /// roundings of an entry. Margins must be unchanged.
  ::testing::AssertionResult good(const Matrix<T> &y) const {
    const long double u = std::numeric_limits<Real>::epsilon() / 2;
    long double roundings = 2;
    for (const Factor &f : p_.factors)
      roundings += f.is_identity ? 0 : static_cast<long double>(f.cols);
    const long double unit = Types<T>::constant * std::sqrt(roundings) * u;
    for (Index j = 0; j < y.cols(); ++j)
      for (Index i = 0; i < y.rows(); ++i) {
        if (i >= p_.rows() || j >= p_.columns) {
          if (!same(y(i, j), y_(i, j)))
            return ::testing::AssertionFailure() << fmt::format("the margin was written at ({}, {})", i, j);
          continue;
        }
        const auto k = static_cast<std::size_t>(i + j * p_.rows());
        const long double error = std::abs(Wide(y(i, j)) - exact_[k]);
        if (!(error <= unit * size_[k]))
          return ::testing::AssertionFailure()
                 << fmt::format("({}, {}) errs by {}, {} is allowed", i, j, double(error), double(unit * size_[k]));
      }
    return ::testing::AssertionSuccess();
  }

private:
  static T poison() {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return Types<T>::make(nan, nan);
  }
  static bool same(T a, T b) { return a == b || (a != a && b != b); }

  Wide entry(std::size_t f, Index i, Index j) const {
    const Factor &factor = p_.factors[f];
    if (factor.is_identity) return Wide(i == j ? 1 : 0);
    return Wide(factor.op == Op::none ? a_[f](i, j) : a_[f](j, i));
  }
  /// F₁ ⊗ … ⊗ F_N, built one factor at a time, column by column.
  std::vector<Wide> dense() const {
    std::vector<Wide> k{1};
    Index rows = 1, cols = 1;
    for (std::size_t f = 0; f < p_.factors.size(); ++f) {
      const auto [p, q, is_identity, op, margin] = p_.factors[f];
      std::vector<Wide> grown(static_cast<std::size_t>(rows * p * cols * q));
      for (Index j = 0; j < cols * q; ++j)
        for (Index i = 0; i < rows * p; ++i)
          grown[static_cast<std::size_t>(i + j * rows * p)] =
              k[static_cast<std::size_t>(i / p + j / q * rows)] * entry(f, i % p, j % q);
      k = std::move(grown), rows *= p, cols *= q;
    }
    return k;
  }
  void expect() {
    const std::vector<Wide> k = dense();
    const Index m = p_.rows(), n = p_.cols();
    exact_.resize(static_cast<std::size_t>(m * p_.columns)), size_.resize(exact_.size());
    for (Index c = 0; c < p_.columns; ++c)
      for (Index i = 0; i < m; ++i) {
        const auto at = static_cast<std::size_t>(i + c * m);
        if (p_.beta != 0) exact_[at] = Wide(Real(p_.beta)) * Wide(y_(i, c)), size_[at] = std::abs(exact_[at]);
      }
    for (Index c = 0; c < p_.columns; ++c)
      for (Index j = 0; j < n; ++j)
        for (Index i = 0; i < m; ++i) {
          const auto at = static_cast<std::size_t>(i + c * m);
          const Wide term = Wide(Real(p_.alpha)) * k[static_cast<std::size_t>(i + j * m)] * Wide(x_(j, c));
          exact_[at] += term, size_[at] += std::abs(term);
        }
  }

  Problem p_;
  Matrix<T> x_, y_;
  std::vector<Matrix<T>> a_;
  std::vector<Wide> exact_;
  std::vector<long double> size_;
};

template <class T> void check(const Problem &p) {
  const Checked<T> checked(p);
  for (const Device device : Device::all()) {
    SCOPED_TRACE(device.name() + ": " + p.name());
    EXPECT_TRUE(checked.good(checked.on(device)));
  }
}

template <class T> class KroneckerPrimitive : public ::testing::Test {};
TYPED_TEST_SUITE(KroneckerPrimitive, Entries4);

TYPED_TEST(KroneckerPrimitive, OfNoFactors) {
  for (const Index columns : {0, 1, 3, 64})
    for (const double beta : {0., 0.5})
      check<TypeParam>({.factors = {}, .columns = columns, .y_margin = 2, .alpha = -2, .beta = beta});
}

TYPED_TEST(KroneckerPrimitive, OfOneFactor) {
  for (const Factor &f : {square(1), Factor{1, 7}, Factor{7, 1}, square(2), Factor{3, 5}, square(16), square(17),
                          Factor{33, 31}, Factor{8, 65}, Factor{65, 8}, turned(5, 9, 2), windowed(9, 5, 3)})
    for (const Index columns : {1, 3, 64, 67})
      check<TypeParam>({.factors = {f}, .columns = columns, .alpha = 1.5});
}

TYPED_TEST(KroneckerPrimitive, OfTwoFactors) {
  const Factor shapes[] = {square(1), {1, 3},  {3, 1},  {2, 2},     {5, 7},       {7, 5},
                           square(8), {9, 17}, {17, 9}, square(31), turned(4, 6), windowed(6, 4, 1),
                           {1, 33},   {33, 1}};
  for (const Factor &f : shapes)
    for (const Factor &g : shapes)
      check<TypeParam>({.factors = {f, g}, .columns = 3, .x_margin = 1, .y_margin = 2, .alpha = -0.5, .beta = 2});
}

TYPED_TEST(KroneckerPrimitive, OfManyFactors) {
  const std::vector<std::vector<Factor>> products = {
      {{2, 3}, {5, 4}, {3, 7}},
      {{7, 3}, square(4), {2, 5}},
      {square(8), square(8), square(5)},
      {square(5), turned(3, 4, 1), windowed(2, 3, 2), square(2), turned(3, 2)},
      {square(4), square(3), square(4), square(2), square(3)},
      {square(1), {1, 2}, {2, 1}, {3, 1}, {1, 3}},
      std::vector<Factor>(9, square(2)),
      {square(2), {2, 1}, {1, 2}, square(2), {3, 2}, square(1), {2, 3}, {2, 2}, {1, 1}}};
  for (const auto &factors : products)
    for (const Index columns : {1, 3, 20})
      for (const double beta : {0., -1.25})
        check<TypeParam>({.factors = factors, .columns = columns, .y_margin = 3, .alpha = 0.75, .beta = beta});
}

TYPED_TEST(KroneckerPrimitive, OfLongAndShortColumns) {
  for (const Index columns : {1, 2, 64, 129})
    for (const bool margins : {false, true}) {
      const Index x_margin = margins ? 5 : 0, y_margin = margins ? 3 : 0;
      for (const double beta : {0., 0.5}) {
        check<TypeParam>({.factors = {square(4), {3, 5}},
                          .columns = columns,
                          .x_margin = x_margin,
                          .y_margin = y_margin,
                          .beta = beta});
        check<TypeParam>({.factors = {{19, 3}, {7, 20}},
                          .columns = columns,
                          .x_margin = x_margin,
                          .y_margin = y_margin,
                          .alpha = 2,
                          .beta = beta});
      }
    }
}

TYPED_TEST(KroneckerPrimitive, OfFactorsOneBeyondATile) {
  for (const Index n : {32, 33, 48, 49, 64, 65})
    for (const Index inner : {1, 8, 9, 16, 17}) {
      check<TypeParam>({.factors = {Factor{n, 7}, identity_of(inner)}, .columns = 2});
      check<TypeParam>({.factors = {Factor{5, n}, identity_of(inner)}, .columns = 2, .y_margin = 1, .beta = 1});
    }
  check<TypeParam>({.factors = {square(33), square(34)}, .columns = 2});
  check<TypeParam>({.factors = {Factor{34, 70}, Factor{65, 3}}, .columns = 3, .alpha = -1, .beta = 0.5});
}

TYPED_TEST(KroneckerPrimitive, OfIdentitiesAnywhere) {
  const Factor f{3, 4}, g{5, 2};
  const std::vector<std::vector<Factor>> products = {{identity_of(7)},
                                                     {identity_of(2), identity_of(3)},
                                                     {identity_of(1), f},
                                                     {identity_of(3), f},
                                                     {f, identity_of(3)},
                                                     {f, identity_of(17)},
                                                     {identity_of(2), f, g},
                                                     {f, identity_of(2), g},
                                                     {f, g, identity_of(2)},
                                                     {f, identity_of(33)},
                                                     {identity_of(2), f, identity_of(3), g},
                                                     {identity_of(9), f, identity_of(2), g, identity_of(2)}};
  for (const auto &factors : products)
    for (const Index columns : {1, 4})
      for (const double beta : {0., 3.})
        check<TypeParam>(
            {.factors = factors, .columns = columns, .x_margin = 1, .y_margin = 1, .alpha = 2, .beta = beta});
}

TYPED_TEST(KroneckerPrimitive, OfNothing) {
  for (const double beta : {0., 0.5})
    for (const Index columns : {0, 3}) {
      check<TypeParam>({.factors = {{0, 3}, square(2)}, .columns = columns, .y_margin = 2, .beta = beta});
      check<TypeParam>({.factors = {{3, 0}, square(2)}, .columns = columns, .y_margin = 2, .beta = beta});
      check<TypeParam>({.factors = {square(2), {3, 0}}, .columns = columns, .y_margin = 2, .beta = beta});
      check<TypeParam>({.factors = {{0, 0}}, .columns = columns, .y_margin = 2, .beta = beta});
      check<TypeParam>({.factors = {{4, 3}, square(5)}, .columns = 0, .y_margin = 2, .beta = beta});
    }
}

/// Shapes that cover each way of the CPU device's sweeps. Empty `ways` stand for BLAS, which takes what the sweeps
/// leave.
struct SweepCase {
  Problem problem;
  std::vector<cpu::SweepWay> ways;
};
template <class T> std::vector<SweepCase> sweep_cases() {
  using enum cpu::SweepWay;
  const Index n = cpu::sweep_lanes(T{}), deep = cpu::sweep_depth + 3;
  std::vector<SweepCase> all;
  const auto add = [&](Problem p, std::vector<cpu::SweepWay> ways) { all.push_back({std::move(p), std::move(ways)}); };
  add({.factors = {{9, 12}}, .columns = 5}, {});
  add({.factors = {square(3), square(3), square(3)}, .columns = 64, .alpha = 2, .beta = -1}, {turned});
  add({.factors = {square(4), square(4), square(3), square(4), square(4)}, .columns = 33}, {turned, strips});
  add({.factors = {square(2 * n), square(2 * n)}, .columns = 8, .alpha = 3}, {rows});
  add({.factors = {{n, deep}}, .columns = 77, .alpha = 3, .beta = 0.5}, {rows});
  add({.factors = {{5, deep}}, .columns = 19}, {turned});
  add({.factors = {{11, deep}, identity_of(n + 1)}, .columns = 3, .alpha = 3, .beta = 0.5}, {turned});
  add({.factors = {{11, deep}, identity_of(n)}, .columns = 3, .alpha = 3, .beta = 0.5}, {strips});
  add({.factors = {{70, 64}, identity_of(std::max<Index>(2 * n - 3, 1))}, .columns = 8, .y_margin = 1}, {strips});
  return all;
}
template <class T> std::vector<KroneckerFactor<T>> shapes_of(const Problem &p, const T *entries) {
  std::vector<KroneckerFactor<T>> factors;
  for (const Factor &f : p.factors)
    factors.push_back(f.is_identity ? KroneckerFactor<T>::identity(f.rows)
                                    : KroneckerFactor<T>{{entries, f.rows, f.cols}, Op::none, 0});
  return factors;
}

template <class T> class KroneckerSweeps : public ::testing::Test {};
TYPED_TEST_SUITE(KroneckerSweeps, Reals);

TYPED_TEST(KroneckerSweeps, EveryWayIsTaken) {
  const TypeParam entries[1] = {};
  for (const SweepCase &sweep : sweep_cases<TypeParam>()) {
    const auto plan = cpu::plan_sweeps<TypeParam>(shapes_of(sweep.problem, entries), sweep.problem.columns);
    std::vector<cpu::SweepWay> ways;
    for (std::size_t s = 0; plan && s < plan->sweeps.size(); ++s)
      ways.push_back(plan->sweeps[s].way);
    if (cpu::sweep_lanes(TypeParam{}) >= 8) {
      EXPECT_EQ(ways, sweep.ways) << sweep.problem.name();
    }
    const Checked<TypeParam> checked(sweep.problem);
    EXPECT_TRUE(checked.good(checked.on(Device::cpu()))) << sweep.problem.name();
  }
}

#ifdef _OPENMP
TYPED_TEST(KroneckerSweeps, BitsDoNotDependOnThreads) {
  std::vector<SweepCase> all = sweep_cases<TypeParam>();
  for (const Problem &p :
       {Problem{.factors = {square(32), square(33)}, .columns = 70},
        Problem{.factors = {{24, 200}, {100, 13}}, .columns = 20}, Problem{.factors = {{1000, 1003}}, .columns = 5},
        Problem{.factors = {{601, 500}}, .columns = 1, .alpha = 2, .beta = 3},
        Problem{.factors = {square(6), square(6), square(6)}, .columns = 301, .y_margin = 1},
        Problem{.factors = std::vector<Factor>(9, square(2)), .columns = 301, .x_margin = 1}})
    all.push_back({p, {}});
  const int threads = omp_get_max_threads();
  for (const SweepCase &sweep : all) {
    const Checked<TypeParam> checked(sweep.problem);
    omp_set_num_threads(1);
    const Matrix<TypeParam> one = checked.on(Device::cpu());
    for (const int several : {2, 3}) {
      omp_set_num_threads(several);
      const Matrix<TypeParam> y = checked.on(Device::cpu());
      EXPECT_EQ(std::memcmp(one.data(), y.data(), sizeof(TypeParam) * y.rows() * y.cols()), 0) << sweep.problem.name();
    }
  }
  omp_set_num_threads(threads);
}

/// The number of threads may have changed since the workspace was requested.
TYPED_TEST(KroneckerSweeps, WorkspaceOutlivesTheNumberOfThreads) {
  const int threads = omp_get_max_threads();
  for (const auto &[before, after] : {std::pair{1, 3}, std::pair{3, 1}}) {
    omp_set_num_threads(before);
    const auto &algebra = Device::cpu().backend().primitives(TypeParam{});
    const Matrix<TypeParam> f = random<TypeParam>(8, 8, 1), x = random<TypeParam>(4096, 40, 2);
    const std::vector<KroneckerFactor<TypeParam>> factors(4, {f.view(), Op::none, 0});
    Matrix<TypeParam> y(4096, 40), z(4096, 40);
    const auto apply = [&](Matrix<TypeParam> &to, Index workspace) {
      Matrix<TypeParam> w(workspace, 1);
      algebra.kronecker(TypeParam(1), factors, x, TypeParam(0), to, {w.data(), static_cast<std::size_t>(workspace)});
    };
    const Index workspace = algebra.kronecker_workspace(factors, 40);
    apply(y, workspace);
    omp_set_num_threads(after);
    apply(z, workspace);
    EXPECT_TRUE(near(z, y, 0));
  }
  omp_set_num_threads(threads);
}
#endif

} // namespace
} // namespace kronvec::testing

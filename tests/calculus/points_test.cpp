/// Jacobians at many points compared with those at each point alone. (jacobian_checks.hpp does this at a few points for
/// every rule of the ledger.)

#include "tests/calculus/grower.hpp"

#include "calculus/jacobian/points.hpp"

#include <atomic>
#include <limits>
#include <thread>

namespace kronvec::testing {
namespace {

using M = Matrix<double>;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Case {
  Symbol a{"A", 3, 4}, x{"X", 4, 5}, b{"B", 5, 2};
  Expression f = a * tanh(x * b) - 2 * a * x * b;
  Jacobian j = jacobian(f, x);
  Givens g;
  Case() { g.push_back(given(a, 1)), g.push_back(given(x, 2)), g.push_back(given(b, 3)); }
};

/// The message of the exception that work() throws.
template <class E> std::string message(const auto &work) {
  try {
    work();
  } catch (const E &e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(Points, AnyNumberOfThem) {
  const Case c;
  for (const Device device : Device::all())
    for (const Index count : {0, 1, 2, 7, 53})
      for (const unsigned shared : {0u, 1u, 5u, 7u}) {
        expect_points<double>(c.j, c.g, device, count, shared, 1e-13);
        expect_points<float>(c.j, c.g, device, count, shared, 2e-5);
      }
}

TEST(Points, SizesOfOneAndNone) {
  for (const auto &[m, n] : {std::pair(1, 1), std::pair(1, 4), std::pair(4, 1)}) {
    const Symbol x("X", m, n), y("Y", n, m);
    Givens g;
    g.push_back(given(x, 1)), g.push_back(given(y, 2));
    for (const Device device : Device::all())
      for (const unsigned shared : {0u, 1u, 2u, 3u})
        expect_points<double>(jacobian(exp(x * y) * x, x), g, device, 7, shared, 1e-13);
  }
  const Symbol x("X", 0, 3), a("A", 2, 0);
  const auto j = jacobian(a * x, x).at_points({{x, M(0, 3 * 5)}, {a, M(2, 0)}}, 5);
  EXPECT_EQ(j.to_dense().shape(), (Shape{6, 0}));
  EXPECT_EQ(j.value().shape(), (Shape{2, 15}));
}

TEST(Points, RandomExpressions) {
  int tested = 0;
  for (std::uint64_t seed = 1; seed <= 20 && !HasFailure(); ++seed) {
    Grower grower(seed);
    const Expression f = grower.grow({grower.side(), grower.side()}, 1 + grower.pick(4));
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + to_string(f));
    const Jacobian j = jacobian(f, grower.symbols[0]);
    const Givens givens = givens_of(grower.symbols, seed);
    for (const Device device : Device::all())
      expect_points<double>(j, givens, device, 4, static_cast<unsigned>(seed % 8), 1e-9), ++tested;
  }
  EXPECT_GE(tested, 40);
}

TEST(Points, SeveralAndSymmetricVariables) {
  const Symbol x("X", 3, 3), y("Y", 3, 2);
  M s = M::random(3, 3, 1);
  for (Index j = 0; j < 3; ++j)
    for (Index i = 0; i < j; ++i)
      s(i, j) = s(j, i);
  Givens g;
  g.push_back({x, std::move(s)}), g.push_back(given(y, 2));
  for (const Device device : Device::all()) {
    expect_points<double>(jacobian(x * tanh(x * y), {x, y}), g, device, 5, 0, 1e-13);
    expect_points<double>(jacobian(x * tanh(x * y), symmetric(x)), g, device, 5, 2, 1e-13);
  }
}

/// More points than are processed together, on one thread and on two.
TEST(Points, ManyOfThemByParts) {
  const Symbol a("A", 4, 4), x("X", 4, 4), b("B", 4, 4);
  constexpr Index count = 5003;
  const M a0 = M::random(4, 4, 1), xs = M::random(4, 4 * count, 2), b0 = M::random(4, 4, 3);
  const Jacobian j = jacobian(a * exp(x * b), x);
  const auto dense = [&](int threads, Method method) {
    return with_threads(threads, [&] {
      return j.at_points({{a, a0}, {x, xs}, {b, b0}}, count).to_dense({.method = method});
    });
  };
  const M all = dense(1, Method::structured);
  EXPECT_TRUE(near(all, dense(2, Method::structured), 0));
  EXPECT_TRUE(near(all, dense(1, Method::forward), 1e-12));
  EXPECT_TRUE(near(all, dense(2, Method::reverse), 1e-12));
  for (const Index k : {Index(0), Index(1), Index(2500), count - 1}) {
    const M alone = j.at({{a, a0}, {x, xs.view().block(0, 4 * k, 4, 4)}, {b, b0}}).to_dense();
    EXPECT_TRUE(near(columns_of(all, 16 * k, 16), alone, 1e-13)) << k;
  }
}

TEST(Points, StridedMemoryAndNothingBeside) {
  const Case c;
  for (const Device device : Device::all()) {
    const GivensAtPoints<double> points(c.g, 3, 1);
    const auto j = c.j.at_points(points.all, 3, device);
    M wide(9, 62), xs(6, 15);
    std::fill_n(wide.data(), wide.shape().size(), nan), std::fill_n(xs.data(), xs.shape().size(), nan);
    M there = wide.to(device);
    j.to_dense(there.view().block(2, 1, 6, 60));
    const M dense = on_host(j.to_dense()), got = there.to(Device::cpu());
    for (Index col = 0; col < 62; ++col)
      for (Index row = 0; row < 9; ++row) {
        const bool inside = row >= 2 && row < 8 && col >= 1 && col < 61;
        EXPECT_TRUE(inside ? got(row, col) == dense(row - 2, col - 1) : std::isnan(got(row, col)));
      }
    const M dx = M::random(4, 15, 4);
    for (Index col = 0; col < 15; ++col)
      for (Index row = 0; row < 4; ++row)
        xs(row + 1, col) = dx(row, col);
    const M strided = xs.to(device), packed = dx.to(device);
    M y = M(5, 6).to(device);
    j.apply(strided.view().block(1, 0, 4, 15), y.view().block(1, 0, 3, 6));
    EXPECT_TRUE(near(y.to(Device::cpu()).view().block(1, 0, 3, 6), on_host(j.apply(packed)), 1e-14));
  }
}

TEST(Points, ValuesAndUpdates) {
  const Case c;
  for (const Device device : Device::all()) {
    const GivensAtPoints<double> points(c.g, 4, 5);
    auto j = c.j.at_points(points.all, 4, device);
    const M xs = M::random(4, 20, 9), a = M::random(3, 4, 8);
    j.update({{c.x, xs}, {c.a, a}});
    const MatrixView<const double> there = j.value();
    ASSERT_EQ(there.shape(), (Shape{3, 8}));
    const M dense = on_host(j.to_dense());
    for (Index k = 0; k < 4; ++k) {
      Values<double> alone = points.at(k);
      alone[0].value = a, alone[1].value = xs.view().block(0, 5 * k, 4, 5);
      const auto at = c.j.at(alone);
      EXPECT_TRUE(near(columns_of(dense, 20 * k, 20), at.to_dense(), 1e-13));
      EXPECT_TRUE(!device.is_host() || near(there.block(0, 2 * k, 3, 2), at.value(), 1e-14));
    }
  }
}

TEST(Points, ValuesThatAllShareAreSideBySideToo) {
  const Case c;
  const GivensAtPoints<double> points(c.g, 4, 7);
  const auto j = c.j.at_points(points.all, 4);
  const M value = evaluate(c.f, values_of(c.g));
  ASSERT_EQ(j.value().shape(), (Shape{3, 8}));
  for (Index k = 0; k < 4; ++k)
    EXPECT_TRUE(near(j.value().block(0, 2 * k, 3, 2), value, 0));
}

/// Points of different size under the matrix exponential, and one with NaN.
TEST(Points, NoneSeesAnother) {
  const Symbol x("X", 3, 3);
  constexpr Index count = 6;
  M xs = M::random(3, 3 * count, 1);
  for (Index j = 0; j < 3; ++j)
    for (Index i = 0; i < 3; ++i)
      xs(i, 6 + j) *= 30, xs(i, 9 + j) = nan;
  const Jacobian functions[] = {jacobian(expm(x), x), jacobian(cholesky(x * transpose(x) + eye(3)), x),
                                jacobian(inverse(x), x), jacobian(solve(x, expm(x)), x)};
  for (const Device device : Device::all())
    for (const Jacobian &j : functions) {
      const M all = on_host(j.at_points({{x, xs}}, count, device).to_dense());
      for (Index k = 0; k < count; ++k) {
        const M alone = on_host(j.at({{x, xs.view().block(0, 3 * k, 3, 3)}}, device).to_dense());
        EXPECT_TRUE(near(columns_of(all, k * j.cols(), j.cols()), alone, 1e-12)) << device.name() << ", point " << k;
      }
    }
}

TEST(Points, WhatDoesNotFitIsRefusedInALine) {
  const Case c;
  const GivensAtPoints<double> points(c.g, 3, 1);
  auto j = c.j.at_points(points.all, 3);
  const auto refused = [&](const auto &work) { return message<ShapeError>(work); };
  const M wrong(4, 14);
  EXPECT_EQ(refused([&] {
              j.update({{c.x, wrong}});
            }),
            "symbol 'X' is 4×5, its value is 4×14; side by side for 3 points it is 4×15");
  EXPECT_EQ(refused([&] {
              j.update({{c.a, M(3, 12)}});
            }),
            "symbol 'A' is 3×4, its value is 3×12; shared by 3 points it is 3×4");
  M out(6, 61), y(3, 5);
  EXPECT_EQ(refused([&] { j.to_dense(out); }),
            "the Jacobians at 3 points are 6×20 each, side by side 6×60, the matrix given for them 6×61");
  EXPECT_EQ(refused([&] { (void)j.apply(M(4, 5)); }),
            "the tangents are 4×5; they must be 4×15, side by side, or 20×3, one vec per column");
  EXPECT_EQ(refused([&] { j.apply(M(4, 15), y); }), "the results are 3×6, the matrix given for them 3×5");
  EXPECT_THROW((void)c.j.at_points(points.all, -1), ShapeError);
  EXPECT_EQ(refused([&] {
              (void)c.j.at_points({{c.x, wrong}}, 3);
            }),
            "symbol 'X' is 4×5, its value is 4×14; it must be 4×5 for all points, or 4×(5·3), side by side");
  EXPECT_THROW((void)c.j.at_points({{c.x, M(4, 15)}}, 3), DomainError);
  EXPECT_EQ(message<Error>([&] { (void)j.to_dense({.method = Method::numeric}); }),
            "Jacobians at many points are structured, forward or reverse, not numeric");
  const Symbol x("X", 2, 2);
  M xs(2, 10);
  for (Index k = 0; k < 5; ++k)
    xs(0, 2 * k) = xs(1, 2 * k + 1) = k == 3 ? 0 : 1;
  for (const Device device : Device::all())
    EXPECT_EQ(message<DomainError>([&] {
                (void)jacobian(inverse(x), x).at_points({{x, xs}}, 5, device);
              }).rfind("at point 3, counted from 0: a 2×2 matrix is singular and has no inverse: X", 0),
              0u)
        << device.name();
}

TEST(Points, MemoryIsPredicted) {
  const Symbol x("X", 200, 200);
  const Jacobian j = jacobian(exp(x), x);
  const std::string refusal = message<OutOfMemory>([&] { (void)j.at_points({{x, M(200, 2000)}}, 10).to_dense(); });
  EXPECT_NE(refusal.find("J is 40000×40000 at each of 10 points, which would take 119.2 GiB"), std::string::npos)
      << refusal;
  EXPECT_NE(refusal.find("are free"), std::string::npos) << refusal;
  const Symbol z("Z", 0, 0);
  EXPECT_NE(message<OutOfMemory>([&] {
              (void)jacobian(x * x, z).at_points({{x, M(200, 200)}}, Index(1) << 50);
            }).find("points would take"),
            std::string::npos);
}

/// The memory held in addition to the Jacobians is as predicted.
TEST(Points, WhatIsHeldIsPredicted) {
  const Symbol x("X", 4, 4);
  constexpr Index count = 500;
  const M xs = M::random(4, 4 * count, 1);
  M out(16, 16 * count);
  const struct {
    Expression f;
    int max_threads;
  } cases[] = {{x * exp(x * x), 2}, {expm(x), 1}};
  for (const auto &c : cases)
    for (const Method method : {Method::structured, Method::forward, Method::reverse})
      for (int threads = 1; threads <= c.max_threads; ++threads)
        with_threads(threads, [&] {
          const auto plan = std::make_shared<const detail::JacobianPlan>(c.f, detail::Variables{x});
          const detail::Points<double> points(plan, {{x, xs}}, count, Device::cpu());
          const double predicted = double(points.held_beside(method, Layout::numerator).bytes());
          Device::cpu().backend().pool().trim();
          const std::size_t before = Device::cpu().bytes_in_use();
          Device::cpu().reset_peak();
          points.assemble(out, {.method = method});
          const double used = double(Device::cpu().peak_bytes() - before);
          EXPECT_LE(used, 1.05 * predicted) << to_string(c.f) << ", " << name(method) << ", " << threads << " threads";
          EXPECT_GE(used, 0.6 * predicted) << to_string(c.f) << ", " << name(method) << ", " << threads << " threads";
        });
}

TEST(Points, SeveralThreadsMayUseThem) {
  const Case c;
  const GivensAtPoints<double> points(c.g, 50, 1);
  const auto j = c.j.at_points(points.all, 50);
  const M expected = j.to_dense();
  std::atomic<int> wrong = 0;
  const auto work = [&] {
    for (int i = 0; i < 20; ++i)
      if (!near(j.to_dense(), expected, 0)) ++wrong;
  };
  std::thread first(work), second(work);
  first.join(), second.join();
  EXPECT_EQ(wrong, 0);
}

} // namespace
} // namespace kronvec::testing

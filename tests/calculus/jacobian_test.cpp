/// Plans and their points: shapes, strides, updates without allocation, several threads, refusals.

#include "tests/calculus/jacobian_checks.hpp"

#include <atomic>
#include <cstdlib>
#include <limits>
#include <new>
#include <thread>

// Counts every allocation of the process. `std::free` matches the replaced operators; g++ does not see that if it
// inlines only one of a pair.
namespace {
std::atomic<std::size_t> allocations = 0;
}
void *operator new(std::size_t size) {
  ++allocations;
  if (void *block = std::malloc(size ? size : 1)) return block;
  throw std::bad_alloc();
}
void *operator new(std::size_t size, const std::nothrow_t &) noexcept { // used by std::stable_sort
  ++allocations;
  return std::malloc(size ? size : 1);
}
[[gnu::noinline]] void operator delete(void *block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void *block, std::size_t) noexcept { std::free(block); }

namespace kronvec::testing {
namespace {

using M = Matrix<double>;

struct Case {
  Symbol a{"A", 3, 4}, x{"X", 4, 5}, b{"B", 5, 2};
  Expression f = a * tanh(x * b) - 2 * a * x * b;
  Givens g;
  Case() { g.push_back(given(a, 1)), g.push_back(given(x, 2)), g.push_back(given(b, 3)); }
};

TEST(Jacobian, ManyTangentsAtOnce) {
  const Case c;
  for (const Device device : Device::all()) {
    const auto j = jacobian(c.f, c.x).at(values_of(c.g), device);
    const M dense = on_host(j.to_dense({.method = Method::reference}));
    const M dx = M::random(20, 7, 4), u = M::random(6, 3, 5);
    EXPECT_TRUE(near(on_host(j.apply(dx.to(device))), product(dense, dx), 1e-12));
    EXPECT_TRUE(near(on_host(j.apply_transpose(u.to(device))), product(transposed(dense), u), 1e-12));
    const M none = j.apply(M(20, 0, device));
    EXPECT_EQ(none.rows(), 6);
    EXPECT_EQ(none.cols(), 0);
  }
}

TEST(Jacobian, StridedTangentsAndResults) {
  const Case c;
  const auto j = jacobian(c.f, c.x).at(values_of(c.g));
  const M dx = M::random(4, 5, 4), packed = j.apply(dx);
  M wide(9, 5), result(7, 2);
  for (Index k = 0; k < 5; ++k)
    for (Index i = 0; i < 4; ++i)
      wide(i + 2, k) = dx(i, k);
  j.apply(wide.view().block(2, 0, 4, 5), result.view().block(1, 0, 3, 2));
  EXPECT_TRUE(near(result.view().block(1, 0, 3, 2), packed.view(), 1e-13));
  EXPECT_EQ(result(0, 0), 0);
  EXPECT_EQ(result(4, 1), 0);
  M big(11, 25);
  j.to_dense(big.view().block(3, 2, 6, 20));
  EXPECT_TRUE(near(big.view().block(3, 2, 6, 20), j.to_dense().view(), 1e-13));
  EXPECT_EQ(big(2, 2), 0);
  EXPECT_EQ(big(9, 2), 0);
}

/// After a first call, turn() allocates nothing.
void expect_no_allocation(const auto &turn) {
  turn();
  const std::size_t before = allocations, held = Device::cpu().bytes_in_use();
  turn();
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(Device::cpu().bytes_in_use(), held);
}

TEST(Jacobian, UpdatesWithoutAllocation) {
  const Case c;
  auto j = jacobian(c.f, c.x).at(values_of(c.g));
  const M dx = M::random(4, 5, 4), x1 = M::random(4, 5, 9);
  M y(3, 2), u(3, 2), g(4, 5), dense(6, 20);
  Values<double> next{{c.x, x1.view()}};
  const auto turn = [&] {
    j.update(next);
    j.apply(dx, y);
    j.apply_transpose(u, g);
    j.to_dense(dense);
  };
  expect_no_allocation(turn);
  const Case d;
  Values<double> values = values_of(c.g);
  values[1].value = x1;
  EXPECT_TRUE(near(dense, jacobian(c.f, c.x).at(values).to_dense(), 0));
}

TEST(Jacobian, UpdatesAtPointsWithoutAllocation) {
  const Case c;
  constexpr Index count = 300; // more than are processed together
  const M xs = M::random(4, 5 * count, 1), more = M::random(4, 5 * count, 2), dx = M::random(4, 5 * count, 3);
  auto j = jacobian(c.f, c.x).at_points({{c.a, c.g[0].value}, {c.x, xs}, {c.b, c.g[2].value}}, count);
  M y(3, 2 * count), g(4, 5 * count), dense(6, 20 * count);
  const Values<double> next{{c.x, more.view()}};
  const auto turn = [&] {
    j.update(next);
    j.apply(dx, y);
    j.apply_transpose(y, g);
    j.to_dense(dense);
  };
  expect_no_allocation(turn);
}

TEST(Jacobian, ConcurrentProducts) {
  const Case c;
  const auto j = jacobian(c.f, c.x).at(values_of(c.g));
  const M dx = M::random(20, 6, 4), expected = j.apply(dx);
  std::atomic<int> wrong = 0;
  const auto work = [&] {
    for (int i = 0; i < 50; ++i)
      if (!near(j.apply(dx), expected, 0)) ++wrong;
  };
  std::thread first(work), second(work);
  first.join(), second.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Jacobian, ConcurrentDenseJacobians) {
  const Case c;
  const auto j = jacobian(c.f, c.x).at(values_of(c.g));
  const M expected = j.to_dense({.method = Method::reference});
  std::atomic<int> wrong = 0;
  const auto work = [&] {
    for (int i = 0; i < 20; ++i)
      if (!near(j.to_dense({.method = Method::structured}), expected, 1e-13)) ++wrong;
  };
  std::thread first(work), second(work);
  first.join(), second.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Jacobian, BuildTimeGrowsWithNodesNotPaths) {
  const Symbol x("X", 3, 3), w("W", 3, 3);
  Expression f = x;
  for (int block = 0; block < 60; ++block)
    f = f + 0.01 * tanh(w * f); // 2⁶⁰ paths
  Givens g;
  g.push_back(given(x, 1)), g.push_back(given(w, 2));
  const auto j = jacobian(f, x).at(values_of(g));
  EXPECT_TRUE(near(j.to_dense({.method = Method::forward}), j.to_dense({.method = Method::reverse}), 1e-12));
}

TEST(Jacobian, SharedPartsAreEvaluatedOnce) {
  const Symbol x("X", 2, 2);
  const Expression once = exp(x), f = once + hadamard(once, exp(x)); // the second exp(X) is a separate expression
  const M value{{1, 2}, {3, 4}};
  EXPECT_TRUE(
      near(evaluate(f, {{x, value}}), map(value, [](double t) { return std::exp(t) + std::exp(2 * t); }), 1e-14));
}

TEST(Jacobian, EmptyShapes) {
  const Symbol x("X", 0, 3), a("A", 2, 0);
  const M x0(0, 3), a0(2, 0);
  const auto j = jacobian(a * x, x).at({{x, x0}, {a, a0}});
  EXPECT_EQ(j.to_dense().shape(), (Shape{6, 0}));
  EXPECT_EQ(j.value()(1, 2), 0); // an empty sum
}

TEST(Jacobian, NaNStaysWhereItBelongs) {
  const Symbol x("X", 2, 2);
  const M value{{std::numeric_limits<double>::quiet_NaN(), 1}, {2, 3}};
  const M j = jacobian(square(x), x).at({{x, value}}).to_dense({.method = Method::reference});
  EXPECT_TRUE(std::isnan(j(0, 0)));
  EXPECT_EQ(j(1, 1), 4);
  EXPECT_EQ(j(0, 1), 0);
}

TEST(Jacobian, RefusesWhatDoesNotFit) {
  const Case c;
  EXPECT_THROW(jacobian(c.f, c.x).at({}), DomainError);
  const M wrong(4, 6);
  Values<double> values = values_of(c.g);
  values[1].value = wrong;
  EXPECT_THROW(jacobian(c.f, c.x).at(values), ShapeError);
  const auto j = jacobian(c.f, c.x).at(values_of(c.g));
  M y(3, 3), dense(6, 19);
  EXPECT_THROW(j.apply(M(4, 4)), ShapeError);
  EXPECT_THROW(j.apply(M(4, 5), y), ShapeError);
  EXPECT_THROW(j.to_dense(dense), ShapeError);
  const auto k = jacobian(transpose(c.x), c.x).at({{c.x, c.g[1].value}});
  M shared(5, 8);
  EXPECT_THROW(k.apply(shared.view().block(0, 0, 4, 5), shared.view().block(0, 3, 5, 4)), Error);
}

TEST(Jacobian, PredictsMemory) {
  const Symbol x("X", 2000, 2000);
  const M value(2000, 2000);
  const auto j = jacobian(exp(x), x).at({{x, value}});
  try {
    (void)j.to_dense();
    FAIL() << "128 TB fit";
  } catch (const OutOfMemory &e) {
    EXPECT_NE(std::string(e.what()).find("116.4 TiB"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("free"), std::string::npos) << e.what();
  }
}

TEST(Jacobian, RefusalsNameWhatTakesTheMemory) {
  const Symbol r("R", 2000, 2000), c("C", 2000, 2000), x("x", 4000000, 1);
  const M square(2000, 2000), column(4000000, 1);
  const Expression f = kron(r, c) * x;
  for (const Device device : Device::all())
    try {
      (void)evaluate(f, {{r, square}, {c, square}, {x, column}}, device);
      FAIL() << "128 TB fit";
    } catch (const OutOfMemory &e) {
      for (const char *part : {"kron(R,C), 4000000×4000000", "TiB", "free"})
        EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
}

TEST(Expression, ChecksShapesWhenBuilt) {
  const Symbol a("A", 3, 4), b("B", 5, 6);
  for (const auto &build : {+[](const Symbol &u, const Symbol &v) { return u * v; },
                            +[](const Symbol &u, const Symbol &v) { return u + v; },
                            +[](const Symbol &u, const Symbol &v) { return hadamard(u, v); }})
    try {
      (void)build(a, b);
      ADD_FAILURE();
    } catch (const ShapeError &e) {
      EXPECT_NE(std::string(e.what()).find("3×4"), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find("5×6"), std::string::npos) << e.what();
    }
  EXPECT_THROW(inverse(a), ShapeError);
  EXPECT_THROW(trace(a), ShapeError);
  EXPECT_THROW(unvec(a, 5, 2), ShapeError);
  EXPECT_THROW(Symbol(a * transpose(a)), Error);
}

TEST(Expression, PrintsAsItIsWritten) {
  const Symbol a("A", 3, 3), x("X", 3, 3);
  EXPECT_EQ(to_string(a * exp(x * a)), "A*exp(X*A)");
  EXPECT_EQ(to_string((a + x) * a - x), "(A+X)*A-X");
  EXPECT_EQ(to_string(a - (x - a)), "A-(X-A)");
  EXPECT_EQ(to_string(transpose(a * x)), "(A*X)'");
  EXPECT_EQ(to_string(pow(x, 3) + 2 * inverse(a)), "X.^3+2*inv(A)");
  EXPECT_EQ(to_string(a * (x * a)), "A*(X*A)");
  EXPECT_EQ(to_string(log(1 + exp(x))), "log(1+exp(X))");
}

} // namespace
} // namespace kronvec::testing

/// A CUDA device records a plan and replays it at new values. The results equal those of a device that executes every
/// step, whatever happens between two runs. (emulation/graph_test.cpp tests that recordings happen.)

#include "tests/calculus/grower.hpp"
#include "tests/devices/operands.hpp"

#include "devices/backend.hpp"

#include <thread>

namespace kronvec::testing {
namespace {

using M = Matrix<double>;

struct Named {
  std::string what;
  Expression f;
};

/// Functions of X, 4×4, that are defined near 2·I.
std::vector<Named> functions(const Symbol &x, const Symbol &a) {
  const Expression gram = x * transpose(x);
  return {
      {"launches alone", a * exp(x * a) + tanh(a * tanh(x * a) * x) * a},
      {"softmax and sums", softmax(a * tanh(x * a)) * x + transpose(logsumexp(x * a * x)) * logsumexp(x * a)},
      {"logdet between launches", logdet(eye(4) + gram * gram) * tanh(a * x * a)},
      {"inverse between launches", a * tanh(inverse(gram * a * transpose(a) + eye(4)) * x) * a},
      {"solve between launches", tanh(x * a) * solve(gram * gram + eye(4), tanh(a * x) * a)},
      {"determinant and adjugate", det(tanh(x * a) * x) * tanh(a * x * a)},
      {"Cholesky between launches", tanh(a * cholesky(eye(4) + gram * gram) * x) * a},
      {"expm between launches", a * tanh(expm(tanh(x * a)) * x) * a},
      {"reordered", kron(tanh(transpose(x) * a), x) + kron(x, a * sin(transpose(x)))},
  };
}

M value_near_identity(std::uint64_t seed) {
  M x = M::random(4, 4, seed);
  for (Index j = 0; j < 4; ++j)
    for (Index i = 0; i < 4; ++i)
      x(i, j) = 0.2 * x(i, j) + (i == j ? 2 : 0);
  return x;
}

template <class T> class Turns {
public:
  Turns(const Jacobian &j, const Symbol &x, const Symbol &a, Device device)
      : j_(j), x_(x), device_(device), a0_(cast<T>(M::random(4, 4, 99))), a_(a),
        there_(j.at<T>({{x, cast<T>(value_near_identity(0))}, {a, a0_}}, device)) {}

  /// Compares everything at value `number` with the CPU.
  void expect(std::uint64_t number, Index tangents, double tolerance) {
    const Matrix<T> x0 = cast<T>(value_near_identity(number));
    there_.update({{x_, x0}});
    const auto here = j_.at<T>({{x_, x0}, {a_, a0_}});
    const auto dx = cast<T>(M::random(j_.cols(), tangents, number)), u = cast<T>(M::random(j_.rows(), tangents, 2));
    EXPECT_TRUE(near(on_host_of(there_.value()), here.value(), tolerance)) << "the value";
    EXPECT_TRUE(near(on_host(there_.apply(dx.to(device_))), here.apply(dx), tolerance)) << "J";
    EXPECT_TRUE(near(on_host(there_.apply_transpose(u.to(device_))), here.apply_transpose(u), tolerance))
        << "its transpose";
    EXPECT_TRUE(near(on_host(there_.to_dense()), here.to_dense(), tolerance)) << "dense";
    EXPECT_TRUE(near(on_host(there_.to_dense({.method = Method::reverse})), here.to_dense(), tolerance)) << "by rows";
  }

private:
  Matrix<T> on_host_of(MatrixView<const T> there) const {
    auto here = Matrix<T>::uninitialized(there.rows(), there.cols());
    transfer<T>(device_.backend(), there, here);
    return here;
  }

  const Jacobian &j_;
  Symbol x_;
  Device device_;
  Matrix<T> a0_;
  Symbol a_;
  JacobianAt<T> there_;
};

template <class T> void expect_turns(double tolerance) {
  const Symbol x("X", 4, 4), a("A", 4, 4);
  for (const Device device : cuda_devices())
    for (const auto &[what, f] : functions(x, a)) {
      SCOPED_TRACE(what + ", " + device.name());
      const Jacobian j = jacobian(f, x);
      Turns<T> turns(j, x, a, device);
      for (std::uint64_t turn = 1; turn <= 3; ++turn)
        turns.expect(turn, 3, tolerance);
      turns.expect(4, 7, tolerance);
      device.backend().pool().trim(); // workspaces get new addresses
      const M elsewhere(100, 1, device);
      turns.expect(5, 3, tolerance), turns.expect(6, 7, tolerance);
    }
}

TEST(CudaRecordings, AtNewValuesInDouble) { expect_turns<double>(1e-11); }
TEST(CudaRecordings, AtNewValuesInFloat) { expect_turns<float>(2e-3); }

TEST(CudaRecordings, OfManyPoints) {
  const Symbol x("X", 4, 4), a("A", 4, 4);
  const M a0 = M::random(4, 4, 99);
  constexpr Index count = 5;
  const auto values = [](std::uint64_t seed) {
    M all(4, 4 * count);
    for (Index k = 0; k < count; ++k) {
      const M one = value_near_identity(seed * 10 + static_cast<std::uint64_t>(k));
      std::copy_n(one.data(), 16, all.data() + 16 * k);
    }
    return all;
  };
  for (const Device device : cuda_devices())
    for (const auto &[what, f] : functions(x, a)) {
      SCOPED_TRACE(what + ", " + device.name());
      const Jacobian j = jacobian(f, x);
      auto there = j.at_points({{x, values(0)}, {a, a0}}, count, device),
           here = j.at_points({{x, values(0)}, {a, a0}}, count);
      const M dx = M::random(j.cols(), count, 1), u = M::random(j.rows(), count, 2);
      for (std::uint64_t turn = 1; turn <= 4; ++turn) {
        there.update({{x, values(turn)}}), here.update({{x, values(turn)}});
        EXPECT_TRUE(near(on_host(there.apply(dx.to(device))), here.apply(dx), 1e-11));
        EXPECT_TRUE(near(on_host(there.apply_transpose(u.to(device))), here.apply_transpose(u), 1e-11));
        EXPECT_TRUE(near(on_host(there.to_dense()), here.to_dense(), 1e-11));
      }
    }
}

TEST(CudaRecordings, OfRandomExpressions) {
  for (std::uint64_t seed = 1; seed <= 12 && !HasFailure(); ++seed) {
    Grower grower(seed);
    const Expression f = grower.grow({grower.side(), grower.side()}, 2 + grower.pick(3));
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + to_string(f));
    const Symbol x = grower.symbols[0];
    const Jacobian j = jacobian(f, x);
    const Givens givens = givens_of(grower.symbols, seed);
    for (const Device device : cuda_devices()) {
      auto there = j.at(values_of(givens), device), here = j.at(values_of(givens));
      for (std::uint64_t turn = 0; turn < 4; ++turn) {
        const M x0 = M::random(x.rows(), x.cols(), 100 * seed + turn), dx = M::random(j.cols(), 2, turn);
        there.update({{x, x0}}), here.update({{x, x0}});
        EXPECT_TRUE(near(on_host(there.apply(dx.to(device))), here.apply(dx), 1e-9));
        EXPECT_TRUE(near(on_host(there.to_dense()), here.to_dense(), 1e-9));
      }
    }
  }
}

/// If F has no value, the steps before the failure run, later steps do not, and the next value is computed correctly.
TEST(CudaRecordings, AfterAPointWithoutAValue) {
  const Symbol x("X", 4, 4), a("A", 4, 4);
  const M a0 = M::random(4, 4, 99), zero(4, 4);
  const Expression f = tanh(a * tanh(x * a) * inverse(x)) * tanh(a * x * a);
  const Jacobian j = jacobian(f, x);
  for (const Device device : cuda_devices())
    for (const std::uint64_t fails : {1, 2, 3}) {
      auto there = j.at({{x, value_near_identity(0)}, {a, a0}}, device);
      const M dx = M::random(16, 2, 1);
      for (std::uint64_t turn = 1; turn < 6; ++turn) {
        if (turn == fails) {
          EXPECT_THROW(there.update({{x, zero}}), DomainError);
          continue;
        }
        const M x0 = value_near_identity(turn);
        there.update({{x, x0}});
        EXPECT_TRUE(near(on_host(there.apply(dx.to(device))), j.at({{x, x0}, {a, a0}}).apply(dx), 1e-11))
            << "turn " << turn << ", after that in turn " << fails << " failed";
      }
    }
}

/// Each thread has its own buffers, some of which reuse addresses of another thread's.
TEST(CudaRecordings, SeveralThreadsOnOneJacobian) {
  const Symbol x("X", 4, 4), a("A", 4, 4);
  const M a0 = M::random(4, 4, 99);
  const Jacobian j = jacobian(functions(x, a)[0].f, x);
  for (const Device device : cuda_devices()) {
    auto there = j.at({{x, value_near_identity(0)}, {a, a0}}, device);
    for (std::uint64_t round = 1; round <= 2; ++round) {
      const M x0 = value_near_identity(round);
      there.update({{x, x0}});
      const M dense = j.at({{x, x0}, {a, a0}}).to_dense();
      std::vector<std::string> failures(3);
      std::vector<std::thread> threads;
      for (std::size_t t = 0; t < failures.size(); ++t)
        threads.emplace_back([&, t] {
          const M dx = M::random(16, 2, t), expected = product(dense, dx), u = dx.to(device);
          M y(16, 2, device);
          for (int turn = 0; turn < 8 && failures[t].empty(); ++turn) {
            there.apply(u, y);
            if (!near(on_host(y.clone()), expected, 1e-11)) failures[t] = "a wrong product";
            if (turn % 3 == 0 && !near(on_host(there.to_dense()), dense, 1e-11)) failures[t] = "a wrong Jacobian";
          }
        });
      for (std::thread &thread : threads)
        thread.join();
      for (const std::string &failure : failures)
        EXPECT_EQ(failure, "") << device.name();
    }
  }
}

} // namespace
} // namespace kronvec::testing

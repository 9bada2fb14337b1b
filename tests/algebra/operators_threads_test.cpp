/// One operator, applied and formed by two threads at once.

#include "tests/testing.hpp"

#include <functional>
#include <thread>
#include <vector>

namespace kronvec::testing {
namespace {

template <class T> class OperatorsOfThreads : public ::testing::Test {};
TYPED_TEST_SUITE(OperatorsOfThreads, Entries4);

/// Small integers, so that every order of summation gives the same bits.
template <class T> Matrix<T> integers(Index rows, Index cols) {
  Matrix<T> m(rows, cols);
  for (Index k = 0; k < rows * cols; ++k)
    m.data()[k] = static_cast<T>(static_cast<float>(k * k % 7 - 3));
  return m;
}

template <class T> Operator<T> operator_on(Device device) {
  const Operator<T> a(integers<T>(3, 3).to(device)), b(integers<T>(12, 12).to(device));
  return commutation<T>(3, 4, device) * kron(a, diag(integers<T>(4, 1).to(device))) + T(2) * b;
}

template <class T> std::vector<T> entries(const Matrix<T> &m) {
  const Matrix<T> here = m.to(Device::cpu());
  return {here.data(), here.data() + here.rows() * here.cols()};
}

TYPED_TEST(OperatorsOfThreads, TwoShareOne) {
  using T = TypeParam;
  const Matrix<T> x = integers<T>(12, 7);
  const Operator<T> definition = operator_on<T>(Device::reference());
  const std::vector<T> product = entries(definition.apply(x.to(Device::reference()))),
                       dense = entries(definition.to_dense());
  for (const Device device : Device::all()) {
    const Operator<T> shared = operator_on<T>(device);
    const Matrix<T> x_there = x.to(device);
    int right[2] = {};
    const auto work = [&](int &count) {
      for (int n = 0; n < 20; ++n)
        count += entries(shared.apply(x_there)) == product && entries(shared.to_dense()) == dense;
    };
    std::thread other(work, std::ref(right[1]));
    work(right[0]);
    other.join();
    EXPECT_EQ(right[0], 20) << device.name();
    EXPECT_EQ(right[1], 20) << device.name();
  }
}

} // namespace
} // namespace kronvec::testing

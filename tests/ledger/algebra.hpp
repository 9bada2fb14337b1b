#pragma once
/// Tools for testing rows T, V and K of the project's ledger: matrices and operators of every type, on every device.

#include "tests/textbook.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kronvec::testing {

using textbook::Scalar;
using textbook::Table;
using textbook::transpose;
using textbook::unvec;
using textbook::vec;

/// Matrices and operators of one type on one device.
template <class T> class On {
public:
  using Type = T;
  explicit On(Device device) : device_(device) {}
  Device device() const { return device_; }

  /// Random numbers that T represents exactly; each call gives different ones.
  Table random(Index rows, Index cols) { return textbook::widen(Matrix<T>::random(rows, cols, ++seed_)); }
  /// Random numbers, far from a singular matrix.
  Table regular(Index n) {
    Table a = random(n, n);
    for (Index i = 0; i < n; ++i)
      a(i, i) += 4;
    return textbook::widen(textbook::narrow<T>(a, Device::cpu()));
  }
  Operator<T> op(const Table &a) const { return textbook::narrow<T>(a, device_); }
  Operator<T> eye(Index n) const { return identity<T>(n, device_); }
  Operator<T> k(Index m, Index n) const { return commutation<T>(m, n, device_); }
  Operator<T> diag(const Table &a) const { return kronvec::diag(textbook::narrow<T>(a, device_)); }
  static Operator<T> kron(const Operators<T> &factors) { return kronvec::kron(factors); }
  static Operator<T> oplus(const Operators<T> &blocks) { return kronvec::direct_sum(blocks); }
  Table apply(const Operator<T> &a, const Table &x) const {
    return textbook::widen(a.apply(textbook::narrow<T>(x, device_)));
  }
  static Table table(const Operator<T> &a) { return textbook::widen(a.to_dense()); }
  /// A ⊙ B, as vec(A ⊙ B) = Diag(vec A)·vec B.
  Table hadamard(const Table &a, const Table &b) const { return unvec(apply(diag(a), vec(b)), a.rows, a.cols); }
  /// aᵀ·b of two columns, computed by operators.
  T inner(const Table &a, const Operator<T> &b) const { return (op(a).transpose() * b).entry(0, 0); }

  static constexpr double tolerance = 200 * textbook::roundoff<T>;
  static void expect_equal(const Table &a, const Table &b, double within = tolerance) {
    double size = 1;
    for (const Scalar x : b.entries)
      size = std::max(size, std::abs(x));
    EXPECT_TRUE(textbook::within(a, b, [&](Index, Index) { return within * size; }));
  }
  static void expect_equal(Scalar a, Scalar b, double within = tolerance) {
    EXPECT_LE(std::abs(a - b), within * std::max(1., std::abs(b))) << a << " and " << b;
  }
  static void expect_exactly(const Table &a, const Table &b) { expect_equal(a, b, 0); }
  static void expect_equal(const Operator<T> &a, const Operator<T> &b) { expect_equal(table(a), table(b)); }
  /// Checks that two matrices of the same shape differ clearly.
  static void expect_other(const Table &a, const Table &b) {
    ASSERT_EQ(a.shape(), b.shape());
    EXPECT_GT(textbook::norm(a - b), 0.1);
  }

private:
  Device device_;
  std::uint64_t seed_ = 0;
};

template <class T> void on_devices(const auto &check) {
  for (const Device device : Device::all()) {
    SCOPED_TRACE(
        fmt::format("{}, {} bytes, {}", device.name(), sizeof(T), std::is_floating_point_v<T> ? "real" : "complex"));
    check(On<T>(device));
  }
}
/// check(On<T>) for all types and devices.
inline void on_all(const auto &check) {
  on_devices<float>(check), on_devices<double>(check);
  on_devices<std::complex<float>>(check), on_devices<std::complex<double>>(check);
}

} // namespace kronvec::testing

#pragma once
/// Kronecker products of many shapes on the CUDA devices: their plans as text, and their results compared with the
/// definition.

#include "tests/devices/operands.hpp"

#include "devices/cuda/kronecker_plan.hpp"

#include <fmt/format.h>

namespace kronvec::testing {

using cuda::kronecker_plan;
using cuda::KroneckerPass;
using cuda::KroneckerShape;

struct Factor {
  Index p, q; ///< q = 0: the identity with p rows
  Op op = Op::none;
};
inline Factor identity_of(Index n) { return {n, 0}; }
inline std::vector<Factor> power(Factor f, int n) { return std::vector<Factor>(static_cast<std::size_t>(n), f); }

inline std::vector<KroneckerShape> shapes(const std::vector<Factor> &factors) {
  std::vector<KroneckerShape> result;
  for (const Factor &f : factors)
    result.push_back({f.p, f.q ? f.q : f.p, f.q == 0});
  return result;
}

/// "slices 1-3 of 2x40 by 256" for a pass of factors 1 to 3 with outers 2 and width 40; "product 2" for a cuBLAS pass.
template <class T>
std::string described(const std::vector<Factor> &factors, Index columns, Index shared = cuda::hopper_shared_bytes) {
  std::string text;
  for (const KroneckerPass &pass : kronecker_plan(shapes(factors), cuda::entry_kind<T>, columns, shared))
    text += (text.empty() ? "" : ", ") +
            (pass.slices ? fmt::format("slices {}-{} of {}x{} by {}", pass.first, pass.last - 1, pass.slicing.outers,
                                       pass.slicing.width, pass.slicing.threads)
                         : fmt::format("product {}", pass.first));
  return text;
}

template <class T> cuda::EntryKind kind_of(Precision precision) {
  cuda::EntryKind kind = cuda::entry_kind<T>;
  kind.tf32 = precision == Precision::tf32;
  return kind;
}

/// "32 16" for steps with that many rows per warp; numbers below 16 are rows per thread.
template <class T>
std::string heights(const std::vector<Factor> &factors, Index columns, Precision precision = Precision::full) {
  std::string text;
  for (const KroneckerPass &pass : kronecker_plan(shapes(factors), kind_of<T>(precision), columns))
    for (const cuda::SliceFactor &f : pass.factors)
      if (pass.slices) text += (text.empty() ? "" : " ") + std::to_string(f.tall);
  return text;
}

/// Zero or a unit (±1, ±i), so that sums stay small.
template <class T> T unit(std::mt19937_64 &random) {
  constexpr int values[][2] = {{0, 0}, {1, 0}, {-1, 0}, {0, 1}, {0, -1}};
  using R = decltype(std::abs(T()));
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(values[random() % 3][0]);
  } else {
    const auto &[re, im] = values[random() % 5];
    return {static_cast<R>(re), static_cast<R>(im)};
  }
}

/// Entries of a factor, or of the identity.
template <class T> Matrix<T> entries_of(const Factor &f, std::uint64_t seed) {
  if (f.q == 0) return Matrix<T>(0, 0);
  const Index rows = f.op == Op::none ? f.p : f.q, cols = f.op == Op::none ? f.q : f.p;
  Matrix<T> a(rows + 2, cols); // strided
  std::mt19937_64 random(seed);
  for (Index k = 0; k < a.rows() * a.cols(); ++k)
    a.data()[k] = unit<T>(random);
  return a;
}

/// Y = α·(F₁ ⊗ …)·X + β·Y on a device.
template <class T> class Kronecker {
public:
  Kronecker(const std::vector<Factor> &factors, Index columns, bool strided, T alpha, T beta, Precision precision)
      : factors_(factors), precision_(precision), alpha_(alpha), beta_(beta), columns_(columns),
        x_(size(&KroneckerShape::cols), columns, 1, strided, 1),
        y_(size(&KroneckerShape::rows), columns, 1, strided, 2) {
    if (beta == T(0)) y_.poison();
    for (const Factor &f : factors)
      entries_.push_back(entries_of<T>(f, entries_.size() + 3));
  }
  Matrix<T> on(Device device) const {
    std::vector<Matrix<T>> held;
    std::vector<KroneckerFactor<T>> list;
    for (std::size_t f = 0; f < factors_.size(); ++f) {
      const Factor &factor = factors_[f];
      if (factor.q == 0) {
        list.push_back(KroneckerFactor<T>::identity(factor.p));
        continue;
      }
      const Matrix<T> &a = held.emplace_back(entries_[f].to(device));
      list.push_back({MatrixView<const T>(a.data(), a.rows() - 2, a.cols(), a.rows()), factor.op});
    }
    return result_on<T>(
        device,
        [&](auto &, const auto &x, const auto &y) {
          const Algebra<T> &p = algebra(device);
          const Index room = p.kronecker_workspace(list, columns_);
          Matrix<T> workspace = poisoned(room, device);
          p.kronecker(alpha_, list, x[0], beta_, y[0], {workspace.data(), static_cast<std::size_t>(room)});
          device.synchronize();
        },
        y_, x_);
  }

private:
  const Algebra<T> &algebra(Device device) const {
    if constexpr (std::is_same_v<T, float>)
      if (precision_ == Precision::tf32) return device.backend().tf32_primitives();
    return device.backend().primitives(T{});
  }
  Index size(Index KroneckerShape::*side) const {
    Index n = 1;
    for (const KroneckerShape &s : shapes(factors_))
      n *= s.*side;
    return n;
  }
  static Matrix<T> poisoned(Index n, Device device) {
    Operand<T> workspace(n, 1);
    workspace.poison();
    return workspace.memory().to(device);
  }
  std::vector<Factor> factors_;
  Precision precision_;
  T alpha_, beta_;
  Index columns_;
  Operand<T> x_, y_;
  std::vector<Matrix<T>> entries_;
};

/// Compares with the definition, or for products with many entries with the factors applied one by one.
template <class T> void expect_kronecker(const std::vector<Factor> &factors, Index columns, bool strided, T alpha,
                                         T beta, Precision precision = Precision::full) {
  const Kronecker<T> product(factors, columns, strided, alpha, beta, precision);
  double terms = static_cast<double>(columns);
  for (const KroneckerShape &s : shapes(factors))
    terms *= static_cast<double>(s.rows * s.cols);
  const Matrix<T> expected = product.on(terms < 3e5 ? Device::reference() : Device::cpu());
  for (const Device device : cuda_devices())
    EXPECT_TRUE(same(product.on(device), expected))
        << device.name() << ": " << described<T>(factors, columns) << (strided ? ", strided" : "");
}

} // namespace kronvec::testing

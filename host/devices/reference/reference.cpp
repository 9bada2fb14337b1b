/// The oracle: every primitive by its definition, entry by entry, serially.

#include "devices/backend.hpp"
#include "devices/condition.hpp"
#include "devices/factors.hpp"
#include "devices/reference/algebra.hpp"
#include "devices/reference/elimination.hpp"
#include "devices/reference/emission.hpp"
#include "devices/reference/singular_values.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {
namespace {

using namespace reference;

template <class T> T scalar_function(Function f, T c, T x) {
  switch (f) {
  case Function::abs:
    return std::abs(x);
  case Function::sign:
    return x > 0 ? T(1) : x < 0 ? T(-1) : x;
  case Function::step:
    return x > 0 ? T(1) : std::isnan(x) ? x : T(0);
  case Function::square:
    return x * x;
  case Function::sqrt:
    return std::sqrt(x);
  case Function::cbrt:
    return std::cbrt(x);
  case Function::reciprocal:
    return 1 / x;
  case Function::pow:
    return std::pow(x, c);
  case Function::exp:
    return std::exp(x);
  case Function::expm1:
    return std::expm1(x);
  case Function::log:
    return std::log(x);
  case Function::log1p:
    return std::log1p(x);
  case Function::sin:
    return std::sin(x);
  case Function::cos:
    return std::cos(x);
  case Function::tan:
    return std::tan(x);
  case Function::asin:
    return std::asin(x);
  case Function::acos:
    return std::acos(x);
  case Function::atan:
    return std::atan(x);
  case Function::sinh:
    return std::sinh(x);
  case Function::cosh:
    return std::cosh(x);
  case Function::tanh:
    return std::tanh(x);
  case Function::sech:
    return std::abs(x) < 10 ? 1 / std::cosh(x) : 2 / (std::exp(-2 * std::abs(x)) + 1) * std::exp(-std::abs(x));
  case Function::sigmoid:
    return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
  case Function::softplus:
    return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
  case Function::relu:
    return x < 0 ? T(0) : x;
  case Function::erf:
    return std::erf(x);
  }
  return x;
}

template <class T> T operate(Binary op, T a, T b) {
  switch (op) {
  case Binary::multiply:
    return a * b;
  case Binary::divide:
    return a / b;
  case Binary::power:
    return std::pow(a, b);
  case Binary::multiply_or_zero:
    return a != 0 ? a * b : T(0);
  case Binary::divide_or_zero:
    return a != 0 ? a / b : T(0);
  }
  return a;
}

template <class T> T operate(const Link<T> &link, T a, T b) {
  switch (link.kind) {
  case Link<T>::Kind::affine:
    return link.alpha * a + link.beta;
  case Link<T>::Kind::add:
    return link.alpha * a + link.beta * b;
  case Link<T>::Kind::binary:
    return operate(link.op, a, b);
  case Link<T>::Kind::elementwise:
    return scalar_function(link.function, link.alpha, a);
  }
  return a;
}

/// The product of non-negative factors, which overflows or underflows only if it lies beyond T's range: a product below
/// 1 takes the largest factor that is left, another one the smallest.
template <class T> T product(std::vector<T> factors) {
  if (std::any_of(factors.begin(), factors.end(), [](T x) { return std::isnan(x); }))
    return std::numeric_limits<T>::quiet_NaN();
  std::sort(factors.begin(), factors.end());
  T result = 1;
  for (auto first = factors.begin(), last = factors.end(); first != last;)
    result *= result < 1 ? *--last : *first++;
  return result;
}

template <class T> void write_adjugate_factors(MatrixView<const T> x, MatrixView<T> f) {
  const Index n = x.rows();
  const RowVectors<T> entries = rows_of(x);
  const bool finite = std::isfinite(one_norm(entries, 0));
  const auto nan = std::numeric_limits<T>::quiet_NaN();
  const SingularValues<T> of = finite ? singular_values(x) : SingularValues<T>{};
  const auto matrix = [&](const std::vector<Column<T>> &columns) {
    std::vector<T> packed;
    for (const Column<T> &column : columns)
      packed.insert(packed.end(), column.begin(), column.end());
    return packed;
  };
  const auto sign_of = [&](std::vector<T> packed) {
    return determinant_by_elimination(rows_of(MatrixView<const T>(packed.data(), n, n))) < 0 ? T(-1) : T(1);
  };
  const T sign = finite ? sign_of(matrix(of.u)) * sign_of(matrix(of.v)) : nan;
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) {
      T others = i == j ? T(0) : sign;
      for (Index k = 0; finite && k < n; ++k)
        if (k != i && k != j) others *= of.s[k];
      f(i, j) = finite ? of.v[j][i] : nan;
      f(i, n + j) = finite ? of.u[j][i] : nan;
      f(i, 2 * n + j) = finite ? others : nan;
    }
}

template <class T> class ReferencePrimitives final : public ReferenceAlgebra<T, Primitives<T>> {
public:
  using In = BatchView<const T>;
  using Out = BatchView<T>;

  void column_shift(In x, Out y) const override {
    tabulate(y, [&](Index b, Index, Index j) {
      T largest = -std::numeric_limits<T>::infinity();
      for (Index i = 0; i < x.rows && !std::isnan(largest); ++i)
        if (!(x[b](i, j) <= largest)) largest = x[b](i, j);
      return std::isinf(largest) ? T(0) : largest;
    });
  }
  void norm2(In x, Out y) const override {
    tabulate(y, [&](Index b, Index, Index) {
      T largest = 0, total = 0; // the largest absolute value; the sum of squares of entries divided by it
      for (Index j = 0; j < x.cols; ++j)
        for (Index i = 0; i < x.rows; ++i)
          largest = larger(largest, std::abs(x[b](i, j)));
      if (largest == 0 || !std::isfinite(largest)) return largest;
      for (Index j = 0; j < x.cols; ++j)
        for (Index i = 0; i < x.rows; ++i)
          total += (x[b](i, j) / largest) * (x[b](i, j) / largest);
      return largest * std::sqrt(total);
    });
  }
  void chain(const Chain<T> &chain, std::span<const In> inputs, std::span<const Out> results) const override {
    const Out &y = results[0];
    std::vector<T> registers;
    for (Index t = 0; t < y.count; ++t)
      for (Index j = 0; j < y.cols; ++j)
        for (Index i = 0; i < y.rows; ++i) {
          registers.clear();
          for (const In &x : inputs)
            registers.push_back(broadcast(x[t], i, j));
          for (int k = 0; k < chain.links; ++k)
            registers.push_back(operate(chain.link[k], registers[chain.link[k].a], registers[chain.link[k].b]));
          for (int r = 0; r < chain.outputs; ++r)
            results[r][t](i, j) = registers[chain.output[r]];
        }
  }
  std::vector<T> one_norms(In x) const override {
    std::vector<T> norms;
    for (Index t = 0; t < x.count; ++t)
      norms.push_back(reference::one_norm(rows_of(x[t]), 0));
    return norms;
  }
  void lu(In x, bool regular, Out f) const override {
    for (Index t = 0; t < f.count; ++t) {
      if (regular) (void)inverse_of(x[t]); // throws if X has no inverse
      factor(x[t], f[t]);
    }
  }
  void lu_solve(Op op, In f, In b, Out y) const override {
    for (Index t = 0; t < y.count; ++t)
      solve(op, f[t], b[t], y[t]);
  }
  void determinant(Determinant form, In f, Out y) const override {
    tabulate(y, [&](Index t, Index, Index) {
      T sign = 1, logarithm = 0;
      std::vector<T> pivots_of_x;
      for (Index k = 0; k < f.rows; ++k) {
        const T u = f[t](k, k);
        sign *= u > 0 ? T(1) : u < 0 ? T(-1) : u;
        if (pivots<Index>(f[t])[k] != k + 1) sign = -sign;
        logarithm += std::log(std::abs(u));
        pivots_of_x.push_back(std::abs(u));
      }
      if (form == Determinant::value) return sign * product(std::move(pivots_of_x));
      return form == Determinant::sign ? sign : logarithm;
    });
  }
  void adjugate(In x, Out y) const override {
    tabulate(y, [&](Index t, Index i, Index j) { return ((i + j) % 2 ? T(-1) : T(1)) * minor(x[t], j, i); });
  }
  void adjugate_factors(In x, Out f) const override {
    for (Index t = 0; t < f.count; ++t)
      write_adjugate_factors(x[t], f[t]);
  }
  void cholesky(In x, Out y) const override {
    this->fill(0, y);
    for (Index t = 0; t < y.count; ++t)
      for (Index j = 0; j < y.cols; ++j)
        for (Index i = j; i < y.rows; ++i) {
          T rest = x[t](i, j);
          for (Index k = 0; k < j; ++k)
            rest -= y[t](i, k) * y[t](j, k);
          if (i == j && rest <= 0) refuse_indefinite({y.rows, y.cols}, j + 1);
          y[t](i, j) = i == j ? std::sqrt(rest) : rest / y[t](j, j);
        }
  }
  void expm(In x, Out y) const override {
    for (Index t = 0; t < y.count; ++t)
      exponential(x[t], y[t]);
  }
  void inverse(In x, Out y) const override {
    for (Index t = 0; t < y.count; ++t)
      invert(x[t], y[t]);
  }
  std::unique_ptr<Emitter<T>> emitter(Emission emission) const override {
    return reference::emitter<T>(std::move(emission));
  }
};

class ReferenceBackend final : public Backend {
public:
  std::string name() const override { return "reference"; }
  std::string description() const override { return "every primitive from its definition, serial"; }
  const Primitives<float> &primitives(float) const override { return floats_; }
  const Primitives<double> &primitives(double) const override { return doubles_; }
  const Algebra<std::complex<float>> &primitives(std::complex<float>) const override { return complex_floats_; }
  const Algebra<std::complex<double>> &primitives(std::complex<double>) const override { return complex_doubles_; }

private:
  ComplexAlgebra<std::complex<float>> complex_floats_;
  ComplexAlgebra<std::complex<double>> complex_doubles_;
  ReferencePrimitives<float> floats_;
  ReferencePrimitives<double> doubles_;
};

} // namespace

Backend &reference_backend() {
  static auto &backend = *new ReferenceBackend; // never destroyed: static objects destroyed later may own matrices
  return backend;
}

} // namespace kronvec

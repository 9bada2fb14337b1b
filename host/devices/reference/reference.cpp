/// The oracle: every primitive by its definition, entry by entry, serially.

#include "devices/backend.hpp"
#include "devices/condition.hpp"
#include "devices/factors.hpp"
#include "devices/reference/algebra.hpp"
#include "devices/reference/elimination.hpp"
#include "devices/reference/emission.hpp"

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

template <class T> class ReferencePrimitives final : public ReferenceAlgebra<T, Primitives<T>> {
public:
  using In = BatchView<const T>;
  using Out = BatchView<T>;

  void column_max(In x, Out y) const override {
    tabulate(y, [&](Index b, Index, Index j) {
      T largest = -std::numeric_limits<T>::infinity();
      for (Index i = 0; i < x.rows && !std::isnan(largest); ++i)
        if (!(x[b](i, j) <= largest)) largest = x[b](i, j);
      return largest;
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
  void determinant(bool logarithm, In f, Out y) const override {
    tabulate(y, [&](Index t, Index, Index) {
      T det = 1, sum = 0;
      for (Index k = 0; k < f.rows; ++k) {
        det *= f[t](k, k) * (pivots<Index>(f[t])[k] == k + 1 ? T(1) : T(-1));
        sum += std::log(std::abs(f[t](k, k)));
      }
      return logarithm ? sum : det;
    });
  }
  void adjugate(In x, Out y) const override {
    tabulate(y, [&](Index t, Index i, Index j) { return ((i + j) % 2 ? T(-1) : T(1)) * minor(x[t], j, i); });
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

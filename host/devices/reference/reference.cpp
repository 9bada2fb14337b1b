/// The oracle: every primitive as its definition says, one entry at a time, serially.

#include "devices/backend.hpp"
#include "devices/condition.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace kronvec {
namespace {

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

/// Entry (i, j); one row serves all rows, one column all columns.
template <class T> T broadcast(MatrixView<const T> m, Index i, Index j) {
  return m(m.rows() == 1 ? 0 : i, m.cols() == 1 ? 0 : j);
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

template <class T> using Rows = std::vector<std::vector<T>>;

/// ‖·‖₁ of columns first … first + n − 1: the largest sum of a column's magnitudes; NaN if an entry is.
template <class T> T one_norm(const Rows<T> &rows, Index first) {
  T norm = 0;
  for (Index j = 0; j < static_cast<Index>(rows.size()); ++j) {
    T total = 0;
    for (const auto &row : rows)
      total += std::abs(row[first + j]);
    if (!(total <= norm)) norm = total;
    if (std::isnan(norm)) break;
  }
  return norm;
}

/// Gauss–Jordan elimination with row exchanges turns [A | I] into [I | A⁻¹]. False where A has no pivot left.
template <class T> bool eliminate(Rows<T> &rows) {
  const Index n = static_cast<Index>(rows.size());
  for (Index c = 0; c < n; ++c) {
    const auto pivot = std::max_element(rows.begin() + c, rows.end(),
                                        [&](const auto &a, const auto &b) { return std::abs(a[c]) < std::abs(b[c]); });
    std::swap(rows[c], *pivot);
    const T p = rows[c][c];
    if (p == 0) return false;
    for (T &entry : rows[c])
      entry /= p;
    for (Index i = 0; i < n; ++i)
      if (const T factor = rows[i][c]; i != c)
        for (Index j = 0; j < 2 * n; ++j)
          rows[i][j] -= factor * rows[c][j];
  }
  return true;
}

/// Y = X⁻¹ if 1/(‖X‖₁·‖X⁻¹‖₁), the reciprocal condition number, is not lost in rounding. NaN anywhere gives NaN.
template <class T> void invert(MatrixView<const T> x, MatrixView<T> y) {
  const Index n = x.rows();
  Rows<T> rows(static_cast<std::size_t>(n), std::vector<T>(static_cast<std::size_t>(2 * n)));
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j)
      rows[i][j] = x(i, j);
    rows[i][n + i] = 1;
  }
  const T norm = one_norm(rows, 0);
  T rcond = 0;
  if (std::isfinite(norm) && eliminate(rows)) rcond = 1 / norm / one_norm(rows, n);
  if (n > 0 && !std::isnan(norm)) require_regular(x.shape(), rcond);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j)
      y(i, j) = std::isnan(norm) ? norm : rows[i][n + j];
}

template <class T> class ReferencePrimitives final : public Primitives<T> {
  using typename Primitives<T>::In;
  using typename Primitives<T>::Out;

  /// y_b(i, j) = entry(b, i, j).
  static void tabulate(Out y, const auto &entry) {
    for (Index b = 0; b < y.count; ++b)
      for (Index j = 0; j < y.cols; ++j)
        for (Index i = 0; i < y.rows; ++i)
          y[b](i, j) = entry(b, i, j);
  }

public:
  void fill(T value, Out y) const override {
    tabulate(y, [&](Index, Index, Index) { return value; });
  }
  void unit_columns(Index first, MatrixView<T> y) const override {
    tabulate(y, [&](Index, Index i, Index t) { return i == first + t ? T(1) : T(0); });
  }
  void copy(In x, Out y) const override {
    tabulate(y, [&](Index b, Index i, Index j) { return x[b](i, j); });
  }
  void transpose(In x, Out y) const override {
    if (x.data == y.data) {
      for (Index b = 0; b < y.count; ++b)
        for (Index j = 0; j < y.cols; ++j)
          for (Index i = 0; i < j; ++i)
            std::swap(y[b](i, j), y[b](j, i));
    } else {
      tabulate(y, [&](Index b, Index i, Index j) { return x[b](j, i); });
    }
  }
  void commute_columns(Index m, Index n, In x, Out y) const override {
    tabulate(y, [&](Index b, Index r, Index c) { return x[b](r, c / m + c % m * n); });
  }
  void vech(In x, Out y) const override {
    for (Index b = 0; b < y.count; ++b)
      for (Index j = 0, k = 0; j < x.cols; ++j)
        for (Index i = j; i < x.rows; ++i)
          y[b](k++, 0) = x[b](i, j);
  }
  void unvech(In x, Out y) const override {
    for (Index b = 0; b < y.count; ++b)
      for (Index j = 0, k = 0; j < y.cols; ++j)
        for (Index i = 0; i < y.rows; ++i)
          y[b](i, j) = i < j ? T(0) : x[b](k++, 0);
  }
  void column_max(In x, Out y) const override {
    tabulate(y, [&](Index b, Index, Index j) {
      T largest = -std::numeric_limits<T>::infinity();
      for (Index i = 0; i < x.rows && !std::isnan(largest); ++i)
        if (!(x[b](i, j) <= largest)) largest = x[b](i, j);
      return largest;
    });
  }
  void multiply(T alpha, Op op_a, In a, Op op_b, In b, Out c) const override {
    const Index inner = op_a == Op::none ? a.cols : a.rows;
    tabulate(c, [&](Index t, Index i, Index j) {
      T total = 0;
      for (Index k = 0; k < inner; ++k)
        total += (op_a == Op::none ? a[t](i, k) : a[t](k, i)) * (op_b == Op::none ? b[t](k, j) : b[t](j, k));
      return alpha * total;
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
  void inner(In a, In b, Out y) const override {
    tabulate(y, [&](Index t, Index, Index) {
      T total = 0;
      for (Index j = 0; j < a.cols; ++j)
        for (Index i = 0; i < a.rows; ++i)
          total += a[t](i, j) * b[t](i, j);
      return total;
    });
  }
  void inverse(In x, Out y) const override {
    for (Index t = 0; t < y.count; ++t)
      invert(x[t], y[t]);
  }
};

class ReferenceBackend final : public Backend {
public:
  std::string name() const override { return "reference"; }
  std::string description() const override { return "every primitive from its definition, serial"; }
  const Primitives<float> &primitives(float) const override { return floats_; }
  const Primitives<double> &primitives(double) const override { return doubles_; }

private:
  ReferencePrimitives<float> floats_;
  ReferencePrimitives<double> doubles_;
};

} // namespace

Backend &reference_backend() {
  static ReferenceBackend backend;
  return backend;
}

} // namespace kronvec

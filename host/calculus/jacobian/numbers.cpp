/// Arithmetic of dual and complex numbers, and elementwise functions of them.

#include "calculus/jacobian/numbers.hpp"

#include "kronvec/error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

namespace kronvec::detail {
namespace {

double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

/// σ(x) and σ′(x).
struct Pair {
  double value, slope;
};

Pair algebraic(Function f, double c, double x) {
  switch (f) {
  case Function::abs:
    return {std::abs(x), sign(x)};
  case Function::sign:
    return {sign(x), 0};
  case Function::step:
    return {std::isnan(x) ? x : double(x > 0), 0};
  case Function::relu:
    return {x < 0 ? 0 : x, double(x > 0)};
  case Function::square:
    return {x * x, 2 * x};
  case Function::sqrt:
    return {std::sqrt(x), 1 / (2 * std::sqrt(x))};
  case Function::cbrt:
    return {std::cbrt(x), 1 / (3 * std::cbrt(x) * std::cbrt(x))};
  case Function::reciprocal:
    return {1 / x, -1 / (x * x)};
  default:
    return {std::pow(x, c), c * std::pow(x, c - 1)};
  }
}

Pair transcendental(Function f, double x) {
  switch (f) {
  case Function::exp:
    return {std::exp(x), std::exp(x)};
  case Function::expm1:
    return {std::expm1(x), std::exp(x)};
  case Function::log:
    return {std::log(x), 1 / x};
  case Function::log1p:
    return {std::log1p(x), 1 / (1 + x)};
  case Function::sin:
    return {std::sin(x), std::cos(x)};
  case Function::cos:
    return {std::cos(x), -std::sin(x)};
  case Function::tan:
    return {std::tan(x), 1 / (std::cos(x) * std::cos(x))};
  case Function::asin:
    return {std::asin(x), 1 / std::sqrt((1 - x) * (1 + x))};
  case Function::acos:
    return {std::acos(x), -1 / std::sqrt((1 - x) * (1 + x))};
  case Function::atan:
    return {std::atan(x), 1 / (1 + x * x)};
  case Function::sinh:
    return {std::sinh(x), std::cosh(x)};
  case Function::cosh:
    return {std::cosh(x), std::sinh(x)};
  case Function::tanh:
    return {std::tanh(x), 1 / std::cosh(x) / std::cosh(x)};
  case Function::sech:
    return {1 / std::cosh(x), -std::tanh(x) / std::cosh(x)};
  case Function::sigmoid:
    return {sigmoid(x), sigmoid(x) * sigmoid(-x)};
  case Function::softplus:
    return {std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))), sigmoid(x)};
  default:
    return {std::erf(x), 2 / std::sqrt(std::numbers::pi) * std::exp(-x * x)};
  }
}

} // namespace

namespace {

/// F(u, v) with this value, and with these derivatives by u and v. A coefficient of 0 that depends on no variable ends
/// a path.
Dual combined(double value, double by_u, bool by_u_depends, Dual u, double by_v, bool by_v_depends, Dual v) {
  const auto reaches = [](double coefficient, bool depends, Dual w) {
    return w.reached && (depends || coefficient != 0);
  };
  const bool u_reaches = reaches(by_u, by_u_depends, u), v_reaches = reaches(by_v, by_v_depends, v);
  return {value, (u_reaches ? by_u * u.slope : 0) + (v_reaches ? by_v * v.slope : 0), u.depends || v.depends,
          u_reaches || v_reaches};
}

/// σ(u) with σ′(u).
Dual of_one(double value, double slope, Dual u) { return combined(value, slope, true, u, 0, false, {}); }

} // namespace

Dual operator+(Dual u, Dual v) { return combined(u.value + v.value, 1, false, u, 1, false, v); }
Dual operator-(Dual u, Dual v) { return combined(u.value - v.value, 1, false, u, -1, false, v); }
Dual operator*(Dual u, Dual v) { return combined(u.value * v.value, v.value, v.depends, u, u.value, u.depends, v); }
Dual operator/(Dual u, Dual v) {
  return combined(u.value / v.value, 1 / v.value, v.depends, u, -u.value / (v.value * v.value), true, v);
}

Dual product_or_zero(Dual u, Dual v) { return u.value != 0 ? u * v : combined(0, v.value, v.depends, u, 0, false, v); }
Dual quotient_or_zero(Dual u, Dual v) {
  return u.value != 0 ? u / v : combined(0, 1 / v.value, v.depends, u, 0, false, v);
}

namespace {

/// The value of uᵛ·log(u)ᵏ.
double power_of_logarithm(double u, double v, double k) {
  const double power = std::pow(u, v);
  return k == 0 || power == 0 ? power : power * std::pow(std::log(u), k);
}

} // namespace

Dual power(Dual u, Dual v, double k) {
  const double of_power = v.value == 0 ? 0 : v.value * power_of_logarithm(u.value, v.value - 1, k);
  const double of_logarithm = k == 0 ? 0 : k * power_of_logarithm(u.value, v.value - 1, k - 1);
  return combined(power_of_logarithm(u.value, v.value, k), of_power + of_logarithm, true, u,
                  power_of_logarithm(u.value, v.value, k + 1), true, v);
}

Dual elementwise(Function f, double c, Dual u) {
  const Pair p = f <= Function::pow ? algebraic(f, c, u.value) : transcendental(f, u.value);
  return of_one(p.value, p.slope, u);
}

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

bool is_integer(double c) { return c == std::floor(c); }

/// z^c where the real power exists (NaN elsewhere), without additional rounding error in the imaginary part.
Complex real_power(Complex z, double c) {
  if (z.real() >= 0) return std::pow(z, c);
  if (!is_integer(c)) return {nan, nan};
  const Complex positive = std::pow(-z, c);
  return std::fmod(c, 2) == 0 ? positive : -positive;
}

/// log z where the real logarithm exists, NaN elsewhere.
Complex real_log(Complex z) { return z.real() < 0 ? Complex{nan, nan} : std::log(z); }

Complex complex_sigmoid(Complex z) {
  const Complex e = std::exp(z.real() < 0 ? z : -z);
  return (z.real() < 0 ? e : Complex{1, 0}) / (1.0 + e);
}

/// log(1 + z), accurate near 0.
Complex complex_log1p(Complex z) { return {std::log1p(z.real()), std::atan2(z.imag(), 1 + z.real())}; }

} // namespace

Complex power(Complex u, Complex v, double k) {
  const Complex power = v.imag() == 0 ? real_power(u, v.real()) : std::exp(v * real_log(u));
  return k == 0 || power == 0.0 ? power : power * std::pow(real_log(u), k);
}

Complex elementwise(Function f, double c, Complex z) {
  switch (f) {
  case Function::square:
    return z * z;
  case Function::sqrt:
    return z.real() < 0 ? Complex{nan, nan} : std::sqrt(z);
  case Function::cbrt:
    return z.real() < 0 ? -std::pow(-z, 1.0 / 3) : std::pow(z, 1.0 / 3);
  case Function::reciprocal:
    return 1.0 / z;
  case Function::pow:
    return real_power(z, c);
  case Function::exp:
    return std::exp(z);
  case Function::expm1:
    return {std::expm1(z.real()), std::exp(z).imag()};
  case Function::log:
    return real_log(z);
  case Function::log1p:
    return complex_log1p(z);
  case Function::sin:
    return std::sin(z);
  case Function::cos:
    return std::cos(z);
  case Function::tan:
    return std::sin(z) / std::cos(z);
  case Function::asin:
    return std::asin(z);
  case Function::acos:
    return std::acos(z);
  case Function::atan:
    return std::atan(z);
  case Function::sinh:
    return std::sinh(z);
  case Function::cosh:
    return std::cosh(z);
  case Function::tanh:
    return std::tanh(z);
  case Function::sech:
    return 1.0 / std::cosh(z);
  case Function::sigmoid:
    return complex_sigmoid(z);
  case Function::softplus:
    return (z.real() < 0 ? Complex{} : z) + complex_log1p(std::exp(z.real() < 0 ? z : -z));
  default:
    throw DomainError("the complex step does not allow " + std::string(name(f)));
  }
}

} // namespace kronvec::detail

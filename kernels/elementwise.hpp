#pragma once
/// The elementwise functions of one number, for processors without a vector form of them.

#include "kernels/host_device.hpp"
#include "kronvec/elementwise.hpp"

#include <cmath>

namespace kronvec::kernels {

/// 1/(1 + e⁻ˣ). Cannot overflow, because it evaluates the exponential of negative numbers only.
template <class T> KRONVEC_HOST_DEVICE T sigmoid(T x) {
  const T e = std::exp(-std::abs(x));
  return (x < 0 ? e : T(1)) / (1 + e);
}

/// 2/(eˣ + e⁻ˣ).
template <class T> KRONVEC_HOST_DEVICE T sech(T x) {
  const T e = std::exp(-std::abs(x));
  return 2 * e / (1 + e * e);
}

/// log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|).
template <class T> KRONVEC_HOST_DEVICE T softplus(T x) {
  return (x < 0 ? T(0) : x) + std::log1p(std::exp(-std::abs(x)));
}

template <class T> KRONVEC_HOST_DEVICE T sign(T x) { return x > 0 ? T(1) : x < 0 ? T(-1) : x; }
template <class T> KRONVEC_HOST_DEVICE T step(T x) { return x > 0 ? T(1) : x == x ? T(0) : x; }
template <class T> KRONVEC_HOST_DEVICE T relu(T x) { return x < 0 ? T(0) : x; }

/// f(x); `c` is pow's exponent.
template <class T> KRONVEC_HOST_DEVICE T apply(Function f, T c, T x) {
  switch (f) {
  case Function::abs:
    return std::abs(x);
  case Function::sign:
    return sign(x);
  case Function::step:
    return step(x);
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
    return sech(x);
  case Function::sigmoid:
    return sigmoid(x);
  case Function::softplus:
    return softplus(x);
  case Function::relu:
    return relu(x);
  case Function::erf:
    return std::erf(x);
  }
  return x;
}

/// Functions of two entries.
enum class Binary {
  multiply,
  divide,
  power,
  multiply_or_zero, ///< a·b, or 0 where a = 0, whatever b is: 0·∞ = 0
  divide_or_zero,   ///< a/b, or 0 where a = 0, whatever b is: 0/0 = 0
};

template <class T> KRONVEC_HOST_DEVICE T apply(Binary op, T a, T b) {
  switch (op) {
  case Binary::multiply:
    return a * b;
  case Binary::divide:
    return a / b;
  case Binary::power:
    return std::pow(a, b);
  case Binary::multiply_or_zero:
    return a == 0 ? T(0) : a * b;
  case Binary::divide_or_zero:
    return a == 0 ? T(0) : a / b;
  }
  return a;
}

} // namespace kronvec::kernels

#pragma once
/// Sums of squares and products of many numbers whose intermediate results can neither overflow nor underflow.

#include "kernels/host_device.hpp"

#include <cmath>
#include <cstdint>

namespace kronvec::kernels {

/// Σx² in three parts (Blue, "A portable Fortran program to find the Euclidean norm of a vector", 1978): squares of
/// numbers that are too small or too large to be squared are scaled by a power of two. A part takes 2⁴⁰ squares.
template <class T> struct SquareSum {
  static constexpr bool wide = sizeof(T) == 8;
  static constexpr T least = wide ? T(0x1p-500) : T(0x1p-60), most = wide ? T(0x1p490) : T(0x1p40);
  static constexpr T up = wide ? T(0x1p600) : T(0x1p100), down = wide ? T(0x1p-600) : T(0x1p-100);

  T small = 0, medium = 0, large = 0;

  KRONVEC_HOST_DEVICE void add(T x) {
    const T a = std::abs(x);
    if (a > most)
      large += (a * down) * (a * down);
    else if (a < least)
      small += (a * up) * (a * up);
    else // NaN, too
      medium += a * a;
  }
  friend KRONVEC_HOST_DEVICE SquareSum operator+(SquareSum a, SquareSum b) {
    return {a.small + b.small, a.medium + b.medium, a.large + b.large};
  }
  /// √Σx².
  KRONVEC_HOST_DEVICE T root() const {
    if (large > 0) return std::sqrt(large + (medium * down) * down) * (1 / down); // small squares do not count
    if (small > 0 && medium > 0) return std::hypot(std::sqrt(medium), std::sqrt(small) / up);
    return medium == 0 ? std::sqrt(small) / up : std::sqrt(medium);
  }
};

/// A product as mantissa·2^exponent, where the mantissa is 0, not finite, or in [½, 1).
template <class T> struct ScaledProduct {
  T mantissa = T(0.5);
  std::int64_t exponent = 1;

  KRONVEC_HOST_DEVICE void multiply(ScaledProduct other) {
    int carry = 0;
    mantissa = split(mantissa * other.mantissa, carry);
    exponent += other.exponent + carry;
  }
  KRONVEC_HOST_DEVICE void multiply(T x) {
    int binary = 0;
    const T fraction = split(x, binary);
    multiply({fraction, binary});
  }
  friend KRONVEC_HOST_DEVICE ScaledProduct operator*(ScaledProduct a, ScaledProduct b) {
    a.multiply(b);
    return a;
  }
  KRONVEC_HOST_DEVICE T value() const {
    const std::int64_t bound = 1 << 20; // beyond every exponent of T
    return std::ldexp(mantissa, static_cast<int>(exponent > bound ? bound : exponent < -bound ? -bound : exponent));
  }
  /// −1, 0, 1 or NaN.
  KRONVEC_HOST_DEVICE T sign() const { return mantissa > 0 ? T(1) : mantissa < 0 ? T(-1) : mantissa; }

private:
  /// x = fraction·2^exponent; what is not finite is its own fraction.
  static KRONVEC_HOST_DEVICE T split(T x, int &exponent) { return std::isfinite(x) ? std::frexp(x, &exponent) : x; }
};

} // namespace kronvec::kernels

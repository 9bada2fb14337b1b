#pragma once
/// Numbers that carry a derivative: dual numbers beside the value, complex numbers in the imaginary part.

#include "kernels/elementwise.hpp"

#include <complex>

namespace kronvec::detail {

/// A number and its derivative by one variable.
struct Dual {
  double value = 0, slope = 0;
};

Dual operator+(Dual u, Dual v);
Dual operator-(Dual u, Dual v);
Dual operator*(Dual u, Dual v);
Dual operator/(Dual u, Dual v);
/// uᵛ·log(u)ᵏ, 0 where uᵛ is 0.
Dual power(Dual u, Dual v, double k);
Dual elementwise(Function f, double c, Dual u);

/// x + ih with a step h so small that h² is negligible beside x: the imaginary part of F(x + ih) is h·F′(x).
using Complex = std::complex<double>;
constexpr double imaginary_step = 1e-100;

Complex power(Complex u, Complex v, double k);
/// Throws DomainError for a function that the complex step does not support.
Complex elementwise(Function f, double c, Complex u);

inline double value_of(Dual u) { return u.value; }
inline double value_of(Complex u) { return u.real(); }
inline double slope_of(Dual u) { return u.slope; }
inline double slope_of(Complex u) { return u.imag() / imaginary_step; }

template <class Number> Number with_slope(double value, double slope);
template <> inline Dual with_slope<Dual>(double value, double slope) { return {value, slope}; }
template <> inline Complex with_slope<Complex>(double value, double slope) { return {value, slope * imaginary_step}; }

/// u·v and u/v, and 0 where u is 0, whatever v is.
template <class Number> Number product_or_zero(Number u, Number v) {
  if (value_of(u) != 0) return u * v;
  return with_slope<Number>(0, slope_of(u) == 0 ? 0 : slope_of(u) * value_of(v));
}
template <class Number> Number quotient_or_zero(Number u, Number v) {
  if (value_of(u) != 0) return u / v;
  return with_slope<Number>(0, slope_of(u) == 0 ? 0 : slope_of(u) / value_of(v));
}

/// The variable itself, at x.
template <class Number> Number variable(double x);
template <> inline Dual variable<Dual>(double x) { return {x, 1}; }
template <> inline Complex variable<Complex>(double x) { return {x, imaginary_step}; }

} // namespace kronvec::detail

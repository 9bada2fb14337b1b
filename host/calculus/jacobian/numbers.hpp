#pragma once
/// Numbers that carry a derivative: dual numbers beside the value, complex numbers in the imaginary part.

#include "kernels/elementwise.hpp"

#include <complex>

namespace kronvec::detail {

/// A number and its derivative by one entry of a variable. Zeros by structure stay zero beside an infinite coefficient
/// (infinite_slopes.hpp), so they are told apart from derivatives that are zero at this point.
struct Dual {
  double value = 0, slope = 0;
  bool depends = false; ///< on some variable
  bool reached = false; ///< whether a path without a zero by structure leads from the entry to here
};

Dual operator+(Dual u, Dual v);
Dual operator-(Dual u, Dual v);
Dual operator*(Dual u, Dual v);
Dual operator/(Dual u, Dual v);
/// uᵛ·log(u)ᵏ, 0 where uᵛ is 0.
Dual power(Dual u, Dual v, double k);
/// u·v and u/v, and 0 where u is 0, whatever v is.
Dual product_or_zero(Dual u, Dual v);
Dual quotient_or_zero(Dual u, Dual v);
Dual elementwise(Function f, double c, Dual u);

/// x + ih with a step h so small that h² is negligible beside x: the imaginary part of F(x + ih) is h·F′(x).
using Complex = std::complex<double>;
constexpr double imaginary_step = 1e-100;

Complex power(Complex u, Complex v, double k);
inline Complex product_or_zero(Complex u, Complex v) { return u == 0.0 ? u : u * v; }
inline Complex quotient_or_zero(Complex u, Complex v) { return u == 0.0 ? u : u / v; }
/// Throws DomainError for a function that the complex step does not support.
Complex elementwise(Function f, double c, Complex u);

inline double value_of(Dual u) { return u.value; }
inline double value_of(Complex u) { return u.real(); }
inline double slope_of(Dual u) { return u.slope; }
inline double slope_of(Complex u) { return u.imag() / imaginary_step; }

template <class Number> Number with_slope(double value, double slope);
template <> inline Dual with_slope<Dual>(double value, double slope) { return {value, slope, slope != 0, slope != 0}; }
template <> inline Complex with_slope<Complex>(double value, double slope) { return {value, slope * imaginary_step}; }

/// An entry of a variable, at x: the one by which the derivative is taken, and any other.
template <class Number> Number variable(double x);
template <> inline Dual variable<Dual>(double x) { return {x, 1, true, true}; }
template <> inline Complex variable<Complex>(double x) { return {x, imaginary_step}; }
template <class Number> Number other_variable(double x);
template <> inline Dual other_variable<Dual>(double x) { return {x, 0, true, false}; }
template <> inline Complex other_variable<Complex>(double x) { return {x, 0}; }

} // namespace kronvec::detail

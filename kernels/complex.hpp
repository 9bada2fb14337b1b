#pragma once
/// Complex entries for kernels, compiled by both nvcc and g++. (std::complex is unsuitable for device code: its product
/// checks for NaN each time, to restore infinities. This type uses the textbook formula.)

#include "kernels/host_device.hpp"

namespace kronvec::kernels {

/// Aligned to its size, like CUDA's own complex types, so that one access moves both parts.
template <class R> struct alignas(2 * sizeof(R)) Complex {
  R re, im;

  Complex() = default; // trivial, as shared memory requires
  KRONVEC_HOST_DEVICE constexpr Complex(R real, R imaginary = 0) : re(real), im(imaginary) {}

  friend KRONVEC_HOST_DEVICE Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
  friend KRONVEC_HOST_DEVICE Complex operator*(Complex a, Complex b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }
  friend KRONVEC_HOST_DEVICE Complex &operator+=(Complex &a, Complex b) { return a = a + b; }
  friend KRONVEC_HOST_DEVICE bool operator==(Complex a, Complex b) { return a.re == b.re && a.im == b.im; }
};

template <class R> KRONVEC_HOST_DEVICE Complex<R> conjugate(Complex<R> a) { return {a.re, -a.im}; }

/// sum += a·b in the fewest fused operations: 1 for real numbers, 4 for complex numbers.
template <class R> KRONVEC_HOST_DEVICE void add_product(R &sum, R a, R b) { sum += a * b; }
template <class R> KRONVEC_HOST_DEVICE void add_product(Complex<R> &sum, Complex<R> a, Complex<R> b) {
  sum.re = sum.re + a.re * b.re - a.im * b.im;
  sum.im = sum.im + a.re * b.im + a.im * b.re;
}

/// The type used to move entries without computing with them. Types of one size share kernels.
template <class T> struct MovedAs { using type = T; };
template <> struct MovedAs<Complex<float>> { using type = double; };
template <class T> using moved_as_t = typename MovedAs<T>::type;

} // namespace kronvec::kernels

/// Sums, determinants, norms and maxima, one per item or column.

#include "kernels/reduction.hpp"

#include "kernels/complex.hpp"
#include "kernels/portability.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace kronvec::kernels {
namespace {

constexpr int threads = 256, warps = threads / 32;

struct Plus {
  template <class T> __device__ T operator()(T a, T b) const { return a + b; }
};
/// The larger of the two, or NaN if one is NaN.
struct Largest {
  template <class T> __device__ T operator()(T a, T b) const { return a >= b || a != a ? a : b; }
};

template <class R> __device__ R from_below(R value, unsigned delta) { return __shfl_down_sync(~0u, value, delta); }
template <class R> __device__ Complex<R> from_below(Complex<R> value, unsigned delta) {
  return {from_below(value.re, delta), from_below(value.im, delta)};
}

template <class T> __device__ SquareSum<T> from_below(SquareSum<T> value, unsigned delta) {
  return {from_below(value.small, delta), from_below(value.medium, delta), from_below(value.large, delta)};
}
template <class T> __device__ ScaledProduct<T> from_below(ScaledProduct<T> value, unsigned delta) {
  return {from_below(value.mantissa, delta), from_below(value.exponent, delta)};
}

/// Combines the values of all threads; thread 0 gets the result. First lanes, then warps.
template <class T, class Combine> __device__ T combine_block(T value, Combine combine) {
  KRONVEC_SHARED(of_warp, T[warps]);
  const int lane = static_cast<int>(threadIdx.x) % 32, number = static_cast<int>(threadIdx.x) / 32;
  for (unsigned delta = 16; delta > 0; delta /= 2)
    value = combine(value, from_below(value, delta));
  if (KRONVEC_WITHIN(lane == 0)) of_warp[number] = value;
  __syncthreads();
  if (threadIdx.x == 0)
    for (int k = 1; k < warps; ++k)
      value = combine(value, of_warp[k]);
  __syncthreads();
  return value;
}

constexpr std::int64_t shortest_piece = 1 << 14, max_pieces = threads, enough_blocks = 1024;

/// A task (item, piece) adds up one piece of one item into sums[item·pieces + piece], or into y if there is one piece.
template <class T> __global__ void __launch_bounds__(threads, 5) // of 48 registers: fewer would spill
    inner_products(Entries<const T> a, Entries<const T> b, Entries<T> y, T *sums, std::int64_t pieces) {
  const std::int64_t n = a.rows * a.cols, length = (n + pieces - 1) / pieces;
  const bool packed = a.ld == a.rows && b.ld == b.rows;
  for (std::int64_t task = blockIdx.x; task < y.count * pieces; task += KRONVEC_STRIDE(gridDim.x)) {
    const std::int64_t item = task / pieces, start = task % pieces * length;
    const std::int64_t end = KRONVEC_WITHIN(start + length < n) ? start + length : n;
    const T *u = a.data + item * a.stride, *v = b.data + item * b.stride;
    T total = 0;
    if (packed) {
      for (std::int64_t k = start + threadIdx.x; k < end; k += KRONVEC_STRIDE(threads))
        add_product(total, u[k], v[k]);
    } else {
      for (std::int64_t k = start + threadIdx.x; k < end; k += KRONVEC_STRIDE(threads))
        add_product(total, u[k / a.rows * a.ld + k % a.rows], v[k / a.rows * b.ld + k % a.rows]);
    }
    total = combine_block(total, Plus());
    if (KRONVEC_WITHIN(threadIdx.x == 0)) (pieces == 1 ? y.data[item * y.stride] : sums[task]) = total;
  }
}

/// y_b = the sum of item b's pieces. There are at most as many pieces as threads.
template <class T> __global__ void __launch_bounds__(threads)
    add_pieces(const T *sums, std::int64_t pieces, Entries<T> y) {
  for (std::int64_t item = blockIdx.x; item < y.count; item += KRONVEC_STRIDE(gridDim.x)) {
    const T total =
        combine_block(KRONVEC_WITHIN(threadIdx.x < pieces) ? sums[item * pieces + threadIdx.x] : T(0), Plus());
    if (KRONVEC_WITHIN(threadIdx.x == 0)) y.data[item * y.stride] = total;
  }
}

/// A task (item, piece) adds up the squares of one piece of one item into sums[item·pieces + piece], or writes the root
/// into y if there is one piece.
template <class T> __global__ void __launch_bounds__(threads)
    square_sums(Entries<const T> x, Entries<T> y, SquareSum<T> *sums, std::int64_t pieces) {
  const std::int64_t n = x.rows * x.cols, length = (n + pieces - 1) / pieces;
  for (std::int64_t task = blockIdx.x; task < y.count * pieces; task += KRONVEC_STRIDE(gridDim.x)) {
    const std::int64_t item = task / pieces, start = task % pieces * length;
    const std::int64_t end = KRONVEC_WITHIN(start + length < n) ? start + length : n;
    const T *u = x.data + item * x.stride;
    SquareSum<T> total;
    for (std::int64_t k = start + threadIdx.x; k < end; k += KRONVEC_STRIDE(threads))
      total.add(x.ld == x.rows ? u[k] : u[k / x.rows * x.ld + k % x.rows]);
    total = combine_block(total, Plus());
    if (KRONVEC_WITHIN(threadIdx.x == 0)) {
      if (pieces == 1)
        y.data[item * y.stride] = total.root();
      else
        sums[task] = total;
    }
  }
}

/// y_b = the root of the sum of item b's pieces. There are at most as many pieces as threads.
template <class T> __global__ void __launch_bounds__(threads)
    roots_of_pieces(const SquareSum<T> *sums, std::int64_t pieces, Entries<T> y) {
  for (std::int64_t item = blockIdx.x; item < y.count; item += KRONVEC_STRIDE(gridDim.x)) {
    SquareSum<T> total;
    if (KRONVEC_WITHIN(threadIdx.x < pieces)) total = sums[item * pieces + threadIdx.x];
    total = combine_block(total, Plus());
    if (KRONVEC_WITHIN(threadIdx.x == 0)) y.data[item * y.stride] = total.root();
  }
}

template <class T> __global__ void __launch_bounds__(threads) one_norms(Entries<const T> x, T *y) {
  for (std::int64_t item = blockIdx.x; item < x.count; item += KRONVEC_STRIDE(gridDim.x)) {
    const T *entries = x.data + item * x.stride;
    T norm = 0;
    for (std::int64_t j = threadIdx.x; j < x.cols; j += KRONVEC_STRIDE(threads)) {
      T total = 0;
      for (std::int64_t i = 0; i < x.rows; ++i)
        total += std::abs(entries[j * x.ld + i]);
      norm = Largest()(norm, total);
    }
    norm = combine_block(norm, Largest());
    if (KRONVEC_WITHIN(threadIdx.x == 0)) y[item] = norm;
  }
}

struct Times {
  template <class T> __device__ T operator()(T a, T b) const { return a * b; }
};

template <class T> __global__ void __launch_bounds__(threads)
    determinants(Entries<const T> f, Determinant form, Entries<T> y) {
  for (std::int64_t item = blockIdx.x; item < y.count; item += KRONVEC_STRIDE(gridDim.x)) {
    const T *lu = f.data + item * f.stride;
    const auto end = reinterpret_cast<std::uintptr_t>(lu + f.rows * f.ld);
    const auto *exchanges = reinterpret_cast<const std::int64_t *>((end + 7) / 8 * 8);
    ScaledProduct<T> product;
    T logarithm = 0;
    for (std::int64_t k = threadIdx.x; k < f.rows; k += KRONVEC_STRIDE(threads)) {
      const T u = lu[k * f.ld + k];
      if (form == Determinant::log_absolute)
        logarithm += std::log(std::abs(u));
      else
        product.multiply(exchanges[k] == k + 1 ? u : -u);
    }
    if (form == Determinant::log_absolute)
      logarithm = combine_block(logarithm, Plus());
    else
      product = combine_block(product, Times());
    const T value = form == Determinant::log_absolute ? logarithm
                    : form == Determinant::sign       ? product.sign()
                                                      : product.value();
    if (KRONVEC_WITHIN(threadIdx.x == 0)) y.data[item * y.stride] = value;
  }
}

template <class T> __global__ void __launch_bounds__(threads) column_shifts(Entries<const T> x, Entries<T> y) {
  for (std::int64_t task = blockIdx.x; task < y.count * y.cols; task += KRONVEC_STRIDE(gridDim.x)) {
    const std::int64_t item = task / y.cols, j = task % y.cols;
    const T *column = x.data + item * x.stride + j * x.ld;
    T largest = -INFINITY;
    for (std::int64_t i = threadIdx.x; i < x.rows; i += KRONVEC_STRIDE(threads))
      largest = Largest()(largest, column[i]);
    largest = combine_block(largest, Largest());
    if (KRONVEC_WITHIN(threadIdx.x == 0)) y.data[item * y.stride + j * y.ld] = std::isinf(largest) ? T(0) : largest;
  }
}

dim3 grid(std::int64_t count) { return dim3(blocks_for(count, 65536)); }

template <class T> cudaError_t one_norm_any(Entries<const T> x, T *y, cudaStream_t stream) {
  if (x.count == 0) return cudaSuccess;
  return launch(one_norms<T>, grid(x.count), dim3(threads), 0, stream, x, y);
}

} // namespace

std::int64_t inner_pieces(std::int64_t entries, std::int64_t count) {
  const std::int64_t wanted = std::min(entries / shortest_piece, enough_blocks / std::max<std::int64_t>(count, 1));
  return std::clamp<std::int64_t>(wanted, 1, max_pieces);
}

template <class T>
cudaError_t inner(Entries<const T> a, Entries<const T> b, Entries<T> y, T *sums, cudaStream_t stream) {
  if (y.count == 0) return cudaSuccess;
  const std::int64_t pieces = inner_pieces(a.rows * a.cols, y.count);
  const cudaError_t status =
      launch(inner_products<T>, grid(y.count * pieces), dim3(threads), 0, stream, a, b, y, sums, pieces);
  if (status != cudaSuccess || pieces == 1) return status;
  return launch(add_pieces<T>, grid(y.count), dim3(threads), 0, stream, sums, pieces, y);
}

template cudaError_t inner(Entries<const float>, Entries<const float>, Entries<float>, float *, cudaStream_t);
template cudaError_t inner(Entries<const double>, Entries<const double>, Entries<double>, double *, cudaStream_t);
template cudaError_t inner(Entries<const Complex<float>>, Entries<const Complex<float>>, Entries<Complex<float>>,
                           Complex<float> *, cudaStream_t);
template cudaError_t inner(Entries<const Complex<double>>, Entries<const Complex<double>>, Entries<Complex<double>>,
                           Complex<double> *, cudaStream_t);

template <class T> cudaError_t norm2(Entries<const T> x, Entries<T> y, SquareSum<T> *sums, cudaStream_t stream) {
  if (y.count == 0) return cudaSuccess;
  const std::int64_t pieces = inner_pieces(x.rows * x.cols, y.count);
  const cudaError_t status =
      launch(square_sums<T>, grid(y.count * pieces), dim3(threads), 0, stream, x, y, sums, pieces);
  if (status != cudaSuccess || pieces == 1) return status;
  return launch(roots_of_pieces<T>, grid(y.count), dim3(threads), 0, stream, sums, pieces, y);
}

template cudaError_t norm2(Entries<const float>, Entries<float>, SquareSum<float> *, cudaStream_t);
template cudaError_t norm2(Entries<const double>, Entries<double>, SquareSum<double> *, cudaStream_t);

cudaError_t determinant(Entries<const float> f, Determinant form, Entries<float> y, cudaStream_t s) {
  if (y.count == 0) return cudaSuccess;
  return launch(determinants<float>, grid(y.count), dim3(threads), 0, s, f, form, y);
}
cudaError_t determinant(Entries<const double> f, Determinant form, Entries<double> y, cudaStream_t s) {
  if (y.count == 0) return cudaSuccess;
  return launch(determinants<double>, grid(y.count), dim3(threads), 0, s, f, form, y);
}
cudaError_t column_shift(Entries<const float> x, Entries<float> y, cudaStream_t s) {
  if (y.cols * y.count == 0) return cudaSuccess;
  return launch(column_shifts<float>, grid(y.cols * y.count), dim3(threads), 0, s, x, y);
}
cudaError_t column_shift(Entries<const double> x, Entries<double> y, cudaStream_t s) {
  if (y.cols * y.count == 0) return cudaSuccess;
  return launch(column_shifts<double>, grid(y.cols * y.count), dim3(threads), 0, s, x, y);
}
cudaError_t one_norm(Entries<const float> x, float *y, cudaStream_t s) { return one_norm_any(x, y, s); }
cudaError_t one_norm(Entries<const double> x, double *y, cudaStream_t s) { return one_norm_any(x, y, s); }

} // namespace kronvec::kernels

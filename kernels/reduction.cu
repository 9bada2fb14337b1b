#include "kernels/reduction.hpp"

#include "kernels/portability.hpp"

#include <cmath>

namespace kronvec::kernels {
namespace {

constexpr int threads = 256, warps = threads / 32;

struct Sum {
  template <class T> __device__ T operator()(T a, T b) const { return a + b; }
};
/// The larger, or NaN if there is one.
struct Largest {
  template <class T> __device__ T operator()(T a, T b) const { return a >= b || a != a ? a : b; }
};

/// Every thread's value combined, in thread 0: lanes first, then warps.
template <class T, class Combine> __device__ T combine_block(T value, Combine combine) {
  KRONVEC_SHARED(of_warp, T[warps]);
  const int lane = static_cast<int>(threadIdx.x) % 32, number = static_cast<int>(threadIdx.x) / 32;
  for (unsigned delta = 16; delta > 0; delta /= 2)
    value = combine(value, __shfl_down_sync(~0u, value, delta));
  if (lane == 0) of_warp[number] = value;
  __syncthreads();
  if (threadIdx.x == 0)
    for (int k = 1; k < warps; ++k)
      value = combine(value, of_warp[k]);
  __syncthreads();
  return value;
}

template <class T> __global__ void __launch_bounds__(threads)
    inner_products(Entries<const T> a, Entries<const T> b, Entries<T> y) {
  for (std::int64_t item = blockIdx.x; item < y.count; item += gridDim.x) {
    const T *u = a.data + item * a.stride, *v = b.data + item * b.stride;
    T total = 0;
    if (a.ld == a.rows && b.ld == b.rows) {
      for (std::int64_t k = threadIdx.x; k < a.rows * a.cols; k += threads)
        total += u[k] * v[k];
    } else {
      for (std::int64_t j = 0; j < a.cols; ++j)
        for (std::int64_t i = threadIdx.x; i < a.rows; i += threads)
          total += u[j * a.ld + i] * v[j * b.ld + i];
    }
    total = combine_block(total, Sum());
    if (threadIdx.x == 0) y.data[item * y.stride] = total;
  }
}

template <class T> __global__ void __launch_bounds__(threads) one_norms(Entries<const T> x, T *y) {
  for (std::int64_t item = blockIdx.x; item < x.count; item += gridDim.x) {
    const T *entries = x.data + item * x.stride;
    T norm = 0;
    for (std::int64_t j = threadIdx.x; j < x.cols; j += threads) {
      T total = 0;
      for (std::int64_t i = 0; i < x.rows; ++i)
        total += std::abs(entries[j * x.ld + i]);
      norm = Largest()(norm, total);
    }
    norm = combine_block(norm, Largest());
    if (threadIdx.x == 0) y[item] = norm;
  }
}

dim3 grid(std::int64_t count) { return dim3(static_cast<unsigned>(count < 65536 ? count : 65536)); }

template <class T> cudaError_t inner_any(Entries<const T> a, Entries<const T> b, Entries<T> y, cudaStream_t stream) {
  if (y.count == 0) return cudaSuccess;
  return launch(inner_products<T>, grid(y.count), dim3(threads), 0, stream, a, b, y);
}

template <class T> cudaError_t one_norm_any(Entries<const T> x, T *y, cudaStream_t stream) {
  if (x.count == 0) return cudaSuccess;
  return launch(one_norms<T>, grid(x.count), dim3(threads), 0, stream, x, y);
}

} // namespace

cudaError_t inner(Entries<const float> a, Entries<const float> b, Entries<float> y, cudaStream_t s) {
  return inner_any(a, b, y, s);
}
cudaError_t inner(Entries<const double> a, Entries<const double> b, Entries<double> y, cudaStream_t s) {
  return inner_any(a, b, y, s);
}
cudaError_t one_norm(Entries<const float> x, float *y, cudaStream_t s) { return one_norm_any(x, y, s); }
cudaError_t one_norm(Entries<const double> x, double *y, cudaStream_t s) { return one_norm_any(x, y, s); }

} // namespace kronvec::kernels

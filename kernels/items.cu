/// Addresses of a batch's items, and conversion of row exchanges.

#include "kernels/items.hpp"

#include "kernels/portability.hpp"

namespace kronvec::kernels {
namespace {

constexpr int threads = 256;

dim3 grid(std::int64_t n) { return dim3(blocks_for((n + threads - 1) / threads, 1 << 16)); }

template <class T> __global__ void __launch_bounds__(threads) write_addresses(Entries<T> x, T **address) {
  const std::int64_t step = std::int64_t(gridDim.x) * threads;
  for (std::int64_t b = std::int64_t(blockIdx.x) * threads + threadIdx.x; b < x.count; b += KRONVEC_STRIDE(step))
    address[b] = x.data + b * x.stride;
}

/// The address of an item's exchanges in cuSOLVER's format.
template <class T> __device__ std::int64_t *exchanges_of(const Entries<T> &f, std::int64_t item) {
  const auto end = reinterpret_cast<std::uintptr_t>(f.data + item * f.stride + f.rows * f.ld);
  return reinterpret_cast<std::int64_t *>((end + 7) / 8 * 8);
}

template <class T> __global__ void __launch_bounds__(threads) store(const int *exchanges, Entries<T> f) {
  const std::int64_t step = std::int64_t(gridDim.x) * threads;
  for (std::int64_t k = std::int64_t(blockIdx.x) * threads + threadIdx.x; k < f.rows * f.count;
       k += KRONVEC_STRIDE(step))
    exchanges_of(f, k / f.rows)[k % f.rows] = exchanges[k];
}

template <class T> __global__ void __launch_bounds__(threads) load(Entries<T> f, int *exchanges) {
  const std::int64_t step = std::int64_t(gridDim.x) * threads;
  for (std::int64_t k = std::int64_t(blockIdx.x) * threads + threadIdx.x; k < f.rows * f.count;
       k += KRONVEC_STRIDE(step))
    exchanges[k] = static_cast<int>(exchanges_of(f, k / f.rows)[k % f.rows]);
}

template <class T> cudaError_t addresses_any(Entries<T> x, T **address, cudaStream_t stream) {
  if (x.count == 0) return cudaSuccess;
  return launch(write_addresses<T>, grid(x.count), dim3(threads), 0, stream, x, address);
}
template <class T> cudaError_t store_any(const int *exchanges, Entries<T> f, cudaStream_t stream) {
  if (f.rows * f.count == 0) return cudaSuccess;
  return launch(store<T>, grid(f.rows * f.count), dim3(threads), 0, stream, exchanges, f);
}
template <class T> cudaError_t load_any(Entries<T> f, int *exchanges, cudaStream_t stream) {
  if (f.rows * f.count == 0) return cudaSuccess;
  return launch(load<T>, grid(f.rows * f.count), dim3(threads), 0, stream, f, exchanges);
}

} // namespace

cudaError_t addresses(Entries<float> x, float **address, cudaStream_t s) { return addresses_any(x, address, s); }
cudaError_t addresses(Entries<double> x, double **address, cudaStream_t s) { return addresses_any(x, address, s); }
cudaError_t store_exchanges(const int *exchanges, Entries<float> f, cudaStream_t s) {
  return store_any(exchanges, f, s);
}
cudaError_t store_exchanges(const int *exchanges, Entries<double> f, cudaStream_t s) {
  return store_any(exchanges, f, s);
}
cudaError_t load_exchanges(Entries<const float> f, int *exchanges, cudaStream_t s) { return load_any(f, exchanges, s); }
cudaError_t load_exchanges(Entries<const double> f, int *exchanges, cudaStream_t s) {
  return load_any(f, exchanges, s);
}

} // namespace kronvec::kernels

#include "kernels/commutation.hpp"

#include "kernels/portability.hpp"

namespace kronvec::kernels {
namespace {

constexpr int tile = 32, lines = 8;
constexpr std::int64_t most_blocks = 1 << 20;

__host__ __device__ constexpr std::int64_t tiles(std::int64_t n) { return (n + tile - 1) / tile; }

/// A block turns 32×32 entries in shared memory, so that reads and writes both run along columns. The column of padding
/// puts the entries of a row of the tile into different banks. Blocks walk over the tiles of all items.
template <class T> __global__ void __launch_bounds__(tile *lines) transpose_tiles(Entries<const T> x, Entries<T> y) {
  KRONVEC_SHARED(turned, T[tile][tile + 1]);
  const int lane = static_cast<int>(threadIdx.x), line = static_cast<int>(threadIdx.y);
  const std::int64_t down = tiles(x.rows), across = tiles(x.cols);
  for (std::int64_t task = blockIdx.x; task < down * across * x.count; task += gridDim.x) {
    const std::int64_t item = task / (down * across);
    const std::int64_t i0 = task % down * tile, j0 = task / down % across * tile;
    const T *from = x.data + item * x.stride;
    for (int j = line; j < tile; j += lines)
      if (i0 + lane < x.rows && j0 + j < x.cols) turned[j][lane] = from[(j0 + j) * x.ld + i0 + lane];
    __syncthreads();
    T *to = y.data + item * y.stride;
    for (int i = line; i < tile; i += lines)
      if (i0 + i < x.rows && j0 + lane < x.cols) to[(i0 + i) * y.ld + j0 + lane] = turned[lane][i];
    __syncthreads();
  }
}

template <class T> cudaError_t transpose_any(Entries<const T> x, Entries<T> y, cudaStream_t stream) {
  const std::int64_t tasks = tiles(x.rows) * tiles(x.cols) * x.count;
  if (tasks == 0) return cudaSuccess;
  const auto blocks = static_cast<unsigned>(tasks < most_blocks ? tasks : most_blocks);
  return launch(transpose_tiles<T>, dim3(blocks), dim3(tile, lines), 0, stream, x, y);
}

} // namespace

cudaError_t transpose(Entries<const float> x, Entries<float> y, cudaStream_t s) { return transpose_any(x, y, s); }
cudaError_t transpose(Entries<const double> x, Entries<double> y, cudaStream_t s) { return transpose_any(x, y, s); }

} // namespace kronvec::kernels

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

constexpr int shortest = 16, strip = 256;

/// Where one side is at most 16, a block turns a strip of 256 along the other. The short side's entries lie one after
/// the other across columns (as long as those are packed), so all lanes read and write runs. `Wide`: X has the short
/// columns.
template <class T, bool Wide> __global__ void __launch_bounds__(strip)
    transpose_strips(Entries<const T> x, Entries<T> y) {
  KRONVEC_SHARED(turned, T[shortest][strip + 1]);
  const int thread = static_cast<int>(threadIdx.x);
  const int side = static_cast<int>(Wide ? x.rows : x.cols);
  const std::int64_t length = Wide ? x.cols : x.rows, strips = (length + strip - 1) / strip;
  for (std::int64_t task = blockIdx.x; task < strips * x.count; task += gridDim.x) {
    const std::int64_t item = task / strips, start = task % strips * strip;
    const int here = static_cast<int>(length - start < strip ? length - start : strip);
    const T *from = x.data + item * x.stride;
    T *to = y.data + item * y.stride;
    if (Wide) {
      for (int e = thread; e < side * here; e += strip)
        turned[e % side][e / side] = from[(start + e / side) * x.ld + e % side];
    } else if (thread < here) {
      for (int k = 0; k < side; ++k)
        turned[k][thread] = from[k * x.ld + start + thread];
    }
    __syncthreads();
    if (!Wide) {
      for (int e = thread; e < side * here; e += strip)
        to[(start + e / side) * y.ld + e % side] = turned[e % side][e / side];
    } else if (thread < here) {
      for (int k = 0; k < side; ++k)
        to[k * y.ld + start + thread] = turned[k][thread];
    }
    __syncthreads();
  }
}

dim3 grid(std::int64_t tasks) { return dim3(static_cast<unsigned>(tasks < most_blocks ? tasks : most_blocks)); }

template <class T> cudaError_t transpose_any(Entries<const T> x, Entries<T> y, cudaStream_t stream) {
  if (x.rows == 0 || x.cols == 0 || x.count == 0) return cudaSuccess;
  const bool wide = x.rows <= shortest && x.cols > tile, tall = x.cols <= shortest && x.rows > tile;
  if (wide || tall) {
    const std::int64_t strips = ((wide ? x.cols : x.rows) + strip - 1) / strip;
    return launch(wide ? transpose_strips<T, true> : transpose_strips<T, false>, grid(strips * x.count), dim3(strip), 0,
                  stream, x, y);
  }
  return launch(transpose_tiles<T>, grid(tiles(x.rows) * tiles(x.cols) * x.count), dim3(tile, lines), 0, stream, x, y);
}

} // namespace

cudaError_t transpose(Entries<const float> x, Entries<float> y, cudaStream_t s) { return transpose_any(x, y, s); }
cudaError_t transpose(Entries<const double> x, Entries<double> y, cudaStream_t s) { return transpose_any(x, y, s); }

} // namespace kronvec::kernels

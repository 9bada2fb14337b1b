/// Transposes, by one of four kernels, chosen by shape: blocks transposed in registers (with 16-byte accesses, or
/// single entries if alignment does not allow these), small items of a batch, strips if one side is short, and tiles in
/// shared memory for the rest.

#include "kernels/commutation.hpp"

#include "kernels/complex.hpp"
#include "kernels/portability.hpp"

#include <cstdint>

namespace kronvec::kernels {
namespace {

using std::int64_t;

constexpr int threads = 256;
constexpr int64_t max_blocks = 1 << 20;

__host__ __device__ constexpr int64_t pieces(int64_t n, int64_t size) { return (n + size - 1) / size; }

/// V×V entries, transposed in registers.
template <class T, int V> struct SquareBlock {
  Vector<T, V> column[V];

  __device__ void load(const T *from, int64_t ld) {
    for (int c = 0; c < V; ++c)
      column[c] = *reinterpret_cast<const Vector<T, V> *>(from + c * ld);
  }
  __device__ void store_transposed(T *to, int64_t ld) const {
    for (int r = 0; r < V; ++r) {
      Vector<T, V> row;
      for (int c = 0; c < V; ++c)
        row.entry[c] = column[c].entry[r];
      *reinterpret_cast<Vector<T, V> *>(to + r * ld) = row;
    }
  }
};

/// The place of a thread's V×V block among the 16×16 blocks of a tile. A warp has 8×4 blocks: with 16-byte runs it
/// reads 128 bytes of each of its columns and writes 64 bytes of each of its rows, both whole memory sectors.
constexpr int side = 16;
struct BlockPlace {
  int down, across;
};
__device__ BlockPlace block_place() {
  const int thread = static_cast<int>(threadIdx.x), lane = thread % 32, warp = thread / 32;
  return {lane % 8 + 8 * (warp % 2), lane / 8 + 4 * (warp / 2)};
}

/// A block of threads transposes a row of `Tiles` tiles of 16×16 blocks of V×V entries. All loads come before all
/// stores.
template <class T, int V, int Tiles> __global__ void __launch_bounds__(threads)
    transpose_blocks(Entries<const T> x, Entries<T> y) {
  const BlockPlace place = block_place();
  const int64_t down = pieces(x.rows, side * V), across = pieces(x.cols, side * V * Tiles);
  for (int64_t task = blockIdx.x; task < down * across * x.count; task += KRONVEC_STRIDE(gridDim.x)) {
    const int64_t item = task / (down * across);
    const int64_t i = (task % down * side + place.down) * V,
                  j = (task / down % across * Tiles * side + place.across) * V;
    const T *from = x.data + item * x.stride;
    T *to = y.data + item * y.stride;
    SquareBlock<T, V> block[Tiles] = {};
    for (int t = 0; t < Tiles; ++t)
      if (KRONVEC_WITHIN(i < x.rows) && KRONVEC_WITHIN(j + t * side * V < x.cols))
        block[t].load(from + (j + t * side * V) * x.ld + i, x.ld);
    for (int t = 0; t < Tiles; ++t)
      if (KRONVEC_WITHIN(i < x.rows) && KRONVEC_WITHIN(j + t * side * V < x.cols))
        block[t].store_transposed(to + i * y.ld + j + t * side * V, y.ld);
  }
}

/// Several items per block of threads; a thread transposes V×V entries. An item has down·across such blocks, at most
/// 256.
template <class T, int V> __global__ void __launch_bounds__(threads)
    transpose_items(Entries<const T> x, Entries<T> y, int down, int across) {
  const int thread = static_cast<int>(threadIdx.x), size = down * across, items = threads / size;
  const int mine = thread / size, i = thread % size % down * V, j = thread % size / down * V;
  if (KRONVEC_BEYOND(mine >= items)) return;
  for (int64_t item = static_cast<int64_t>(blockIdx.x) * items + mine; item < x.count;
       item += KRONVEC_STRIDE(gridDim.x * items)) {
    SquareBlock<T, V> block;
    block.load(x.data + item * x.stride + j * x.ld + i, x.ld);
    block.store_transposed(y.data + item * y.stride + i * y.ld + j, y.ld);
  }
}

/// In place: a thread swaps a V×V block with its mirror image. No other thread accesses these two.
template <class T, int V> __global__ void __launch_bounds__(threads) transpose_in_place(Entries<T> y) {
  const BlockPlace place = block_place();
  const int64_t n = y.rows, tiles = pieces(n, side * V);
  for (int64_t task = blockIdx.x; task < tiles * tiles * y.count; task += KRONVEC_STRIDE(gridDim.x)) {
    const int64_t item = task / (tiles * tiles);
    const int64_t i = (task % tiles * side + place.down) * V, j = (task / tiles % tiles * side + place.across) * V;
    if (KRONVEC_BEYOND(i > j) || KRONVEC_BEYOND(j >= n)) continue;
    T *upper = y.data + item * y.stride + j * y.ld + i, *lower = y.data + item * y.stride + i * y.ld + j;
    SquareBlock<T, V> above, below;
    above.load(upper, y.ld), below.load(lower, y.ld);
    above.store_transposed(lower, y.ld);
    if (i != j) below.store_transposed(upper, y.ld);
  }
}

constexpr int tile = 32, lines = threads / tile;

/// A block of threads transposes 32×32 entries in shared memory, so that both reads and writes run along columns. The
/// padding column puts the entries of a tile's row into different banks.
template <class T> __global__ void __launch_bounds__(threads) transpose_tiles(Entries<const T> x, Entries<T> y) {
  KRONVEC_SHARED(turned, T[tile][tile + 1]);
  const int lane = static_cast<int>(threadIdx.x) % tile, line = static_cast<int>(threadIdx.x) / tile;
  const int64_t down = pieces(x.rows, tile), across = pieces(x.cols, tile);
  for (int64_t task = blockIdx.x; task < down * across * x.count; task += KRONVEC_STRIDE(gridDim.x)) {
    const int64_t item = task / (down * across);
    const int64_t i0 = task % down * tile, j0 = task / down % across * tile;
    const T *from = x.data + item * x.stride;
    for (int j = line; j < tile; j += KRONVEC_STRIDE(lines))
      if (KRONVEC_WITHIN(i0 + lane < x.rows) && KRONVEC_WITHIN(j0 + j < x.cols))
        turned[j][lane] = from[(j0 + j) * x.ld + i0 + lane];
    __syncthreads();
    T *to = y.data + item * y.stride;
    for (int i = line; i < tile; i += KRONVEC_STRIDE(lines))
      if (KRONVEC_WITHIN(i0 + i < x.rows) && KRONVEC_WITHIN(j0 + lane < x.cols))
        to[(i0 + i) * y.ld + j0 + lane] = turned[lane][i];
    __syncthreads();
  }
}

constexpr int strip = threads;
template <class T> constexpr int shortest = sizeof(T) > 8 ? 8 : 16; ///< a strip of this width takes at most 33 KB

/// For a side of at most `shortest` entries. A block of threads transposes a strip of 256 entries along the other side.
/// The entries of the short side are consecutive across columns (if columns are packed), so all lanes read and write
/// contiguous runs. `Wide`: X is the matrix with short columns.
template <class T, bool Wide> __global__ void __launch_bounds__(strip)
    transpose_strips(Entries<const T> x, Entries<T> y) {
  KRONVEC_SHARED(turned, T[shortest<T>][strip + 1]);
  const int thread = static_cast<int>(threadIdx.x);
  const int width = static_cast<int>(Wide ? x.rows : x.cols);
  const int64_t length = Wide ? x.cols : x.rows, strips = pieces(length, strip);
  for (int64_t task = blockIdx.x; task < strips * x.count; task += KRONVEC_STRIDE(gridDim.x)) {
    const int64_t item = task / strips, start = task % strips * strip;
    const int here = static_cast<int>(KRONVEC_BEYOND(length - start < strip) ? length - start : strip);
    const T *from = x.data + item * x.stride;
    T *to = y.data + item * y.stride;
    if (Wide) {
      for (int e = thread; e < width * here; e += KRONVEC_STRIDE(strip))
        turned[e % width][e / width] = from[(start + e / width) * x.ld + e % width];
    } else if (KRONVEC_WITHIN(thread < here)) {
      for (int k = 0; k < width; ++k)
        turned[k][thread] = from[k * x.ld + start + thread];
    }
    __syncthreads();
    if (!Wide) {
      for (int e = thread; e < width * here; e += KRONVEC_STRIDE(strip))
        to[(start + e / width) * y.ld + e % width] = turned[e % width][e / width];
    } else if (KRONVEC_WITHIN(thread < here)) {
      for (int k = 0; k < width; ++k)
        to[k * y.ld + start + thread] = turned[k][thread];
    }
    __syncthreads();
  }
}

dim3 grid(int64_t tasks) { return dim3(blocks_for(tasks, max_blocks)); }

/// Whether runs of V entries down the columns of every item are aligned and complete.
template <int V, class T> bool in_runs(const Entries<T> &x) {
  return reinterpret_cast<std::uintptr_t>(x.data) % (V * sizeof(T)) == 0 && x.rows % V == 0 &&
         (x.cols == 1 || x.ld % V == 0) && (x.count == 1 || x.stride % V == 0);
}

template <int V, class T> cudaError_t turn_in_place(Entries<T> y, cudaStream_t stream) {
  const int64_t tiles = pieces(y.rows, side * V);
  return launch(transpose_in_place<T, V>, grid(tiles * tiles * y.count), dim3(threads), 0, stream, y);
}

template <int V, class T> cudaError_t turn_items(Entries<const T> x, Entries<T> y, cudaStream_t stream) {
  const int down = static_cast<int>(x.rows) / V, across = static_cast<int>(x.cols) / V;
  return launch(transpose_items<T, V>, grid(pieces(x.count, threads / (down * across))), dim3(threads), 0, stream, x, y,
                down, across);
}

} // namespace

template <class T> cudaError_t transpose(Entries<const T> x, Entries<T> y, cudaStream_t stream) {
  if (x.rows == 0 || x.cols == 0 || x.count == 0) return cudaSuccess;
  constexpr int V = 16 / sizeof(T), row_of_tiles = 8 / V;
  const bool runs = in_runs<V>(x) && in_runs<V>(y);
  if (x.data == y.data) return runs ? turn_in_place<V>(y, stream) : turn_in_place<1>(y, stream);
  if (runs && x.rows <= threads && x.rows * x.cols <= threads * V * V) return turn_items<V>(x, y, stream);
  if (x.rows <= threads && x.rows * x.cols <= threads) return turn_items<1>(x, y, stream);
  const bool wide = x.rows <= shortest<T> && x.cols > tile, tall = x.cols <= shortest<T> && x.rows > tile;
  if (wide || tall)
    return launch(wide ? transpose_strips<T, true> : transpose_strips<T, false>,
                  grid(pieces(wide ? x.cols : x.rows, strip) * x.count), dim3(strip), 0, stream, x, y);
  if (runs)
    return launch(transpose_blocks<T, V, row_of_tiles>,
                  grid(pieces(x.rows, side * V) * pieces(x.cols, side * V * row_of_tiles) * x.count), dim3(threads), 0,
                  stream, x, y);
  return launch(transpose_tiles<T>, grid(pieces(x.rows, tile) * pieces(x.cols, tile) * x.count), dim3(threads), 0,
                stream, x, y);
}

template cudaError_t transpose(Entries<const float>, Entries<float>, cudaStream_t);
template cudaError_t transpose(Entries<const double>, Entries<double>, cudaStream_t);
template cudaError_t transpose(Entries<const Complex<double>>, Entries<Complex<double>>, cudaStream_t);

} // namespace kronvec::kernels

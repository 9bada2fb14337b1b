/// Triangles. A block of threads takes a tile of the triangle and the mirror image of that tile. It transposes the
/// mirror image in shared memory, so that every access runs down a column, both of X and of the packed triangle.

#include "kernels/triangle.hpp"

#include "kernels/complex.hpp"
#include "kernels/portability.hpp"

namespace kronvec::kernels {
namespace {

using std::int64_t;

constexpr int tile = 32, threads = 256, lines = threads / tile;
constexpr int64_t max_blocks = 1 << 20;

/// Whether the triangle contains (i, j), for i ≠ j.
__device__ bool inside(Triangle t, int64_t i, int64_t j) { return t.lower ? i > j : i < j; }

/// The position of (i, j) in the packed triangle. With the diagonal, column c has n − c entries (lower) or c + 1
/// entries (upper); without it, one less.
__device__ int64_t position(Triangle t, int64_t n, int64_t i, int64_t j) {
  const int64_t out = t.diagonal ? 0 : 1;
  return t.lower ? j * (n - out) - j * (j - 1) / 2 + i - j - out : j * (j + 1 - 2 * out) / 2 + i;
}

/// A tile of the triangle of one item: rows from i0 on, columns from j0 on; and this thread's place in the tile.
struct TriangleTile {
  int64_t item, i0, j0;
  bool empty;
  int lane, line;

  __device__ TriangleTile(Triangle t, int64_t task, int64_t tiles) : item(task / (tiles * tiles)) {
    const int64_t down = task % tiles, across = task / tiles % tiles;
    i0 = down * tile, j0 = across * tile, empty = t.lower ? down < across : down > across;
    lane = static_cast<int>(threadIdx.x) % tile, line = static_cast<int>(threadIdx.x) / tile;
  }
};

template <class T> __device__ T weighted(T near, T a, T mirrored, T b) {
  return mirrored == T(0) ? near * a : near == T(0) ? mirrored * b : near * a + mirrored * b;
}

template <class T> __global__ void __launch_bounds__(threads)
    pack(Triangle triangle, T near, T mirrored, Entries<const T> x, Entries<T> y, int64_t tiles) {
  KRONVEC_SHARED(turned, T[tile][tile + 1]);
  const int64_t n = x.rows;
  for (int64_t task = blockIdx.x; task < tiles * tiles * y.count; task += KRONVEC_STRIDE(gridDim.x)) {
    const TriangleTile t(triangle, task, tiles);
    if (t.empty) continue;
    const T *from = x.data + t.item * x.stride;
    if (!(mirrored == T(0))) {
      for (int l = t.line; l < tile; l += KRONVEC_STRIDE(lines))
        if (KRONVEC_WITHIN(t.j0 + t.lane < n) && KRONVEC_WITHIN(t.i0 + l < n))
          turned[l][t.lane] = from[(t.i0 + l) * x.ld + t.j0 + t.lane];
      __syncthreads();
    }
    for (int l = t.line; l < tile; l += KRONVEC_STRIDE(lines)) {
      const int64_t i = t.i0 + t.lane, j = t.j0 + l;
      if (KRONVEC_BEYOND(i >= n) || KRONVEC_BEYOND(j >= n)) continue;
      T *to = y.data + t.item * y.stride + position(triangle, n, i, j);
      if (KRONVEC_WITHIN(inside(triangle, i, j)))
        *to = weighted(near, near == T(0) ? T(0) : from[j * x.ld + i], mirrored,
                       mirrored == T(0) ? T(0) : turned[t.lane][l]);
      else if (KRONVEC_WITHIN(i == j) && triangle.diagonal)
        *to = from[j * x.ld + i];
    }
    __syncthreads();
  }
}

template <class T> __global__ void __launch_bounds__(threads)
    unpack(Triangle triangle, T near, T mirrored, Entries<const T> y, Entries<T> x, int64_t tiles) {
  KRONVEC_SHARED(turned, T[tile][tile + 1]);
  const int64_t n = x.rows;
  for (int64_t task = blockIdx.x; task < tiles * tiles * x.count; task += KRONVEC_STRIDE(gridDim.x)) {
    const TriangleTile t(triangle, task, tiles);
    if (t.empty) continue;
    const T *from = y.data + t.item * y.stride;
    T *to = x.data + t.item * x.stride;
    for (int l = t.line; l < tile; l += KRONVEC_STRIDE(lines)) {
      const int64_t i = t.i0 + t.lane, j = t.j0 + l;
      const bool here =
          KRONVEC_WITHIN(i < n) && KRONVEC_WITHIN(j < n) && (inside(triangle, i, j) || (i == j && triangle.diagonal));
      const T value = here ? from[position(triangle, n, i, j)] : T(0);
      turned[l][t.lane] = value;
      if (here && i != j) to[j * x.ld + i] = near == T(0) ? T(0) : near * value;
      if (i == j && KRONVEC_WITHIN(i < n)) to[j * x.ld + i] = value;
    }
    __syncthreads();
    for (int l = t.line; l < tile; l += KRONVEC_STRIDE(lines)) {
      const int64_t i = t.i0 + l, j = t.j0 + t.lane;
      if (KRONVEC_WITHIN(i < n) && KRONVEC_WITHIN(j < n) && KRONVEC_WITHIN(inside(triangle, i, j)))
        to[i * x.ld + j] = mirrored == T(0) ? T(0) : mirrored * turned[t.lane][l];
    }
    __syncthreads();
  }
}

int64_t tiles_of(int64_t n) { return (n + tile - 1) / tile; }

dim3 grid(int64_t tiles, int64_t count) {
  const int64_t tasks = tiles * tiles * count;
  return dim3(blocks_for(tasks, max_blocks));
}

} // namespace

template <class T> cudaError_t pack_triangle(Triangle triangle, T near, T mirrored, Entries<const T> x, Entries<T> y,
                                             cudaStream_t stream) {
  const int64_t tiles = tiles_of(x.rows);
  if (tiles * y.count == 0 || y.rows == 0) return cudaSuccess;
  return launch(pack<T>, grid(tiles, y.count), dim3(threads), 0, stream, triangle, near, mirrored, x, y, tiles);
}

template <class T> cudaError_t unpack_triangle(Triangle triangle, T near, T mirrored, Entries<const T> y, Entries<T> x,
                                               cudaStream_t stream) {
  const int64_t tiles = tiles_of(x.rows);
  if (tiles * x.count == 0) return cudaSuccess;
  return launch(unpack<T>, grid(tiles, x.count), dim3(threads), 0, stream, triangle, near, mirrored, y, x, tiles);
}

template cudaError_t pack_triangle(Triangle, float, float, Entries<const float>, Entries<float>, cudaStream_t);
template cudaError_t pack_triangle(Triangle, double, double, Entries<const double>, Entries<double>, cudaStream_t);
template cudaError_t pack_triangle(Triangle, Complex<float>, Complex<float>, Entries<const Complex<float>>,
                                   Entries<Complex<float>>, cudaStream_t);
template cudaError_t pack_triangle(Triangle, Complex<double>, Complex<double>, Entries<const Complex<double>>,
                                   Entries<Complex<double>>, cudaStream_t);
template cudaError_t unpack_triangle(Triangle, float, float, Entries<const float>, Entries<float>, cudaStream_t);
template cudaError_t unpack_triangle(Triangle, double, double, Entries<const double>, Entries<double>, cudaStream_t);
template cudaError_t unpack_triangle(Triangle, Complex<float>, Complex<float>, Entries<const Complex<float>>,
                                     Entries<Complex<float>>, cudaStream_t);
template cudaError_t unpack_triangle(Triangle, Complex<double>, Complex<double>, Entries<const Complex<double>>,
                                     Entries<Complex<double>>, cudaStream_t);

} // namespace kronvec::kernels

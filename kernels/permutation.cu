/// Kernels of permutations and selections.

#include "kernels/permutation.hpp"

#include "kernels/thrust_stream.hpp"

namespace kronvec::kernels {
namespace {

using std::int64_t;

template <class T> struct CommuteColumns {
  int64_t m, n;
  Entries<const T> x;
  Entries<T> y;
  KRONVEC_HOST_DEVICE void operator()(int64_t k) const {
    const int64_t row = k % y.rows, column = k / y.rows % y.cols, item = k / y.rows / y.cols;
    const int64_t from = column / m + column % m * n;
    y.data[item * y.stride + column * y.ld + row] = x.data[item * x.stride + from * x.ld + row];
  }
};

constexpr int threads = 256, max_columns = 8;
constexpr int64_t max_blocks = 1 << 20;

int64_t pieces(int64_t n, int64_t size) { return (n + size - 1) / size; }

/// A task is 256 rows of up to eight columns of one item. A thread's work on a row index serves all the columns.
struct Tasks {
  int64_t down, across, count;
  template <class T> explicit Tasks(const Entries<T> &y)
      : down(pieces(y.rows, threads)), across(pieces(y.cols, max_columns)), count(y.count) {}
  dim3 grid() const { return dim3(blocks_for(down * across * count, max_blocks)); }
};

template <class T> __global__ void __launch_bounds__(threads)
    gather(Tasks tasks, const int64_t *index, Entries<const T> x, Entries<T> y) {
  for (int64_t task = blockIdx.x; task < tasks.down * tasks.across * tasks.count; task += KRONVEC_STRIDE(gridDim.x)) {
    const int64_t i = task % tasks.down * threads + threadIdx.x, item = task / tasks.down / tasks.across;
    if (KRONVEC_BEYOND(i >= y.rows)) continue;
    const int64_t first = task / tasks.down % tasks.across * max_columns;
    const int64_t end = KRONVEC_WITHIN(first + max_columns < y.cols) ? first + max_columns : y.cols;
    const T *from = x.data + item * x.stride + index[i];
    for (int64_t j = first; j < end; ++j)
      y.data[item * y.stride + j * y.ld + i] = from[j * x.ld];
  }
}

/// The position of the first of the n ascending keys that is not below `key`.
__device__ int64_t lower_bound(const int64_t *keys, int64_t n, int64_t key) {
  int64_t below = 0;
  while (below < n) {
    const int64_t middle = below + (n - below) / 2;
    if (keys[middle] < key)
      below = middle + 1;
    else
      n = middle;
  }
  return below;
}

/// Adds rows of X in the order of their places in Y. Uses no atomics, so every run gives the same bits.
template <class T> __global__ void __launch_bounds__(threads, 4) // of 64 registers: fewer would spill
    add_rows(Tasks tasks, const int64_t *keys, const int64_t *order, Entries<const T> x, Entries<T> y) {
  for (int64_t task = blockIdx.x; task < tasks.down * tasks.across * tasks.count; task += KRONVEC_STRIDE(gridDim.x)) {
    const int64_t i = task % tasks.down * threads + threadIdx.x, item = task / tasks.down / tasks.across;
    if (KRONVEC_BEYOND(i >= y.rows)) continue;
    const int64_t first = task / tasks.down % tasks.across * max_columns;
    const int64_t end = KRONVEC_WITHIN(first + max_columns < y.cols) ? first + max_columns : y.cols;
    const int64_t start = lower_bound(keys, x.rows, i);
    for (int64_t j = first; j < end; ++j) {
      const T *column = x.data + item * x.stride + j * x.ld;
      T total = 0;
      for (int64_t k = start; KRONVEC_WITHIN(k < x.rows) && keys[k] == i; ++k)
        total += column[order[k]];
      y.data[item * y.stride + j * y.ld + i] = total;
    }
  }
}

struct Number {
  const int64_t *index;
  int64_t *keys, *order;
  KRONVEC_HOST_DEVICE void operator()(int64_t k) const { keys[k] = index[k], order[k] = k; }
};

} // namespace

template <class T>
cudaError_t commute_columns(int64_t m, int64_t n, Entries<const T> x, Entries<T> y, cudaStream_t stream) {
  return for_each_index(y.rows * y.cols * y.count, CommuteColumns<T>{m, n, x, y}, stream);
}

template <class T>
cudaError_t gather_rows(Entries<const int64_t> index, Entries<const T> x, Entries<T> y, cudaStream_t stream) {
  if (y.rows * y.cols * y.count == 0) return cudaSuccess;
  const Tasks tasks(y);
  return launch(gather<T>, tasks.grid(), dim3(threads), 0, stream, tasks, index.data, x, y);
}

template <class T> cudaError_t scatter_rows(Entries<const int64_t> index, Entries<const T> x, Entries<T> y,
                                            int64_t *keys, int64_t *order, cudaStream_t stream) {
  if (y.rows * y.cols * y.count == 0) return cudaSuccess;
  cudaError_t status = for_each_index(x.rows, Number{index.data, keys, order}, stream);
  if (status == cudaSuccess) status = sort_by_key(keys, order, x.rows, stream);
  const Tasks tasks(y);
  return status != cudaSuccess ? status
                               : launch(add_rows<T>, tasks.grid(), dim3(threads), 0, stream, tasks, keys, order, x, y);
}

template cudaError_t commute_columns(int64_t, int64_t, Entries<const float>, Entries<float>, cudaStream_t);
template cudaError_t commute_columns(int64_t, int64_t, Entries<const double>, Entries<double>, cudaStream_t);
template cudaError_t commute_columns(int64_t, int64_t, Entries<const Complex<double>>, Entries<Complex<double>>,
                                     cudaStream_t);
template cudaError_t gather_rows(Entries<const int64_t>, Entries<const float>, Entries<float>, cudaStream_t);
template cudaError_t gather_rows(Entries<const int64_t>, Entries<const double>, Entries<double>, cudaStream_t);
template cudaError_t gather_rows(Entries<const int64_t>, Entries<const Complex<double>>, Entries<Complex<double>>,
                                 cudaStream_t);
template cudaError_t scatter_rows(Entries<const int64_t>, Entries<const float>, Entries<float>, int64_t *, int64_t *,
                                  cudaStream_t);
template cudaError_t scatter_rows(Entries<const int64_t>, Entries<const double>, Entries<double>, int64_t *, int64_t *,
                                  cudaStream_t);
template cudaError_t scatter_rows(Entries<const int64_t>, Entries<const Complex<float>>, Entries<Complex<float>>,
                                  int64_t *, int64_t *, cudaStream_t);
template cudaError_t scatter_rows(Entries<const int64_t>, Entries<const Complex<double>>, Entries<Complex<double>>,
                                  int64_t *, int64_t *, cudaStream_t);

} // namespace kronvec::kernels

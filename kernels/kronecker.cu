/// The sliced multiply. A slice stays in shared memory from factor to factor. A factor's products stay in registers
/// until all threads have read the entries that the products replace.

#include "kernels/kronecker.hpp"

#include "kernels/portability.hpp"

namespace kronvec::kernels {
namespace {

using std::int64_t;

constexpr int64_t max_blocks = 1024;

__host__ __device__ constexpr int64_t pieces(int64_t n, int64_t size) { return (n + size - 1) / size; }

/// The slice of a task.
struct Slice {
  int64_t column, outer, inner; ///< its first entry
  int rows, width;              ///< its actual size: outers, and entries of the fastest dimensions
};
template <class T> __device__ Slice slice_of(const KroneckerSlices<T> &work, int64_t task) {
  const int64_t across = pieces(work.inner, work.width), down = pieces(work.outer, work.outers);
  Slice s{task / across / down, task / across % down * work.outers, task % across * work.width, work.outers,
          work.width};
  if (KRONVEC_BEYOND(work.outer - s.outer < s.rows)) s.rows = static_cast<int>(work.outer - s.outer);
  if (KRONVEC_BEYOND(work.inner - s.inner < s.width)) s.width = static_cast<int>(work.inner - s.inner);
  return s;
}

/// Calls visit(e, place) for this thread's entries e of a slice with `height` rows per outer; `place` is the entry's
/// offset in a column. Rows and places advance by additions, because a division would cost as much as the products.
template <int Threads, class T>
__device__ void for_entries(const KroneckerSlices<T> &work, const Slice &s, int height, const auto &visit) {
  const int thread = static_cast<int>(threadIdx.x), width = work.width;
  const int end = s.rows * height * width;
  if (width == work.inner) {
    const int64_t first = s.outer * height * work.inner;
    for (int e = thread; e < end; e += KRONVEC_STRIDE(Threads))
      visit(e, first + e);
    return;
  }
  const int row = work.by_width.divide(thread), down = work.by_width.divide(Threads), across = Threads - down * width;
  int i = thread - row * width;
  int64_t place = (s.outer * height + row) * work.inner + s.inner + i;
  const int64_t step = down * work.inner + across, next_row = work.inner - width;
  for (int e = thread; e < end; e += KRONVEC_STRIDE(Threads)) {
    if (KRONVEC_WITHIN(i < s.width)) visit(e, place);
    i += across, place += step;
    if (i >= width) i -= width, place += next_row;
  }
}

/// The operands of tensor cores: doubles unchanged, floats rounded to TF32.
__device__ double tensor_operand(double x) { return x; }
__device__ float tensor_operand(float x) { return to_tf32(x); }

/// Copies the factors: column-major, padded with zeros to whole runs of rows and, for tensor cores, to whole groups of
/// columns.
template <int Threads, class T, bool Tensor> __device__ void load_factors(const KroneckerSlices<T> &work, T *copies) {
  constexpr int depth = tensor_depth(sizeof(T));
  for (int s = 0; s < work.steps; ++s) {
    const KroneckerStep &step = work.step[s];
    const Entries<const T> &f = work.factor[s];
    const bool tensor = Tensor && step.tall >= min_tensor_tall;
    const int columns = tensor ? (step.q + depth - 1) / depth * depth : step.q;
    for (int e = static_cast<int>(threadIdx.x); e < columns * step.pitch; e += KRONVEC_STRIDE(Threads)) {
      const int k = e / step.pitch, i = e % step.pitch;
      T entry(0);
      if (KRONVEC_WITHIN(i < step.p) && KRONVEC_WITHIN(k < step.q))
        entry = work.transposed[s] ? f.data[k + i * f.ld] : f.data[i + k * f.ld];
      if constexpr (Tensor)
        if (tensor) entry = tensor_operand(entry);
      copies[step.place + e] = entry;
    }
  }
}

/// Number of entries in one access to shared memory.
template <class T, int Tall> constexpr int run = sizeof(T) * Tall < 16 ? Tall : 16 / static_cast<int>(sizeof(T));

/// `Tall` rows of the products of one factor with a thread's fibers. `Even`: the entries of a fiber are equidistant in
/// padded memory too, which saves two of the four instructions per load.
template <class T, int Tall, bool Even, class Layout> struct Products {
  static constexpr int wide = fibers_of_thread(sizeof(T), Tall);
  T sum[Tall][wide];

  /// `first`: the first entry of each fiber.
  __device__ void add(const KroneckerStep &step, const T *factor, const T *slice, const int (&first)[wide]) {
    constexpr int N = run<T, Tall>;
    const T *even[wide];
    KRONVEC_UNROLL
    for (int t = 0; t < wide; ++t)
      even[t] = slice + Layout::padded(first[t]);
    KRONVEC_ROLLED
    for (int k = 0; k < step.q; ++k) {
      Vector<T, N> f[Tall / N];
      KRONVEC_UNROLL
      for (int i = 0; i < Tall / N; ++i)
        f[i] = *reinterpret_cast<const Vector<T, N> *>(factor + i * N);
      factor += step.pitch;
      KRONVEC_UNROLL
      for (int t = 0; t < wide; ++t) {
        const T x = Even ? *even[t] : slice[Layout::padded(first[t] + k * step.faster)];
        even[t] += step.distance;
        KRONVEC_UNROLL
        for (int i = 0; i < Tall; ++i)
          add_product(sum[i][t], f[i / N].entry[i % N], x);
      }
    }
  }
};

/// The first entry of fiber f, if fibers have `height` entries.
__device__ int first_of(const KroneckerStep &step, int f, int height) {
  return step.by_faster.divide(f) * (height - 1) * step.faster + f;
}

/// Replaces the slice's entries by the products with a factor.
template <class T, int Tall, bool Even, class Layout>
__device__ void multiply(const KroneckerStep &step, const T *factor, T *slice) {
  using Mine = Products<T, Tall, Even, Layout>;
  const int block = step.by_blocks.divide(static_cast<int>(threadIdx.x)), row = block * Tall;
  const int fiber = static_cast<int>(threadIdx.x) - block * step.fiber_blocks;
  Mine products{};
  if (KRONVEC_WITHIN(row < step.p)) {
    int first[Mine::wide];
    KRONVEC_UNROLL
    for (int t = 0; t < Mine::wide; ++t) {
      const int f = fiber + t * step.fiber_blocks;
      first[t] = first_of(step, KRONVEC_WITHIN(f < step.fibers) ? f : fiber, step.q);
    }
    products.add(step, factor + row, slice, first);
  }
  __syncthreads();
  if (row < step.p) {
    KRONVEC_UNROLL
    for (int t = 0; t < Mine::wide; ++t) {
      const int f = fiber + t * step.fiber_blocks, first = first_of(step, f, step.p);
      KRONVEC_UNROLL
      for (int i = 0; i < Tall; ++i)
        if (KRONVEC_WITHIN(f < step.fibers) && KRONVEC_WITHIN(row + i < step.p))
          slice[Layout::padded(first + (row + i) * step.faster)] = products.sum[i][t];
    }
  }
  __syncthreads();
}

template <class T, int Tall, class Layout>
__device__ void multiply(const KroneckerStep &step, const T *factor, T *slice) {
  if (step.distance > 0)
    multiply<T, Tall, true, Layout>(step, factor, slice);
  else
    multiply<T, Tall, false, Layout>(step, factor, slice);
}

/// `Tall` rows of the products of one factor with a warp's fibers, by tensor cores. The rows and columns of the
/// fragments may stand for any rows and fibers: lane (g, t) has rows 2·g and 2·g + 1 of every 16, which it loads from
/// the factor in one access, and columns whose fibers lie in different banks (`turn`).
template <class T, int Tall, class Layout> struct WarpProducts {
  static constexpr int high = Tall / 16, fibers = fibers_of_warp(sizeof(T), Tall), wide = fibers / 8;
  static constexpr int depth = tensor_depth(sizeof(T));
  T sum[high][wide][4];
  int g, t; ///< of the lane

  /// `factor`: the copy of the factor, from the first of these rows on.
  __device__ void add(const KroneckerStep &step, const T *factor, const T *slice, int fiber) {
    int first[wide];
    KRONVEC_UNROLL
    for (int n = 0; n < wide; ++n) {
      const int f = fiber + fiber_of_column(8 * n + g, step.turn, fibers);
      first[n] = first_of(step, KRONVEC_WITHIN(f < step.fibers) ? f : fiber, step.q);
    }
    factor += 2 * g + t * step.pitch;
    int k = 0;
    KRONVEC_ROLLED
    for (; k + depth <= step.q; k += depth, factor += depth * step.pitch)
      add<false>(step, factor, slice, first, k + t);
    if (k < step.q) add<true>(step, factor, slice, first, k + t);
  }

  __device__ void store(const KroneckerStep &step, int row, int fiber, T *slice) const {
    KRONVEC_UNROLL
    for (int c = 0; c < 2 * wide; ++c) {
      const int f = fiber + fiber_of_column(8 * (c / 2) + 2 * t + c % 2, step.turn, fibers);
      const int first = first_of(step, f, step.p);
      KRONVEC_UNROLL
      for (int i = 0; i < 2 * high; ++i) {
        const int r = row + 16 * (i / 2) + 2 * g + i % 2;
        if (KRONVEC_WITHIN(f < step.fibers) && KRONVEC_WITHIN(r < step.p))
          slice[Layout::padded(first + r * step.faster)] = sum[i / 2][c / 2][2 * (i % 2) + c % 2];
      }
    }
  }

private:
  /// Adds the products of the fibers' entries k (for floats also k + 4) and the matching columns of the factor. Entries
  /// beyond the last count as 0.
  template <bool Last>
  __device__ void add(const KroneckerStep &step, const T *factor, const T *slice, const int (&first)[wide], int k) {
    T f[high][depth / 2];
    KRONVEC_UNROLL
    for (int i = 0; i < high * depth / 4; ++i) {
      const int h = i % high, d = i / high;
      const auto rows = *reinterpret_cast<const Vector<T, 2> *>(factor + 16 * h + 4 * d * step.pitch);
      f[h][2 * d] = rows.entry[0], f[h][2 * d + 1] = rows.entry[1];
    }
    KRONVEC_UNROLL
    for (int n = 0; n < wide; ++n) {
      T x[depth / 4];
      KRONVEC_UNROLL
      for (int d = 0; d < depth / 4; ++d) {
        const bool past = Last && KRONVEC_BEYOND(k + 4 * d >= step.q);
        x[d] = tensor_operand(slice[Layout::padded(first[n] + (past ? step.q - 1 : k + 4 * d) * step.faster)]);
        if (past) x[d] = T(0);
      }
      KRONVEC_UNROLL
      for (int h = 0; h < high; ++h)
        warp_multiply_add(sum[h][n], f[h], x);
    }
  }
};

/// The same by warps. All lanes of a warp take part in every product.
template <class T, int Tall, class Layout>
__device__ void multiply_by_warps(const KroneckerStep &step, const T *factor, T *slice) {
  using Mine = WarpProducts<T, Tall, Layout>;
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int block = step.by_blocks.divide(warp), row = block * Tall;
  const int fiber = (warp - block * step.fiber_blocks) * Mine::fibers;
  Mine products{{}, lane / 4, lane % 4};
  if (KRONVEC_WITHIN(row < step.p)) products.add(step, factor + row, slice, fiber);
  __syncthreads();
  if (row < step.p) products.store(step, row, fiber, slice);
  __syncthreads();
}

template <class T, class Layout, bool Tensor>
__device__ void multiply(const KroneckerStep &step, const T *factor, T *slice) {
  if constexpr (Tensor) {
    if (step.tall == 32) return multiply_by_warps<T, 32, Layout>(step, factor, slice);
    if (step.tall == 16) return multiply_by_warps<T, 16, Layout>(step, factor, slice);
  }
  if (step.tall == 8)
    multiply<T, 8, Layout>(step, factor, slice);
  else if (step.tall == 4)
    multiply<T, 4, Layout>(step, factor, slice);
  else
    multiply<T, 2, Layout>(step, factor, slice);
}

template <class T, int Threads, bool Tensor> __global__ void __launch_bounds__(Threads, 512 / Threads)
    multiply_slices(const __grid_constant__ KroneckerSlices<T> work, Entries<const T> x, Entries<T> y) {
  using Layout = Gaps<sizeof(T), Tensor>;
  KRONVEC_DYNAMIC_SHARED(slice, T);
  T *copies = slice + work.slice_room;
  load_factors<Threads, T, Tensor>(work, copies);
  const int64_t tasks = pieces(work.inner, work.width) * pieces(work.outer, work.outers) * work.columns;
  for (int64_t task = blockIdx.x; task < tasks; task += KRONVEC_STRIDE(gridDim.x)) {
    const Slice s = slice_of(work, task);
    const T *from = x.data + s.column * x.ld;
    for_entries<Threads>(work, s, work.from, [&](int e, int64_t place) {
      __pipeline_memcpy_async(slice + Layout::padded(e), from + place, sizeof(T));
    });
    __pipeline_commit();
    __pipeline_wait_prior(0);
    __syncthreads();
    for (int k = 0; k < work.steps; ++k)
      multiply<T, Layout, Tensor>(work.step[k], copies + work.step[k].place, slice);
    T *to = y.data + s.column * y.ld;
    for_entries<Threads>(work, s, work.to, [&](int e, int64_t place) {
      const T value = work.alpha * slice[Layout::padded(e)];
      to[place] = work.beta == T(0) ? value : value + work.beta * to[place];
    });
    __syncthreads(); // before the next task's copies
  }
}

template <class T> auto kernel_for(const KroneckerSlices<T> &work, int threads) {
  if constexpr (std::is_floating_point_v<T>)
    if (work.tensor) return threads == 256 ? multiply_slices<T, 256, true> : multiply_slices<T, 512, true>;
  return threads == 256 ? multiply_slices<T, 256, false> : multiply_slices<T, 512, false>;
}

} // namespace

template <class T> cudaError_t kronecker_slices(const KroneckerSlices<T> &work, int threads, int shared_bytes,
                                                Entries<const T> x, Entries<T> y, cudaStream_t stream) {
  const int64_t tasks = pieces(work.inner, work.width) * pieces(work.outer, work.outers) * work.columns;
  if (tasks == 0) return cudaSuccess;
  const dim3 grid(blocks_for(tasks, max_blocks));
  return launch(kernel_for(work, threads), grid, dim3(static_cast<unsigned>(threads)),
                static_cast<std::size_t>(shared_bytes), stream, work, x, y);
}

template cudaError_t kronecker_slices(const KroneckerSlices<float> &, int, int, Entries<const float>, Entries<float>,
                                      cudaStream_t);
template cudaError_t kronecker_slices(const KroneckerSlices<double> &, int, int, Entries<const double>, Entries<double>,
                                      cudaStream_t);
template cudaError_t kronecker_slices(const KroneckerSlices<Complex<float>> &, int, int, Entries<const Complex<float>>,
                                      Entries<Complex<float>>, cudaStream_t);
template cudaError_t kronecker_slices(const KroneckerSlices<Complex<double>> &, int, int,
                                      Entries<const Complex<double>>, Entries<Complex<double>>, cudaStream_t);

} // namespace kronvec::kernels

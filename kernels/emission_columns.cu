/// Emission by columns.
///
///   row indices  ──digits, once per block──▶ shared: key and offset in each factor ─┐
///   column indices ─digits, once per column─▶ shared: key, offsets and weight       ├─▶ registers ──16 bytes──▶ Y
///   factors, from the first-level cache ────────────────────────────────────────────┘
///
/// A block of threads has a tile of rows and every `classes`-th column. `classes` is chosen so that the columns share
/// as many factors as possible (in J of A·exp(X·B), those with one value of k: A and exp(X·B) stay the same, B changes)
/// and have the same alignment within 16 bytes.

#include "kernels/emission_tables.hpp"
#include "kernels/portability.hpp"

#include <algorithm>
#include <numeric>

namespace kronvec::kernels {
namespace {

using namespace columns;

using std::int64_t;

constexpr int narrowest = 8;            ///< min lanes of a tile
constexpr int enough_blocks = 2048;     ///< enough to keep a large GPU busy
constexpr int64_t few_bytes = 40 << 10; ///< of shared memory; leaves room for several blocks per multiprocessor
constexpr int max_columns = 256;        ///< per block

/// How Y is cut. A tile has `lanes` threads along its rows; the other threads take other columns.
struct ColumnsTiling {
  int lanes, stage, columns; ///< columns in shared memory at a time; columns of a block
  int classes;               ///< a block has every `classes`-th column; all have the same alignment within 16 bytes
  TableLayout layout;
};

template <int N> __device__ Vector<int, N> load(const int *from) {
  return *reinterpret_cast<const Vector<int, N> *>(from);
}
__device__ Vector<double, 2> load16(const double *from) {
  const double2 x = __ldg(reinterpret_cast<const double2 *>(from));
  return {x.x, x.y};
}
__device__ Vector<float, 4> load16(const float *from) {
  const float4 x = __ldg(reinterpret_cast<const float4 *>(from));
  return {x.x, x.y, x.z, x.w};
}
/// Streaming store: Y is not read again soon.
__device__ void store16(double *to, const double *from) {
  __stcs(reinterpret_cast<double2 *>(to), make_double2(from[0], from[1]));
}
__device__ void store16(float *to, const float *from) {
  __stcs(reinterpret_cast<float4 *>(to), make_float4(from[0], from[1], from[2], from[3]));
}

/// The entries of a thread: V entries that lie in the same 16 bytes, in each of four columns. The thread reads a row's
/// offset once for the four columns, and also a factor that the columns share. A place is a row, or V rows that share
/// all digits except the last.
template <class T, bool Whole> struct ThreadTile {
  static constexpr int V = 16 / sizeof(T), W = Whole ? 1 : V; ///< places
  static constexpr unsigned all = (1u << (abreast * W)) - 1;
  using Columns = T[abreast][V];
  Columns sum;

  /// Adds term t. Bit k·W + w of `match`: column k has the term at place w.
  __device__ void add(const ColumnsWork<T> &work, const Tables<T> &tables, int t, int place, int c) {
    const auto row_key = load<W>(tables.row_key + t * tables.places + place * W);
    const auto col_key = load<abreast>(tables.col_key + t * tables.stage + c);
    unsigned match = 0;
    KRONVEC_UNROLL
    for (int k = 0; k < abreast; ++k) {
      KRONVEC_UNROLL
      for (int w = 0; w < W; ++w)
        match |= static_cast<unsigned>(row_key.entry[w] == col_key.entry[k]) << (k * W + w);
    }
    if (match == all)
      add_product<true>(work, tables, t, place, c, match);
    else if (match != 0)
      add_product<false>(work, tables, t, place, c, match);
  }

  /// `All`: the term is everywhere, so the loads of all columns can be in flight together.
  template <bool All> __device__ void add_product(const ColumnsWork<T> &work, const Tables<T> &tables, int t, int place,
                                                  int c, unsigned match) {
    Columns product;
    KRONVEC_UNROLL
    for (int k = 0; k < abreast; ++k) {
      const T weight = tables.weight[t * tables.stage + c + k];
      KRONVEC_UNROLL
      for (int v = 0; v < V; ++v)
        product[k][v] = All || match >> (k * W + v % W) & 1 ? weight : T(0);
    }
    const auto counts = work.counts[t];
    const T *const *pointer = tables.pointer + counts.first;
    const int *step = tables.step + counts.first_varying, *col_at = tables.col_at + counts.first * tables.stage + c;
    const int *row_at = tables.row_at + counts.first_varying * tables.places + place * W;
    KRONVEC_ROLLED
    for (int f = 0; f < counts.varying; ++f) {
      const auto columns = load<abreast>(col_at);
      const auto rows = load<W>(row_at);
      if constexpr (All)
        multiply(product, *pointer, columns, rows, *step);
      else
        multiply_some(product, match, *pointer, columns, rows, *step);
      ++pointer, ++step, col_at += tables.stage, row_at += tables.places;
    }
    KRONVEC_UNROLL
    for (int k = 0; k < abreast; ++k) {
      KRONVEC_UNROLL
      for (int v = 0; v < V; ++v)
        sum[k][v] += product[k][v];
    }
  }

  /// product *= factor.
  __device__ static void multiply(Columns &product, const T *factor, const Vector<int, abreast> &columns,
                                  const Vector<int, W> &rows, int step) {
    const auto [a, b, c, d] = columns.entry;
    if (a == b && a == c && a == d)
      load_columns<1>(product, factor, columns, rows, step);
    else
      load_columns<abreast>(product, factor, columns, rows, step);
  }

  /// product *= factor. `Loads` is 1 if all columns share the factor's values, otherwise the number of columns.
  template <int Loads> __device__ static void load_columns(Columns &product, const T *factor,
                                                           const Vector<int, abreast> &columns,
                                                           const Vector<int, W> &rows, int step) {
    const T *from[Loads];
    std::uintptr_t alignment = 0;
    KRONVEC_UNROLL
    for (int k = 0; k < Loads; ++k) {
      from[k] = factor + (columns.entry[k] + (Whole ? rows.entry[0] : 0));
      alignment |= reinterpret_cast<std::uintptr_t>(from[k]);
    }
    if (Whole && step == 0) {
      T x[Loads];
      KRONVEC_UNROLL
      for (int k = 0; k < Loads; ++k)
        x[k] = __ldg(from[k]);
      multiply_by(product, [&](int k, int) { return x[k % Loads]; });
    } else if (Whole && step == 1 && alignment % 16 == 0) {
      Vector<T, V> x[Loads];
      KRONVEC_UNROLL
      for (int k = 0; k < Loads; ++k)
        x[k] = load16(from[k]);
      multiply_by(product, [&](int k, int v) { return x[k % Loads].entry[v]; });
    } else {
      Vector<T, V> x[Loads];
      KRONVEC_UNROLL
      for (int k = 0; k < Loads; ++k) {
        KRONVEC_UNROLL
        for (int v = 0; v < V; ++v)
          x[k].entry[v] = __ldg(Whole ? from[k] + v * step : factor + (columns.entry[k] + rows.entry[v % W]));
      }
      multiply_by(product, [&](int k, int v) { return x[k % Loads].entry[v]; });
    }
  }

  __device__ static void multiply_by(Columns &product, const auto &factor) {
    KRONVEC_UNROLL
    for (int k = 0; k < abreast; ++k) {
      KRONVEC_UNROLL
      for (int v = 0; v < V; ++v)
        product[k][v] *= factor(k, v);
    }
  }

  /// product *= factor where `match` is set. Elsewhere nothing is read.
  __device__ static void multiply_some(Columns &product, unsigned match, const T *factor,
                                       const Vector<int, abreast> &columns, const Vector<int, W> &rows, int step) {
    KRONVEC_UNROLL
    for (int k = 0; k < abreast; ++k) {
      KRONVEC_UNROLL
      for (int v = 0; v < V; ++v)
        if (match >> (k * W + v % W) & 1)
          product[k][v] *= __ldg(factor + (columns.entry[k] + rows.entry[v % W] + (Whole ? v * step : 0)));
    }
  }

  /// Stores the first `count` columns, `apart` entries apart. `to` is the entry at row `row` of the first column.
  __device__ void store(T *to, int64_t apart, int count, int64_t row, int64_t rows) const {
    const bool inside = KRONVEC_WITHIN(row >= 0) && KRONVEC_WITHIN(row + V <= rows);
    KRONVEC_UNROLL
    for (int k = 0; k < abreast; ++k) {
      if (KRONVEC_BEYOND(k >= count)) return;
      if (inside) {
        store16(to, sum[k]);
      } else {
        KRONVEC_UNROLL
        for (int v = 0; v < V; ++v)
          if (KRONVEC_WITHIN(row + v >= 0) && KRONVEC_WITHIN(row + v < rows)) to[v] = sum[k][v];
      }
      to += apart;
    }
  }
};

/// An entry of Y is the sum, over the terms whose row key and column key agree, of weight · Π factor[row offset +
/// column offset]: one addition, plus a load and a multiplication per factor, no division. The weight is the scale
/// times the factors that depend on the column only. Entries without any term become zero in the same pass.
template <class T, bool Whole> __global__ void __launch_bounds__(threads, Whole || sizeof(T) == 8 ? 3 : 2)
    emit_tile_of_columns(const __grid_constant__ ColumnsWork<T> work, Entries<T> y, ColumnsTiling tiling) {
  using Sums = ThreadTile<T, Whole>;
  constexpr int V = Sums::V;
  KRONVEC_DYNAMIC_SHARED(memory, unsigned char);
  const Tables<T> tables(memory, tiling.layout, tiling.stage, tiling.lanes * Sums::W);
  const int thread = static_cast<int>(threadIdx.x), place = thread % tiling.lanes;
  const int first_of_thread = thread / tiling.lanes * abreast, next_of_thread = threads / tiling.lanes * abreast;
  const int classes = tiling.classes, own_class = static_cast<int>(blockIdx.y) % classes;
  const int64_t apart = classes * y.ld, begin = static_cast<int64_t>(blockIdx.y) / classes * tiling.columns;
  const int64_t in_class = (y.cols - own_class + classes - 1) / classes;
  const int64_t end = KRONVEC_WITHIN(begin + tiling.columns < in_class) ? begin + tiling.columns : in_class;
  for (int64_t item = blockIdx.z; item < y.count; item += KRONVEC_STRIDE(gridDim.z)) {
    T *const first_column = y.data + item * y.stride + own_class * y.ld;
    const auto shift = static_cast<int64_t>(reinterpret_cast<std::uintptr_t>(first_column) / sizeof(T) % V);
    const int64_t first_row = static_cast<int64_t>(blockIdx.x) * tiling.lanes * V - shift, row = first_row + place * V;
    __syncthreads(); // until here, the tables belong to the previous item
    find_factors(work, item, tables);
    decode_rows(work, first_row, y.rows, Whole ? V : 1, tables);
    for (int64_t stage = begin; stage < end; stage += KRONVEC_STRIDE(tiling.stage)) {
      const int here = static_cast<int>(KRONVEC_BEYOND(end - stage < tiling.stage) ? end - stage : tiling.stage);
      __syncthreads();
      decode_columns(work, own_class + stage * classes, classes, here, tables);
      __syncthreads();
      for (int c = first_of_thread; c < here; c += KRONVEC_STRIDE(next_of_thread)) {
        Sums sums{};
        for (int t = 0; t < work.count; ++t)
          sums.add(work, tables, t, place, c);
        sums.store(first_column + (stage + c) * apart + row, apart, here - c, row, y.rows);
      }
    }
  }
}

int64_t pieces(int64_t n, int64_t size) { return (n + size - 1) / size; }

/// The number of lanes with the smallest tables.
template <class T> int max_compact_lanes(const ColumnsWork<T> &work) {
  int best = narrowest;
  for (int lanes = narrowest; lanes <= threads; lanes *= 2)
    if (layout(work, lanes).end < layout(work, best).end) best = lanes;
  return best;
}

/// As many lanes as a column has vectors, as long as shared memory allows several blocks.
template <class T> int lanes_for(const ColumnsWork<T> &work, int64_t rows) {
  int best = max_compact_lanes(work);
  for (int lanes = narrowest; lanes <= threads; lanes *= 2) {
    if (layout(work, lanes).end > few_bytes) continue;
    best = lanes;
    if (static_cast<int64_t>(lanes) * work.vector >= rows) break;
  }
  return best;
}

/// The distance between a block's columns: a multiple of 16 bytes / gcd(16 bytes, column bytes), and of the distance
/// that the terms prefer if each thread then still gets four columns.
template <class T> int64_t classes_of(const ColumnsWork<T> &work, const Entries<T> &y) {
  constexpr int64_t V = ColumnsWork<T>::vector, max_classes = 1 << 14;
  const int64_t aligned = y.cols == 1 || y.ld % V == 0 ? 1 : y.ld % 2 == 0 ? V / 2 : V;
  if (work.apart < 1 || work.apart > max_classes) return aligned;
  const int64_t wanted = std::lcm(work.apart, aligned);
  return wanted <= max_classes && y.cols >= wanted * abreast ? wanted : aligned;
}

template <class T> cudaError_t emit_any(const ColumnsWork<T> &work, Entries<T> y, cudaStream_t stream) {
  if (y.rows == 0 || y.cols == 0 || y.count == 0) return cudaSuccess;
  ColumnsTiling tiling{};
  tiling.lanes = lanes_for(work, y.rows), tiling.stage = stage_for(tiling.lanes),
  tiling.classes = static_cast<int>(classes_of(work, y));
  tiling.layout = layout(work, tiling.lanes);
  const int64_t down = pieces(y.rows + work.vector - 1, static_cast<int64_t>(tiling.lanes) * work.vector);
  const int64_t in_class = pieces(y.cols, tiling.classes), items = std::min(y.count, at_most(65535));
  const int64_t wanted = pieces(at_most(enough_blocks), down * items * tiling.classes); // runs of columns
  const int64_t unit = threads / tiling.lanes * abreast;
  int64_t columns = pieces(pieces(in_class, wanted), unit) * unit;
  if (columns > max_columns && columns > unit) columns = max_columns > unit ? max_columns : unit;
  while (pieces(in_class, columns) * tiling.classes > 65535)
    columns *= 2;
  tiling.columns = static_cast<int>(columns);
  const dim3 grid(static_cast<unsigned>(down), static_cast<unsigned>(pieces(in_class, columns) * tiling.classes),
                  static_cast<unsigned>(items));
  return launch(work.whole ? emit_tile_of_columns<T, true> : emit_tile_of_columns<T, false>, grid, dim3(threads),
                static_cast<std::size_t>(tiling.layout.end), stream, work, y, tiling);
}

} // namespace

template <class T> int64_t min_shared_bytes(ColumnsWork<T> work) {
  work.whole = false;
  return layout(work, max_compact_lanes(work)).end;
}
template int64_t min_shared_bytes(ColumnsWork<float>);
template int64_t min_shared_bytes(ColumnsWork<double>);

cudaError_t emit_columns(const ColumnsWork<float> &work, Entries<float> y, cudaStream_t stream) {
  return emit_any(work, y, stream);
}
cudaError_t emit_columns(const ColumnsWork<double> &work, Entries<double> y, cudaStream_t stream) {
  return emit_any(work, y, stream);
}

} // namespace kronvec::kernels

/// Emission. A block of threads computes a tile of Y. A thread has one place along one side, whose digits it decodes
/// once per term, and eight places along the other side, whose digits the block decodes into shared memory. An entry
/// then costs an addition, plus a load and a multiplication per factor, but no division.

#include "kernels/emission_digits.hpp"

namespace kronvec::kernels {
namespace {

using std::int64_t;

constexpr int threads = 256, max_factors = EmissionTerm::max_factors;
constexpr int mine = 8;      ///< entries per thread
constexpr int shortest = 32; ///< min number of places of a tile along the threads
constexpr int max_across = threads / shortest * mine;

/// What an index along one side contributes to a term. An entry of Y has the term if the keys of both sides agree; the
/// offset in each factor is then the sum of both sides' offsets.
struct SideOffsets {
  int64_t key, at[max_factors];

  __device__ void move(const EmissionTerm &term, const TermLabel &label, int64_t value) {
    for (int f = 0; f < max_factors; ++f)
      if (f < term.factors) at[f] += value * label.step[f];
  }
  __device__ SideOffsets with(const SideOffsets &other) const {
    SideOffsets both = *this;
    for (int f = 0; f < max_factors; ++f)
      both.at[f] += other.at[f];
    return both;
  }
};

/// Decodes an index for one combination of the searched labels. The row side includes the offsets of the searched
/// labels and of the item.
template <class T> __device__ SideOffsets decode(const EmissionTerm &term, const EmissionWork<T> &work, int64_t item,
                                                 int side, int64_t index, int64_t search) {
  SideOffsets place{};
  if (side == 0)
    for (int f = 0; f < max_factors; ++f)
      if (f < term.factors) place.at[f] = term.base[f] + item * work.step[term.buffer[f]];
  int64_t rest = index - term.offset[side];
  for (int q = term.end[1]; q < term.end[2]; ++q) {
    const TermLabel &label = term.label[q];
    const int64_t others = quotient(search, label.extent, label.inverse), value = search - others * label.extent;
    rest -= value * label.stride[side];
    if (side == 0) place.move(term, label, value);
    search = others;
  }
  place.key = nowhere(side);
  if (KRONVEC_BEYOND(rest < 0)) return place;
  int64_t key = term.key[side];
  for (int q = side == 0 ? 0 : term.end[0]; q < term.end[side]; ++q) {
    const TermLabel &label = term.label[q];
    const int64_t stride = label.stride[side], digit = quotient(rest, stride, label.inverse);
    if (KRONVEC_BEYOND(digit >= label.extent)) return place;
    rest -= digit * stride;
    key += digit * label.key;
    place.move(term, label, digit);
  }
  if (rest == 0) place.key = key;
  return place;
}

/// Π_f, each factor at one offset.
template <class T>
__device__ T product_at(const EmissionTerm &term, const EmissionWork<T> &work, const SideOffsets &place) {
  T product = 1;
  for (int f = 0; f < max_factors; ++f)
    if (f < term.factors) product *= work.buffer[term.buffer[f]][place.at[f]];
  return product;
}

/// Σ Π_f over the summed labels, at the offset that both sides determine.
template <class T> __device__ T sum_at(const EmissionTerm &term, const EmissionWork<T> &work, const SideOffsets &place,
                                       const SideOffsets &other) {
  if (term.end[2] == term.end[3]) return product_at(term, work, place.with(other));
  const TermLabel &last = term.label[term.end[3] - 1];
  T total = 0;
  for (int64_t sum = 0; sum < term.sums; ++sum) {
    SideOffsets here = place.with(other);
    int64_t rest = sum;
    for (int q = term.end[2]; q < term.end[3] - 1; ++q) {
      const TermLabel &label = term.label[q];
      const int64_t others = quotient(rest, label.extent, label.inverse);
      here.move(term, label, rest - others * label.extent);
      rest = others;
    }
    for (int64_t k = 0; k < last.extent; ++k) {
      total += product_at(term, work, here);
      here.move(term, last, 1);
    }
  }
  return total;
}

/// How the items of Y are cut into tiles. Threads lie along the side `down`: along the rows, unless Y has few rows.
struct TileGrid {
  int down;                   ///< 0: rows, 1: columns
  int lanes;                  ///< places of a tile along that side, a multiple of the warp size
  int64_t places[2], step[2]; ///< along that side and across it
  int64_t tiles;              ///< across the items' other side
};

template <class T> __global__ void __launch_bounds__(threads)
    emit_tiles(const __grid_constant__ EmissionWork<T> work, Entries<T> y, TileGrid tiling) {
  KRONVEC_SHARED(across, SideOffsets[max_across]);
  const int down = tiling.down, lanes = tiling.lanes, width = threads / lanes * mine;
  const int thread = static_cast<int>(threadIdx.x), lane = thread % lanes, first = thread / lanes * mine;
  const auto [places_down, places_across] = tiling.places;
  for (int64_t tile = blockIdx.y; tile < tiling.tiles * y.count; tile += KRONVEC_STRIDE(gridDim.y)) {
    const int64_t item = tile / tiling.tiles, corner = (tile - item * tiling.tiles) * width;
    const int64_t i = static_cast<int64_t>(blockIdx.x) * lanes + lane, j = corner + first;
    const int64_t index = i < places_down ? index_at(work.side[down], i) : 0;
    const bool decodes = KRONVEC_WITHIN(thread < width) && corner + thread < places_across;
    const int64_t index_across = decodes ? index_at(work.side[1 - down], corner + thread) : 0;
    T total[mine] = {};
    for (int64_t t = 0; t < work.count; ++t) {
      const EmissionTerm &term = work.terms[t];
      const T scale = static_cast<T>(term.scale);
      for (int64_t search = 0; search < term.searches; ++search) {
        __syncthreads();
        if (decodes) across[thread] = decode(term, work, item, 1 - down, index_across, search);
        __syncthreads();
        if (i >= places_down) continue;
        const SideOffsets place = decode(term, work, item, down, index, search);
        KRONVEC_UNROLL
        for (int c = 0; c < mine; ++c) {
          if (KRONVEC_WITHIN(j + c < places_across) && across[first + c].key == place.key)
            total[c] += scale * sum_at(term, work, place, across[first + c]);
        }
      }
    }
    if (KRONVEC_BEYOND(i >= places_down)) continue;
    KRONVEC_UNROLL
    for (int c = 0; c < mine; ++c) {
      if (KRONVEC_BEYOND(j + c >= places_across)) continue;
      T &entry = y.data[item * y.stride + i * tiling.step[0] + (j + c) * tiling.step[1]];
      entry = work.add ? entry + total[c] : total[c];
    }
  }
}

/// The product that begins at `term`, summed over the searches. All its labels are digits or searched.
template <class T> __device__ T long_product(const EmissionTerm *term, const EmissionWork<T> &work, int64_t item,
                                             int64_t row, int64_t col) {
  T total = 0;
  for (int64_t search = 0; search < term->searches; ++search) {
    T product = static_cast<T>(term->scale);
    bool here = true;
    for (int part = 0; here && part < term->parts; ++part) {
      const SideOffsets place = decode(term[part], work, item, 0, row, search),
                        other = decode(term[part], work, item, 1, col, search);
      here = place.key == other.key;
      if (here) product *= product_at(term[part], work, place.with(other));
    }
    if (here) total += product;
  }
  return total;
}

template <class T> __global__ void __launch_bounds__(threads, 2)
    emit_long_products(const __grid_constant__ EmissionWork<T> work, Entries<T> y) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * threads + threadIdx.x;
  if (KRONVEC_BEYOND(i >= y.rows)) return;
  const int64_t row = index_at(work.side[0], i);
  for (int64_t column = blockIdx.y; column < y.cols * y.count; column += KRONVEC_STRIDE(gridDim.y)) {
    const int64_t item = column / y.cols, j = column - item * y.cols, col = index_at(work.side[1], j);
    T total = 0;
    for (int64_t t = 0; t < work.count; t += work.terms[t].parts)
      total += long_product(work.terms + t, work, item, row, col);
    y.data[item * y.stride + j * y.ld + i] += total;
  }
}

int64_t pieces(int64_t n, int64_t size) { return (n + size - 1) / size; }

/// Blocks along one side are in the grid's x (max 2³¹ − 1), blocks along the other side in its y (max 65535).
dim3 grid(int64_t down, int64_t across) { return dim3(static_cast<unsigned>(down), blocks_for(across, 65535)); }

template <class T> cudaError_t emit_any(const EmissionWork<T> &work, Entries<T> y, cudaStream_t stream) {
  if (y.rows == 0 || y.cols == 0 || y.count == 0) return cudaSuccess;
  const bool flat = y.rows < shortest && y.rows < y.cols;
  TileGrid tiling = flat ? TileGrid{1, shortest, {y.cols, y.rows}, {y.ld, 1}, 0}
                         : TileGrid{0, shortest, {y.rows, y.cols}, {1, y.ld}, 0};
  while (tiling.lanes < threads && tiling.lanes < tiling.places[0])
    tiling.lanes *= 2;
  tiling.tiles = pieces(tiling.places[1], threads / tiling.lanes * mine);
  const dim3 blocks = grid(pieces(tiling.places[0], tiling.lanes), tiling.tiles * y.count);
  return launch(emit_tiles<T>, blocks, dim3(threads), 0, stream, work, y, tiling);
}

template <class T> cudaError_t emit_long_any(const EmissionWork<T> &work, Entries<T> y, cudaStream_t stream) {
  if (y.rows == 0 || y.cols == 0 || y.count == 0 || work.count == 0) return cudaSuccess;
  return launch(emit_long_products<T>, grid(pieces(y.rows, threads), y.cols * y.count), dim3(threads), 0, stream, work,
                y);
}

} // namespace

cudaError_t emit(const EmissionWork<float> &work, Entries<float> y, cudaStream_t s) { return emit_any(work, y, s); }
cudaError_t emit(const EmissionWork<double> &work, Entries<double> y, cudaStream_t s) { return emit_any(work, y, s); }
cudaError_t emit_long(const EmissionWork<float> &work, Entries<float> y, cudaStream_t s) {
  return emit_long_any(work, y, s);
}
cudaError_t emit_long(const EmissionWork<double> &work, Entries<double> y, cudaStream_t s) {
  return emit_long_any(work, y, s);
}

} // namespace kronvec::kernels

#pragma once
/// The tables of a block of `emit_columns` in shared memory: keys and factor offsets of its rows and columns.

#include "kernels/emission_columns.hpp"
#include "kernels/emission_digits.hpp"

#include <utility>

namespace kronvec::kernels::columns {

using std::int64_t;

constexpr int threads = 256, abreast = 4; ///< per block; columns of a thread at a time

/// Offsets of the tables in a block's shared memory, in bytes.
struct TableLayout {
  int pointer, step, weight, col_key, col_at, row_key, row_at, end;
};

/// Number of columns in shared memory at a time: those of all threads, but at least 32.
inline int stage_for(int lanes) {
  constexpr int columns_of_stage = 32;
  const int all = threads / lanes * abreast;
  return all > columns_of_stage ? all : columns_of_stage;
}

template <class T> TableLayout layout(const ColumnsWork<T> &work, int lanes) {
  const int stage = stage_for(lanes), places = lanes * (work.whole ? 1 : work.vector);
  int end = 0;
  const auto next = [&end](int count, std::size_t size) {
    return std::exchange(end, end + (count * static_cast<int>(size) + 15) / 16 * 16);
  };
  TableLayout l{};
  l.pointer = next(work.total, sizeof(T *)), l.step = next(work.varying, sizeof(int));
  l.weight = next(work.count * stage, sizeof(T));
  l.col_key = next(work.count * stage, sizeof(int)), l.col_at = next(work.total * stage, sizeof(int));
  l.row_key = next(work.count * places, sizeof(int)), l.row_at = next(work.varying * places, sizeof(int));
  l.end = end > 0 ? end : 16; // at least 16 bytes, even without terms
  return l;
}

/// The tables of a block in shared memory.
template <class T> struct Tables {
  const T **pointer;     ///< address of each factor with all digits 0
  int *step;             ///< of each varying factor: step from row to row within a vector
  T *weight;             ///< of each term in each column of the stage
  int *col_key, *col_at; ///< key of each term, offset in each factor, per column
  int *row_key, *row_at; ///< key of each term, offset in each varying factor, per place of the tile
  int stage, places;

  __device__ Tables(unsigned char *memory, const TableLayout &layout, int columns, int rows)
      : pointer(reinterpret_cast<const T **>(memory + layout.pointer)),
        step(reinterpret_cast<int *>(memory + layout.step)), weight(reinterpret_cast<T *>(memory + layout.weight)),
        col_key(reinterpret_cast<int *>(memory + layout.col_key)),
        col_at(reinterpret_cast<int *>(memory + layout.col_at)),
        row_key(reinterpret_cast<int *>(memory + layout.row_key)),
        row_at(reinterpret_cast<int *>(memory + layout.row_at)), stage(columns), places(rows) {}
};

/// Returns the key of an index along one side. Stores the offset in each of the first `factors` factors, at[f·pitch].
__device__ inline int decode(const EmissionTerm &term, int side, int64_t index, int factors, int *at, int pitch) {
  for (int f = 0; f < factors; ++f)
    at[f * pitch] = 0;
  int64_t rest = index - term.offset[side], key = term.key[side];
  if (KRONVEC_BEYOND(rest < 0)) return nowhere(side);
  for (int q = side == 0 ? 0 : term.end[0]; q < term.end[side]; ++q) {
    const TermLabel &label = term.label[q];
    const int64_t stride = label.stride[side], digit = quotient(rest, stride, label.inverse);
    if (KRONVEC_BEYOND(digit >= label.extent)) return nowhere(side);
    rest -= digit * stride;
    key += digit * label.key;
    for (int f = 0; f < factors; ++f)
      at[f * pitch] += static_cast<int>(digit * label.step[f]);
  }
  return rest == 0 ? static_cast<int>(key) : nowhere(side);
}

/// Finds the factors of an item, for all rows and columns.
template <class T> __device__ void find_factors(const ColumnsWork<T> &work, int64_t item, const Tables<T> &tables) {
  static_assert(ColumnsWork<T>::max_terms <= threads);
  const int t = static_cast<int>(threadIdx.x);
  if (KRONVEC_WITHIN(t < work.count)) {
    const auto counts = work.counts[t];
    const EmissionTerm &term = work.terms[t];
    for (int f = 0; f < counts.factors; ++f)
      tables.pointer[counts.first + f] = work.buffer[term.buffer[f]] + item * work.step[term.buffer[f]] + term.base[f];
    for (int f = 0; f < counts.varying; ++f)
      tables.step[counts.first_varying + f] =
          term.end[0] > 0 ? static_cast<int>(term.label[term.end[0] - 1].step[f]) : 0;
  }
}

/// Decodes the rows of a tile from position `first` on, one place every `apart` rows.
template <class T> __device__ void decode_rows(const ColumnsWork<T> &work, int64_t first, int64_t rows, int apart,
                                               const Tables<T> &tables) {
  for (int job = static_cast<int>(threadIdx.x); job < work.count * tables.places; job += KRONVEC_STRIDE(threads)) {
    const int t = job / tables.places, place = job % tables.places;
    const int64_t position = first + static_cast<int64_t>(place) * apart;
    const bool inside = position >= 0 && position < rows;
    tables.row_key[job] =
        inside ? decode(work.terms[t], 0, index_at(work.side[0], position), work.counts[t].varying,
                        tables.row_at + work.counts[t].first_varying * tables.places + place, tables.places)
               : nowhere(0);
  }
}

/// Decodes `count` columns of the stage: first, first + apart, …
template <class T> __device__ void decode_columns(const ColumnsWork<T> &work, int64_t first, int apart, int64_t count,
                                                  const Tables<T> &tables) {
  for (int job = static_cast<int>(threadIdx.x); job < work.count * tables.stage; job += KRONVEC_STRIDE(threads)) {
    const int t = job / tables.stage, c = job % tables.stage;
    const auto counts = work.counts[t];
    int *at = tables.col_at + counts.first * tables.stage + c;
    int key = nowhere(1);
    if (c < count) {
      const int64_t index = index_at(work.side[1], first + static_cast<int64_t>(c) * apart);
      key = decode(work.terms[t], 1, index, counts.factors, at, tables.stage);
    }
    tables.col_key[job] = key;
    if (key == nowhere(1)) continue;
    T weight = static_cast<T>(work.terms[t].scale);
    for (int f = counts.varying; f < counts.factors; ++f)
      weight *= __ldg(tables.pointer[counts.first + f] + at[f * tables.stage]);
    tables.weight[job] = weight;
  }
}

} // namespace kronvec::kernels::columns

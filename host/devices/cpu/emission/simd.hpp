#pragma once
/// Bands of an emission: runs of consecutive entries of a column, each a sum of weighted products of vectors.

#include "kronvec/matrix.hpp"

#include <array>
#include <cstdint>

namespace kronvec::cpu {

constexpr int max_terms = 8, max_vectors = 4;

/// y[i + step·j] (=, +=) Σ_t weight_t[j] · Π_v vector_tv[i + vector_step_tv·j] for 0 ≤ i < length, 0 ≤ j < count.
template <class T> struct Band {
  Index length, count, step;
  int terms;
  struct BandTerm {
    const T *weight;
    int vectors;
    std::array<const T *, max_vectors> vector;
    std::array<Index, max_vectors> vector_step;
  };
  std::array<BandTerm, max_terms> term;
};

/// A stream of entries that are written past the caches, in the order of their addresses, in whole vectors. An
/// incomplete vector waits in `line` for the next entries. The vectors that hold the first and the last entry are
/// written by ordinary stores, because their other entries do not belong to the stream.
template <class T> struct Stream {
  alignas(64) T line[128 / sizeof(T)];
  T *out = nullptr;          ///< address of the next entry
  std::intptr_t strange = 0; ///< number of entries at the front of `line` that do not belong to the stream
};

/// Starts the stream at `out`.
void begin(float *out, Stream<float> &stream);
void begin(double *out, Stream<double> &stream);
/// Writes the entries that wait in `line`.
void finish(Stream<float> &stream);
void finish(Stream<double> &stream);
/// Appends the band to the stream; step = length.
void put(const Band<float> &band, Stream<float> &stream);
void put(const Band<double> &band, Stream<double> &stream);
/// Appends x to the stream; zeros if x is null.
void put(const float *x, Index n, Stream<float> &stream);
void put(const double *x, Index n, Stream<double> &stream);

void store(const Band<float> &band, float *y);
void store(const Band<double> &band, double *y);
void add(const Band<float> &band, float *y);
void add(const Band<double> &band, double *y);

} // namespace kronvec::cpu

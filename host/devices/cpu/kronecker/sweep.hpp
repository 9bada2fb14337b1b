#pragma once
/// Several modes of a Kronecker product applied to slices of tensors that stay in the caches meanwhile, with the widest
/// vectors of the processor at hand (Google Highway), serially.
///
/// A slice has the dimensions that the modes of a sweep work on, and lies in memory in one of three ways:
///  - strips: faster dimensions are long. The slice is a strip of `width` of their entries, and vectors run along it.
///  - rows: there is no faster dimension, and the first factor has rows enough for vectors to run along these: every
///    row of the slice, q entries, becomes Σ_k x_k·(column k of F). What follows has a faster dimension.
///  - turned: neither. As many slices as a vector has lanes are turned (transposed) on the way in, entry e of all of
///    them becoming vector e, and back on the way out.
/// An entry of the result is summed in the same order whatever the way in which work is cut: fused multiply-adds over
/// k.

#include "kronvec/matrix.hpp"

#include <array>

namespace kronvec::cpu {

/// One mode within a slice, of a factor p×q: dimensions outer × q × runs, where a run is a strip, a vector or 1 entry.
template <class T> struct SweepStep {
  const T *f; ///< from `pack_factor`
  Index p, q, outer, runs;
};

enum class SweepWay { strips, rows, turned };

constexpr int most_sweep_steps = 12;

template <class T> struct Sweep {
  SweepWay way;
  int steps = 0;
  std::array<SweepStep<T>, most_sweep_steps> step = {};
  Index in = 1, out = 1; ///< extents of a slice before and after, times those of faster dimensions where turned
  Index inner = 1;       ///< entries of faster dimensions
  Index width = 1;       ///< strips: entries of one; rows: slices at once
  Index buffer = 0;      ///< entries of each of two buffers
  T alpha = 1, beta = 0; ///< of the last step
};

/// Where slices lie: `per_column` of them `step` entries apart in each column.
template <class T> struct Slices {
  T *data;
  Index step, per_column, ld, count;
};

/// Lanes of the vectors that are used here.
Index sweep_lanes(float);
Index sweep_lanes(double);

/// F for the steps of sweeps: entry (j, k) at f[j·row + k·col]. `along_rows`: for the first step of rows; then
/// `packed` has room for p rounded up to whole vectors.
void pack_factor(const float *f, Index row, Index col, Index p, Index q, bool along_rows, float *packed);
void pack_factor(const double *f, Index row, Index col, Index p, Index q, bool along_rows, double *packed);

/// The tasks that a sweep over these slices consists of.
template <class T> Index sweep_tasks(const Sweep<T> &sweep, Index slices) {
  const auto ceil = [](Index n, Index d) { return (n + d - 1) / d; };
  if (sweep.way == SweepWay::strips) return slices * ceil(sweep.inner, sweep.width);
  return ceil(slices, sweep.way == SweepWay::rows ? sweep.width : sweep_lanes(T{}));
}

/// Y's slices of the tasks first … last − 1 = α·(their modes) + β·Y. `buffers`: 2·`sweep.buffer` entries.
void run_sweep(const Sweep<float> &sweep, const Slices<const float> &x, const Slices<float> &y, Index first, Index last,
               float *buffers);
void run_sweep(const Sweep<double> &sweep, const Slices<const double> &x, const Slices<double> &y, Index first,
               Index last, double *buffers);

/// Factors with more columns are summed in pieces of so many, each into what the ones before have left.
constexpr Index sweep_depth = 256;

} // namespace kronvec::cpu

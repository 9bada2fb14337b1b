#pragma once
/// Applies several modes of a Kronecker product to slices of tensors, while the slices stay in the caches, with the
/// widest vectors of the processor (Google Highway), serially.
///
/// A slice has the dimensions that the modes of a sweep work on. It lies in memory in one of three ways:
///  - strips: the faster dimensions are long. The slice is a strip of `width` of their entries, and vectors run along
///    it.
///  - rows: there is no faster dimension, and the first factor has enough rows for vectors to run along them. Every
///    row of the slice, q entries, becomes Σ_k x_k·(column k of F). Later steps have a faster dimension.
///  - turned: neither of the above. As many slices as a vector has lanes are transposed on the way in, so that entry e
///    of all of them becomes vector e, and transposed back on the way out.
/// Every entry of the result is summed in the same order, however the work is cut: fused multiply-adds over k.

#include "kronvec/matrix.hpp"

#include <array>

namespace kronvec::cpu {

/// One mode within a slice, with a p×q factor. The dimensions are outer × q × runs; a run is a strip, a vector or 1
/// entry.
template <class T> struct SweepStep {
  const T *f; ///< packed by `pack_factor`
  Index p, q, outer, runs;
};

enum class SweepWay { strips, rows, turned };

constexpr int max_sweep_steps = 12;

template <class T> struct Sweep {
  SweepWay way;
  int steps = 0;
  std::array<SweepStep<T>, max_sweep_steps> step = {};
  Index in = 1, out = 1; ///< extents of a slice before and after; if turned, times the faster dimensions
  Index inner = 1;       ///< entries of faster dimensions
  Index width = 1;       ///< strips: entries of a strip; rows: slices processed together
  Index buffer = 0;      ///< entries of each of two buffers
  T alpha = 1, beta = 0; ///< applied in the last step
};

/// The layout of slices: `per_column` slices, `step` entries apart, in each column.
template <class T> struct Slices {
  T *data;
  Index step, per_column, ld, count;
};

/// Number of lanes of the vectors in use.
Index sweep_lanes(float);
Index sweep_lanes(double);

/// Packs F for the steps of sweeps. Entry (j, k) of F is f[j·row + k·col]. `along_rows`: for the first step of rows.
/// `packed` needs room for p rounded up to whole vectors if `along_rows`.
void pack_factor(const float *f, Index row, Index col, Index p, Index q, bool along_rows, float *packed);
void pack_factor(const double *f, Index row, Index col, Index p, Index q, bool along_rows, double *packed);

/// Number of tasks of a sweep over these slices.
template <class T> Index sweep_tasks(const Sweep<T> &sweep, Index slices) {
  const auto ceil = [](Index n, Index d) { return (n + d - 1) / d; };
  if (sweep.way == SweepWay::strips) return slices * ceil(sweep.inner, sweep.width);
  return ceil(slices, sweep.way == SweepWay::rows ? sweep.width : sweep_lanes(T{}));
}

/// Slices of Y for the tasks first … last − 1: α·(modes applied to X) + β·Y. `buffers` has 2·`sweep.buffer` entries.
void run_sweep(const Sweep<float> &sweep, const Slices<const float> &x, const Slices<float> &y, Index first, Index last,
               float *buffers);
void run_sweep(const Sweep<double> &sweep, const Slices<const double> &x, const Slices<double> &y, Index first,
               Index last, double *buffers);

/// Factors with more columns than this are summed in pieces; each piece is added to the result of the previous ones.
constexpr Index sweep_depth = 256;

} // namespace kronvec::cpu

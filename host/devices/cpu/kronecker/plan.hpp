#pragma once
/// The plan by which the CPU applies a Kronecker product of real entries: which modes share a sweep over memory, and
/// how each sweep cuts the tensor into slices.

#include "devices/algebra.hpp"
#include "devices/cpu/kronecker/sweep.hpp"

#include <array>
#include <limits>
#include <optional>
#include <vector>

namespace kronvec::cpu {

/// A dimension of the tensor: neighbouring factors that are applied as one, or neighbouring identities.
struct KroneckerPart {
  std::size_t first, count; ///< factors
  Index p, q;
  bool is_identity;
};

/// A sweep without its factors and buffers.
struct SweepPlan {
  /// One of its modes, in the order of application.
  struct PlannedStep {
    std::size_t part;
    Index outer, runs;
  };
  SweepWay way;
  int steps;
  std::array<PlannedStep, max_sweep_steps> step;
  Index in, out;       ///< entries of a slice's own dimensions, before and after
  Index slices, inner; ///< for one column
  Index width, buffer;
};

struct KroneckerPlan {
  std::vector<KroneckerPart> parts;
  std::vector<SweepPlan> sweeps;
  Index first_half = 0, second_half = 0;              ///< entries of intermediate results per column, alternately
  Index packed = 0;                                   ///< entries of all factors
  Index buffer = 0;                                   ///< entries of both buffers of a worker
  Index min_uses = std::numeric_limits<Index>::max(); ///< min uses of a factor's entry, in all columns
  double flops = 0;                                   ///< for one column
};

/// The plan for `columns` columns, or nothing if BLAS products are faster.
template <class T> std::optional<KroneckerPlan> plan_sweeps(std::span<const KroneckerFactor<T>> factors, Index columns);

} // namespace kronvec::cpu

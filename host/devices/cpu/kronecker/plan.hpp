#pragma once
/// How a Kronecker product of real entries is applied on the host's cores: which modes share a sweep over memory, and
/// how each sweep cuts the tensor into slices.

#include "devices/algebra.hpp"
#include "devices/cpu/kronecker/sweep.hpp"

#include <array>
#include <limits>
#include <optional>
#include <vector>

namespace kronvec::cpu {

/// A dimension of the tensor: neighbouring factors that are applied as one, or identities.
struct KroneckerPart {
  std::size_t first, count; ///< factors
  Index p, q;
  bool is_identity;
};

/// A sweep, before factors and buffers are there.
struct SweepPlan {
  /// One of its modes, in the order in which they are applied.
  struct Step {
    std::size_t part;
    Index outer, runs;
  };
  SweepWay way;
  int steps;
  std::array<Step, most_sweep_steps> step;
  Index in, out;       ///< entries of a slice's own dimensions before and after
  Index slices, inner; ///< of one column
  Index width, buffer;
};

struct KroneckerPlan {
  std::vector<KroneckerPart> parts;
  std::vector<SweepPlan> sweeps;
  Index first_half = 0, second_half = 0;                ///< entries that sweeps leave of one column, in turns
  Index packed = 0;                                     ///< entries of all factors
  Index buffer = 0;                                     ///< entries of a worker's buffers, both together
  Index least_uses = std::numeric_limits<Index>::max(); ///< of an entry of any factor, for all columns
  double flops = 0;                                     ///< of one column
};

/// The plan for so many columns, or nothing where products by BLAS are the better way.
template <class T> std::optional<KroneckerPlan> plan_sweeps(std::span<const KroneckerFactor<T>> factors, Index columns);

} // namespace kronvec::cpu

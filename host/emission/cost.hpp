#pragma once
/// The cost of writing an emission. The unit is the time to write one entry of the result to memory.

#include "emission/emission.hpp"

namespace kronvec::inline KRONVEC_ABI {

/// Rates of the CPU relative to its rate of writing, measured by `./run bench`. Only their order of magnitude matters.
namespace rates {
constexpr double product_flops = 30; ///< flops of BLAS products per write
constexpr double entrywise = 6;      ///< operations on cached entries per write
constexpr double zeros = 3;          ///< zeros written per write
constexpr double scattered = 0.7;    ///< entries added at scattered places, outside runs, per write
} // namespace rates

struct Cost {
  double flops = 0;   ///< multiplications and additions
  double written = 0; ///< max number of entries of the result that are not structurally zero
  double time = 0;    ///< in writes of one entry
};

Cost cost_of(const Emission &emission);

} // namespace kronvec

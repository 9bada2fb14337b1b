#pragma once
/// What a way to a dense Jacobian costs, in the time that it takes to write one entry of J once to memory.

#include "calculus/program.hpp"

namespace kronvec {

/// Rates of the CPU beside its rate of writing, by `./run bench`; only their order of magnitude decides anything.
namespace rates {
constexpr double product_flops = 30; ///< flops of BLAS products in the time of one write
constexpr double entrywise = 6;      ///< operations on entries that lie in cache
constexpr double zeros = 3;          ///< zeros that are written
constexpr double scattered = 0.7;    ///< entries added at places that are no run
} // namespace rates

struct Cost {
  double flops = 0;   ///< multiplications and additions
  double written = 0; ///< entries of the result that are not zero for structural reasons, at the most
  double time = 0;    ///< in writes of one entry
};

/// Of an emission, whose result has this many entries.
Cost cost_of(const Emission &emission);
/// Of a stage's steps for one tangent, cotangent or point.
Cost cost_of(const Program &program, Stage stage);

} // namespace kronvec

#pragma once
/// How a dense Jacobian is written from its terms: dense steps of the program, then one emission.

#include "calculus/differential.hpp"
#include "calculus/program.hpp"
#include "kronvec/derivative.hpp"

namespace kronvec::detail {

struct DensePlan {
  DensePlan() = default;
  /// Adds the dense steps to the program. Each node keeps at most `cap` terms.
  DensePlan(Program &program, const Expression &f, const std::vector<Symbol> &variables, Structure structure, int cap);

  bool exists = false;
  std::string why_not = "not asked for"; ///< the reason, if it does not exist
  Emission emission;                     ///< numerator layout
  std::vector<SlotId> buffers;           ///< the buffers that the emission reads
  /// The expressions of the coefficients that `buffers` contain or are computed from.
  std::map<SlotId, Expression> meanings;
};

/// The predicted cost of a method for J, before any work.
struct Prediction {
  Method method = Method::structured;
  double flops_per_entry = 0;
  double over_floor = 0; ///< time relative to writing J once
  friend bool operator<(const Prediction &a, const Prediction &b) { return a.over_floor < b.over_floor; }
};

/// The differential of each variable as a function of one seed. For a symmetric variable the seed is the lower
/// triangle: as its vech or, if `square`, as an n×n matrix whose lower triangle alone counts.
Differentials seeded(const std::vector<Symbol> &variables, Structure structure, bool square);

} // namespace kronvec::detail

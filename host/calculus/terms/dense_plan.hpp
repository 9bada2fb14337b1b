#pragma once
/// How a dense Jacobian is written from its terms: dense steps of the program, then one emission.

#include "calculus/differential.hpp"
#include "calculus/program.hpp"
#include "kronvec/derivative.hpp"

namespace kronvec::detail {

struct DensePlan {
  DensePlan() = default;
  /// Adds the dense steps to the program. Nodes keep at most `cap` terms.
  DensePlan(Program &program, const Expression &f, const std::vector<Symbol> &variables, Structure structure, int cap);

  bool exists = false;
  std::string why_not = "not asked for"; ///< where it does not exist
  Emission emission;                     ///< numerator layout
  std::vector<SlotId> buffers;           ///< what it reads
  std::map<SlotId, Expression> meanings; ///< of the coefficients among them and among what they are made of
};

/// A way to J as it is predicted, before any work.
struct Prediction {
  Method method = Method::structured;
  double flops_per_entry = 0;
  double over_floor = 0; ///< time over that of writing J once
  friend bool operator<(const Prediction &a, const Prediction &b) { return a.over_floor < b.over_floor; }
};

/// What each variable's differential is of the seed, for which `all` stands. Of a symmetric variable the seed is the
/// lower triangle: as its vech, or where `square` as an n×n matrix of which only the triangle counts.
Differentials seeded(const std::vector<Symbol> &variables, Structure structure, bool square);

} // namespace kronvec::detail

#pragma once
/// How a dense Jacobian is written from its terms: dense steps of the program, then one emission.

#include "calculus/jacobian/seeds.hpp"
#include "calculus/program/program.hpp"

namespace kronvec::detail {

struct DensePlan {
  DensePlan() = default;
  /// Adds the dense steps to the program. Each node keeps at most `cap` terms.
  DensePlan(Program &program, const Expression &f, const Variables &variables, int cap);

  bool exists = false;
  std::string why_not = "not asked for"; ///< the reason, if it does not exist
  Emission emission;                     ///< numerator layout
  std::vector<SlotId> buffers;           ///< the buffers that the emission reads
  /// The expressions of the coefficients that `buffers` contain or are computed from.
  std::map<SlotId, Expression> meanings;
};

} // namespace kronvec::detail

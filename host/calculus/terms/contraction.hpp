#pragma once
/// Products and sums of factors as new factors. Nothing is computed here: each becomes an emission, a step of the
/// program that runs when a dense Jacobian is requested.

#include "calculus/program/program.hpp"
#include "calculus/terms/term.hpp"

namespace kronvec::inline KRONVEC_ABI {

class Contractor {
public:
  explicit Contractor(Program &program) : program_(program) {}

  /// Π factors (tables of t), summed over all labels outside `keep`; multiplies pairwise, in the order with the fewest
  /// flops. Throws NoTerms for more than ten factors.
  Term::Factor contract(const Term &t, const std::vector<Term::Factor> &factors, Labels keep);
  /// The same as at most two factors. Their product is not formed.
  std::vector<Term::Factor> contract_to_two(const Term &t, const std::vector<Term::Factor> &factors, Labels keep);

  /// A part of a sum: scale · Π factors. The factors may lack labels of the sum.
  struct WeightedProduct {
    double scale;
    std::vector<Term::Factor> factors;
    Index count = 1; ///< for stacked parts: number of values of the stacking label
  };
  /// Σ parts over these labels, which include all labels of the factors.
  Term::Factor sum(const Term &t, const std::vector<WeightedProduct> &parts, Labels labels);
  /// The parts one after the other along `label` of t; each part has `count` of its values.
  Term::Factor stack(const Term &t, const std::vector<WeightedProduct> &parts, Labels labels, int label);

private:
  Term::Factor emit(const Term &t, const std::vector<WeightedProduct> &parts, Labels keep, int stacked);

  Program &program_;
};

} // namespace kronvec

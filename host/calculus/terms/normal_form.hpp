#pragma once
/// The normal form of a sum of terms: few terms, few factors, contractions deferred until they pay.

#include "calculus/terms/contraction.hpp"

#include <string>

namespace kronvec {

class NormalForm {
public:
  /// Of a Jacobian with this many entries; nodes keep at most `cap` terms.
  NormalForm(Program &program, double entries, int cap);

  /// The terms of a node: absorbs, contracts what does not grow, merges; and while there are more terms than the cap by
  /// entries of the seed that they share, in turn: slab, stack, flush, dense. Throws NoTerms.
  Terms normalise(Terms terms, Shape node);
  /// The terms of J itself, to be emitted: products of at most two factors with a pending label.
  Terms finish(Terms terms);
  /// The terms as one, of one factor over (row, col, seed), computed as it is. Throws NoTerms where it is too large.
  Term dense(const Terms &terms, Shape node);

private:
  Terms capped(Terms terms, Shape node);
  void tidy(Term &t, double limit);
  void absorb(Term &t);
  void contract_pending(Term &t, double limit);
  bool join(Term &u, const Term &t);
  Terms merge(Terms terms);
  Terms slabs(Terms terms);
  bool slab(Terms &terms);
  Terms stack(const Terms &terms);
  Term stacked(const Terms &group);

  Program &program_;
  Contractor contractor_;
  double entries_; ///< of J
  double limit_;   ///< entries that a contraction at the root may have
  std::size_t cap_;
};

} // namespace kronvec

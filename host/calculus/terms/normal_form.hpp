#pragma once
/// The normal form of a sum of terms: few terms, few factors, contractions deferred until they pay.

#include "calculus/terms/contraction.hpp"

#include <string>

namespace kronvec::inline KRONVEC_ABI {

class NormalForm {
public:
  /// For a Jacobian with this many entries. Each node keeps at most `cap` terms.
  NormalForm(Program &program, double entries, int cap);

  /// The terms of a node: absorbs factors, contracts labels where nothing grows, merges terms. If more than `cap` terms
  /// remain, applies to each group with common entries of the seed, until it is small enough: slab, stack, flush,
  /// dense. Throws NoTerms.
  Terms normalise(Terms terms, Shape node);
  /// The terms of J itself, ready to be emitted. Each has at most two factors with pending labels.
  Terms finish(Terms terms);
  /// All terms as one term with one factor over (row, col, seed), computed as an array. Throws NoTerms if it is too
  /// large.
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
  double limit_;   ///< max entries of a contraction that grows
  std::size_t cap_;
};

} // namespace kronvec

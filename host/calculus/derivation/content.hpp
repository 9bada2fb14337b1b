#pragma once
/// The content of a derivation, independent of notation.

#include "calculus/derivation/simplifier.hpp"
#include "calculus/derivation/textbook.hpp"
#include "calculus/printing/printing.hpp"
#include "kronvec/derivation.hpp"

namespace kronvec::derivation {

/// One line of a derivation: the whole differential, and the rules that led to it from the line before.
struct Line {
  Expression differential; ///< in which d(U) is function `d` of U
  std::vector<RuleName> rules = {};
};

/// The differential of F, or of a part that occurs several times and is derived only once.
struct DerivedPart {
  Expression f;
  std::vector<Line> lines;
};

struct Content {
  Content(const Expression &function, const Symbol &variable, const SizeNames &sizes);

  Symbol x;
  SizeNames sizes;
  std::string name;               ///< the name of F: a letter that no symbol has
  Expression written;             ///< F as it was given
  Expression f;                   ///< the same function, in the form that is differentiated
  std::vector<Symbol> symbols;    ///< the symbols of F, and X
  std::vector<DerivedPart> parts; ///< the last one is F itself
  Expression factors;             ///< J as the vec of the differential gives it, before simplification
  std::vector<AppliedIdentity> identities;
  Expression jacobian, jacobian_transpose;
  std::optional<Expression> gradient;
  std::vector<std::pair<std::string, Expression>> names; ///< of repeated parts; each uses only names before it
  std::vector<std::string> remarks;

  Spelling spelling(Notation notation) const;
  /// F as it was given, with its parts written out, unless that is too long (`longest_in_full`).
  std::string function(Notation notation) const;
};

/// Max length, in bytes, of a formula whose repeated parts are written out instead of named.
constexpr std::size_t longest_in_full = 2000;

/// The lines of dF for F and for the parts of F that are derived once. `simplify` tidies each line.
std::vector<DerivedPart> differential_steps(const Expression &f, const Symbol &x, Simplifier &simplify);

/// Names for `parts`, and for subexpressions of `formulas` that occur more than once in one formula and are long
/// enough.
std::vector<std::pair<std::string, Expression>> named_parts(const std::vector<Expression> &parts,
                                                            const std::vector<Expression> &formulas,
                                                            const std::vector<Symbol> &symbols);

} // namespace kronvec::derivation

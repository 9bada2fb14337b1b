#pragma once
/// What a derivation says, before it is set in a notation.

#include "calculus/derivation/simplifier.hpp"
#include "calculus/derivation/textbook.hpp"
#include "calculus/printing.hpp"
#include "kronvec/derivation.hpp"

namespace kronvec::derivation {

/// One line of a differential: all of it, and the rules that led to it from the line before.
struct Line {
  Expression differential; ///< where d(U) is function `d` of U
  std::vector<RuleName> rules = {};
};

/// The differential of F, or of a part that occurs more than once and is derived once.
struct Part {
  Expression f;
  std::vector<Line> lines;
};

struct Content {
  Content(const Expression &function, const Symbol &variable, const SizeNames &sizes);

  Symbol x;
  SizeNames sizes;
  std::string name; ///< of F: a letter that no symbol has
  Expression f;
  std::vector<Symbol> symbols; ///< of F, and X
  std::vector<Part> parts;     ///< F last
  Expression factors;          ///< J as the vec of the differential gives it
  std::vector<Identity> identities;
  Expression jacobian, jacobian_transpose;
  std::optional<Expression> gradient;
  std::vector<std::pair<std::string, Expression>> names; ///< of what occurs more than once; each uses those before it
  std::vector<std::string> remarks;

  Spelling spelling(Notation notation) const;
  /// F without names for its parts, unless they keep it from being endless.
  std::string function(Notation notation) const;
};

/// Bytes of a formula that is written without names for what occurs in it again and again.
constexpr std::size_t longest_in_full = 2000;

/// The lines of dF for F and for those parts of it that are derived once; `simplify` tidies each line.
std::vector<Part> differential_steps(const Expression &f, const Symbol &x, Simplifier &simplify);

/// Names for these parts, and for those of the formulas that occur more than once in one of them and are long enough.
std::vector<std::pair<std::string, Expression>> named_parts(const std::vector<Expression> &parts,
                                                            const std::vector<Expression> &formulas,
                                                            const std::vector<Symbol> &symbols);

} // namespace kronvec::derivation

#pragma once
/// Patterns: expressions with variables that match any expression, read from the command's grammar.

#include "calculus/expression/interning.hpp"
#include "calculus/expression/parse_with.hpp"

namespace kronvec::rewriting {

/// What the variables of a pattern stand for.
using Bindings = NamedExpressions;

/// A pattern such as "log(1 + exp(u))". Names are variables; one that occurs twice stands for the same node both times.
/// Sums match in both orders. `number(c)` and a number match a scalar, and a matrix whose entries are all that number.
class Pattern {
public:
  explicit Pattern(std::string_view text);
  /// What the variables are if F, all of whose parts are interned, matches; otherwise nothing.
  std::optional<Bindings> match(const Node &f) const;
  /// The function or sign at the root: patterns with another root than F's cannot match.
  const std::string &head() const { return root_.head; }

  struct Part {
    std::string head; ///< the function or sign; empty for a variable or a number
    std::vector<Part> parts = {};
    std::string variable = {};
    double number = 0;
  };

private:
  Part root_;
};

/// The function or sign at the root of F, as patterns write it; empty if patterns cannot name it.
std::string_view head_of(const Node &f);

} // namespace kronvec::rewriting

#pragma once
/// Expressions as text, in three notations.

#include "calculus/expression/node.hpp"

#include <functional>
#include <unordered_map>

namespace kronvec::inline KRONVEC_ABI {

enum class Notation {
  grammar, ///< A*exp(X*B)', as `parse` reads it
  text,    ///< (A·exp(X·B))ᵀ, in Unicode, which `parse` reads too
  latex,   ///< (A\,\exp(X\,B))^{\mathsf T}, in math mode, with amsmath
};

struct Spelling {
  Notation notation = Notation::grammar;
  /// Names of parts; a part with a name prints as that name.
  std::unordered_map<const Node *, std::string> names = {};
  /// How a size prints, such as m·n for 12; decimal if empty.
  std::function<std::string(Index)> size = {};
};

/// Prints F with as few parentheses as the notation needs. Shared parts print wherever they occur, so the text of a DAG
/// can be exponentially long: parts longer than 20,000 bytes print as "…".
std::string print(const Expression &f, const Spelling &spelling);
/// Prints F itself even if it has a name: the definition of that name.
std::string print_definition(const Expression &f, const Spelling &spelling);
/// Prints a name in the notation: x1 becomes x₁.
std::string print_name(const std::string &name, Notation notation);

} // namespace kronvec

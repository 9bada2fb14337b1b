#pragma once
/// Expressions as text, in three notations.

#include "calculus/node.hpp"

#include <functional>
#include <unordered_map>

namespace kronvec {

enum class Notation {
  grammar, ///< A*exp(X*B)', as `parse` reads it
  text,    ///< (A·exp(X·B))ᵀ, Unicode, which `parse` reads as well
  latex,   ///< (A\,\exp(X\,B))^{\mathsf T}, in mathematics mode, with amsmath
};

struct Spelling {
  Notation notation = Notation::grammar;
  /// Parts that have a name, which is printed in their place.
  std::unordered_map<const Node *, std::string> names = {};
  /// How a size prints, such as m·n for 12; decimal where it is empty.
  std::function<std::string(Index)> size = {};
};

/// With as few parentheses as the notation needs. Shared parts are printed wherever they occur, so a DAG's text can be
/// exponentially long: parts of it beyond 20,000 bytes are printed as "…".
std::string print(const Expression &f, const Spelling &spelling);
/// F itself even where it has a name: what the name stands for.
std::string print_definition(const Expression &f, const Spelling &spelling);
/// A name in the notation: x1 is x₁.
std::string print_name(const std::string &name, Notation notation);

} // namespace kronvec

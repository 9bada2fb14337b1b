#pragma once
/// Helpers for the files that build expressions.

#include "calculus/expression/node.hpp"

#include <initializer_list>
#include <string>

namespace kronvec::inline KRONVEC_ABI {

inline Expression make(Kind kind, Shape shape, std::vector<NodePtr> operands = {}, double alpha = 0, double beta = 0) {
  return Expression(std::make_shared<Node>(kind, shape, std::move(operands), alpha, beta));
}

/// A node for function `name` of these arguments; `meaning` is the expression that it stands for.
inline Expression named(const char *name, const Expression &meaning, std::initializer_list<Expression> arguments) {
  auto node = std::make_shared<Node>(Kind::named, meaning.shape(), std::vector{meaning.node()});
  for (const Expression &argument : arguments)
    node->operands.push_back(argument.node());
  node->name = name;
  return Expression(std::move(node));
}

inline void require_square(const char *operation, const Expression &u) {
  if (u.rows() != u.cols())
    throw ShapeError(std::string(operation) + " needs a square matrix, not " + to_string(u.shape()));
}

} // namespace kronvec

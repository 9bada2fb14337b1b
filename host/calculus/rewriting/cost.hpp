#pragma once
/// What it costs to compute an expression.

#include "calculus/expression/node.hpp"

#include <unordered_set>

namespace kronvec::rewriting {

/// The flops that computing F takes, given the nodes in `known`. Those of triangular solves count twice, because they
/// run at about half the rate of products.
double work(const Expression &f, const std::unordered_set<const Node *> &known);

} // namespace kronvec::rewriting

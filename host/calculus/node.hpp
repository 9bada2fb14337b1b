#pragma once
/// What an expression is made of: an immutable node of a DAG.

#include "calculus/topological_order.hpp"
#include "kronvec/expression.hpp"

#include <vector>

namespace kronvec {

enum class Kind {
  symbol,      ///< `name`
  number,      ///< `alpha`, 1×1
  constant,    ///< `entries`, packed
  eye,         ///< the identity
  filled,      ///< every entry is `alpha`
  add,         ///< alpha·U + beta·V; a scalar broadcasts
  scale,       ///< alpha·U
  multiply,    ///< the matrix product U·V
  hadamard,    ///< U ⊙ V; a scalar broadcasts
  quotient,    ///< U ⊘ V; a scalar broadcasts
  power,       ///< u^v entry by entry; a scalar broadcasts
  elementwise, ///< `function`(U); alpha is pow's exponent
  transpose,
  inverse,
  trace,
  sum,
  reshape, ///< the matrix of this shape with the vec of U
};

struct Node {
  Kind kind;
  Shape shape;
  std::vector<std::shared_ptr<const Node>> operands = {};
  double alpha = 0, beta = 0;
  Function function = {};
  std::string name = {};
  std::vector<double> entries = {};

  Node(Kind kind, Shape shape, std::vector<std::shared_ptr<const Node>> operands = {}, double alpha = 0,
       double beta = 0);
  Node(const Node &) = delete;
  Node &operator=(const Node &) = delete;
  /// Releases the operands without recursion: a sum of 10⁶ terms is a list of that depth.
  ~Node();

  Expression operand(std::size_t i) const { return Expression(operands[i]); }
};

using NodePtr = std::shared_ptr<const Node>;

} // namespace kronvec

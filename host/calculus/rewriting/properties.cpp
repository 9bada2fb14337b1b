/// Properties of expressions from those of their parts.

#include "calculus/rewriting/properties.hpp"

#include <algorithm>

namespace kronvec::rewriting {
namespace {

bool is_non_negative_function(const Node &f) {
  switch (f.function) {
  case Function::abs:
  case Function::step:
  case Function::relu:
  case Function::square:
  case Function::sqrt:
  case Function::exp:
  case Function::cosh:
  case Function::sech:
  case Function::acos:
  case Function::sigmoid:
  case Function::softplus:
    return true;
  default:
    return false;
  }
}

} // namespace

bool is_non_negative(const Expression &u, int depth) {
  if (depth == 0) return false;
  const Node &f = *u.node();
  const auto all = [&](std::size_t first) {
    return std::all_of(f.operands.begin() + static_cast<std::ptrdiff_t>(first), f.operands.end(),
                       [&](const NodePtr &part) { return is_non_negative(Expression(part), depth - 1); });
  };
  switch (f.kind) {
  case Kind::number:
  case Kind::filled:
    return f.alpha >= 0;
  case Kind::constant:
    return std::all_of(f.entries.begin(), f.entries.end(), [](double x) { return x >= 0; });
  case Kind::eye:
  case Kind::commutation:
  case Kind::norm2:
    return true;
  case Kind::add:
    return f.alpha >= 0 && f.beta >= 0 && all(0);
  case Kind::scale:
    return f.alpha >= 0 && all(0);
  case Kind::multiply:
  case Kind::hadamard:
  case Kind::quotient:
  case Kind::transpose:
  case Kind::trace:
  case Kind::sum:
  case Kind::reshape:
    return all(0);
  case Kind::inner:
    return f.operands[0] == f.operands[1] || all(0);
  case Kind::elementwise:
    return is_non_negative_function(f);
  case Kind::named:
    return f.name == "softmax" || ((f.name == "kron" || f.name == "diag" || f.name == "dirsum") && all(1));
  default:
    return false;
  }
}

} // namespace kronvec::rewriting

/// The rules of differentials as textbooks write them.

#include "calculus/derivation/textbook.hpp"

#include "calculus/expression/interning.hpp"

namespace kronvec::derivation {
namespace {

/// 1·1ᵀ·U: a matrix whose rows are all the sum of U's rows.
Differential column_sums_repeated(const Differential &du) {
  const Index m = du.shape().rows;
  return m == 1 ? du : ones(m, m) * du;
}

/// d softmax(U) = S ⊙ (dU − 1·1ᵀ(S ⊙ dU)); for a column Diag(s)·du − s·sᵀ·du.
Differential softmax_rule(const Expression &s, const Differential &du) {
  if (s.cols() == 1) return hadamard(s, du) - s * (transpose(s) * du);
  return hadamard(s, du - column_sums_repeated(hadamard(s, du)));
}

/// d log Σ exp(u) = 1ᵀ(softmax(U) ⊙ dU).
Differential logsumexp_rule(const Expression &u, const Differential &du) {
  if (u.cols() == 1) return transpose(softmax(u)) * du;
  return ones(1, u.rows()) * hadamard(softmax(u), du);
}

/// d(A ∗ B) = dA ∗ B + A ∗ dB, where A ∗ B = (A ⊗ 1) ⊙ (1 ⊗ B).
Differential khatri_rao_rule(const Expression &a, const Expression &b, const Differential &da, const Differential &db) {
  const Expression tall_a = ones(a.rows(), 1), tall_b = ones(b.rows(), 1);
  return hadamard(kron(tall_a, b), kron(da, tall_b)) + hadamard(kron(a, tall_b), kron(tall_a, db));
}

/// dC = C·Φ(C⁻¹·dS·C⁻ᵀ) for S = C·Cᵀ and S = (U + Uᵀ)/2. Φ(M) is the lower triangle of M with half of its diagonal.
Differential cholesky_rule(const Expression &c, const Differential &du) {
  const Differential ds = 0.5 * (du + transpose(du));
  const Differential m = inverse(c) * ds * transpose(inverse(c));
  return c * (unvech(vech(m)) - 0.5 * hadamard(eye(c.rows()), m));
}

/// d log softmax(U) = dU − 1·1ᵀ(softmax(U) ⊙ dU).
Differential logsoftmax_rule(const Expression &u, const Differential &du) {
  if (u.cols() == 1) return du - ones(u.rows(), 1) * (transpose(softmax(u)) * du);
  return du - column_sums_repeated(hadamard(softmax(u), du));
}

Differential named_rule(const NodePtr &node, const std::vector<Differential> &d) {
  const Expression f(node);
  const auto u = [&](std::size_t i) { return Expression(arguments(*node)[i]); };
  if (node->name == "softmax") return softmax_rule(f, d[0]);
  if (node->name == "logsumexp") return logsumexp_rule(u(0), d[0]);
  if (node->name == "logsoftmax") return logsoftmax_rule(u(0), d[0]);
  if (node->name == "kron") return kron(d[0], u(1)) + kron(u(0), d[1]);
  if (node->name == "khatrirao") return khatri_rao_rule(u(0), u(1), d[0], d[1]);
  if (node->name == "chol") return cholesky_rule(f, d[0]);
  Differentials parts;
  for (std::size_t i = 0; i < d.size(); ++i)
    parts.emplace_back(u(i), d[i]);
  return differential(node->operand(0), parts); // the differential of its definition
}

/// σ′(U) as a textbook writes it, or nothing if rules.cpp already has that form.
std::optional<Expression> derivative(const Node &node) {
  if (node.kind != Kind::elementwise) return std::nullopt;
  const Expression u = node.operand(0);
  switch (node.function) {
  case Function::tanh:
    return 1 - square(tanh(u));
  case Function::sigmoid:
    return hadamard(sigmoid(u), 1 - sigmoid(u));
  case Function::asin:
    return reciprocal(sqrt(1 - square(u)));
  case Function::acos:
    return -reciprocal(sqrt(1 - square(u)));
  default:
    return std::nullopt;
  }
}

} // namespace

Differential textbook_rule(const NodePtr &node, const std::vector<Differential> &d) {
  if (node->kind == Kind::named) return named_rule(node, d);
  if (const auto slope = derivative(*node)) return hadamard(*slope, d[0]);
  if (node->kind == Kind::det) // adj U = det U · U⁻¹
    return inner(hadamard(Expression(node), transpose(inverse(node->operand(0)))), d[0]);
  return rule(node, d);
}

Differential textbook_differential(const Expression &f, const Expression &x) {
  return differential(f, {{x, seed(x.shape())}}, {arguments, textbook_rule});
}

namespace {

bool is_square(const Node &node) { return node.kind == Kind::elementwise && node.function == Function::square; }

/// Whether a node is a product of two matrices or scalars.
bool is_product(const Node &node) {
  const bool of_scalar = node.kind == Kind::hadamard && node.operands[0]->shape != node.operands[1]->shape;
  return node.kind == Kind::multiply || of_scalar || (node.kind == Kind::hadamard && node.shape == Shape{1, 1});
}

} // namespace

bool goes_on(const Node &node, const Node &argument) {
  return (node.kind == Kind::multiply && argument.kind == Kind::multiply) ||
         (node.kind == Kind::sum && is_square(argument));
}

RuleName rule_name(const Node &node, const std::function<bool(const NodePtr &)> &depends) {
  const bool is_quotient = node.kind == Kind::quotient && !depends(node.operands[1]);
  if (is_quotient || (is_product(node) && depends(node.operands[0]) != depends(node.operands[1])))
    return {"constant factor", "D1"};
  if (node.kind == Kind::sum && is_square(*node.operands[0])) return {"squared norm", "D12"};
  if (is_product(node) && node.kind == Kind::hadamard) return {"product rule", "D10"};
  if (node.kind == Kind::solve && !depends(node.operands[0])) return {"constant factor", "D1"};
  switch (node.kind) {
  case Kind::add:
    return {"sum rule", "D1"};
  case Kind::scale:
    return {"constant factor", "D1"};
  case Kind::multiply:
  case Kind::inner:
    return {"product rule", "D2"};
  case Kind::transpose:
    return {"transpose", "D3"};
  case Kind::trace:
  case Kind::sum:
    return {"trace and sum are linear", "D3"};
  case Kind::reshape:
    return {"vec", "D3"};
  case Kind::inverse:
  case Kind::solve:
    return {"inverse", "D4"};
  case Kind::det:
  case Kind::adjugate:
    return {"determinant", "D5"};
  case Kind::logdet:
    return {"log determinant", "D6"};
  case Kind::hadamard:
    return {"Hadamard product", "D7"};
  case Kind::quotient:
    return {"quotient rule", "D10"};
  case Kind::elementwise:
    return node.shape == Shape{1, 1} ? RuleName{"chain rule", "D11"} : RuleName{"elementwise function", "D8"};
  case Kind::power:
    return {"power", "D11"};
  case Kind::norm2:
    return {"norm", "D12"};
  case Kind::expm:
    return {"matrix exponential", ""};
  case Kind::named:
    if (node.name == "kron" || node.name == "khatrirao") return {"Kronecker product", "D9"};
    if (node.name == "dirsum") return {"direct sum", "D9"};
    if (node.name == "softmax") return {"softmax", ""};
    if (node.name == "logsumexp") return {"log-sum-exp", ""};
    if (node.name == "logsoftmax") return {"log-softmax", ""};
    if (node.name == "chol") return {"Cholesky factor", "D2"};
    return {node.name, ""};
  default:
    return {"linear", "D1"};
  }
}

bool is_linear(const Node &node) {
  switch (node.kind) {
  case Kind::add:
  case Kind::scale:
  case Kind::transpose:
  case Kind::trace:
  case Kind::reshape:
    return true;
  case Kind::sum:
    return !is_square(*node.operands[0]);
  default:
    return false;
  }
}

std::string_view remark(const Node &node) {
  if (node.kind == Kind::expm)
    return "the derivative of expm has no closed form in ⊗, K and Diag: dexpm(A, U) = ∫₀¹ expm(s·A)·U·expm((1 − s)·A) "
           "ds "
           "and jexpm(A), its matrix, stand for it";
  if (node.kind == Kind::det) return "det(U)·U⁻¹ is for a regular U; at a singular one it is adj(U)";
  if (node.kind == Kind::logdet) return "logdet(U) is log |det U|";
  if (node.kind == Kind::signdet) return "log(signdet(U)) is 0 where det U > 0, and undefined where det U < 0";
  if (node.kind == Kind::norm2) return "norm2 has no derivative at 0: 0 is taken";
  if (node.kind == Kind::named && node.name == "chol")
    return "chol(U) is that of (U + Uᵀ)/2; L·vec M = vech M takes the lower triangle of M, and Lᵀ puts it back";
  if (node.kind != Kind::elementwise) return {};
  switch (node.function) {
  case Function::abs:
    return "abs has no derivative at 0: sign(0) = 0 is taken";
  case Function::relu:
    return "relu has no derivative at 0: 0 is taken";
  default:
    return {};
  }
}

} // namespace kronvec::derivation

/// The rules of differentials (ledger D1–D13), each written once, as a composition of linear nodes.

#include "calculus/differential/differential.hpp"

#include "core/free_memory.hpp"

#include <numbers>
#include <optional>
#include <unordered_map>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {
namespace {

/// σ′(U) for F = σ(U) (D8, D11), or nothing if it is zero everywhere. Reuses values of F where that is exact; otherwise
/// uses a form without cancellation.
std::optional<Expression> derivative(Function sigma, double exponent, const Expression &u, const Expression &f) {
  switch (sigma) {
  case Function::sign:
  case Function::step:
    return std::nullopt;
  case Function::abs:
    return sign(u);
  case Function::square:
    return 2 * u;
  case Function::sqrt:
    return 0.5 * reciprocal(f);
  case Function::cbrt:
    return (1.0 / 3) * reciprocal(square(f));
  case Function::reciprocal:
    return -square(f);
  case Function::pow:
    return exponent * pow(u, exponent - 1);
  case Function::exp:
    return f;
  case Function::expm1:
    return exp(u);
  case Function::log:
    return reciprocal(u);
  case Function::log1p:
    return reciprocal(1 + u);
  case Function::sin:
    return cos(u);
  case Function::cos:
    return -sin(u);
  case Function::tan:
    return 1 + square(f);
  case Function::asin:
    return reciprocal(sqrt(hadamard(1 - u, 1 + u)));
  case Function::acos:
    return -reciprocal(sqrt(hadamard(1 - u, 1 + u)));
  case Function::atan:
    return reciprocal(1 + square(u));
  case Function::sinh:
    return cosh(u);
  case Function::cosh:
    return sinh(u);
  case Function::tanh: // without the cancellation of 1 − tanh²
    return square(sech(u));
  case Function::sech:
    return -hadamard(f, tanh(u));
  case Function::sigmoid:
    return hadamard(f, sigmoid(-u));
  case Function::softplus:
    return sigmoid(u);
  case Function::relu: {
    auto node = std::make_shared<Node>(Kind::elementwise, u.shape(), std::vector{u.node()});
    node->function = Function::step;
    return Expression(std::move(node));
  }
  case Function::erf:
    return 2 * std::numbers::inv_sqrtpi * exp(-square(u));
  }
  return std::nullopt;
}

/// d(U ⊘ V) = dU ⊘ V − (U ⊘ V ⊘ V) ⊙ dV (D10).
Differential quotient_rule(const Expression &f, const Expression &v, const Differential &du, const Differential &dv) {
  Differential df = broadcast(hadamard(reciprocal(v), du), f.shape());
  if (!dv.is_zero()) df = df - hadamard(quotient(f, v), dv);
  return df;
}

/// d(u^v log(u)ᵏ) = (v u^(v−1) log(u)ᵏ + k u^(v−1) log(u)ᵏ⁻¹) du + u^v log(u)ᵏ⁺¹ dv.
Differential power_rule(const Expression &f, const Expression &u, const Expression &v, const Differential &du,
                        const Differential &dv) {
  const int k = static_cast<int>(f.node()->alpha);
  const auto term = [](const Expression &a, const Expression &b, int log_power) {
    return log_power == 0 ? pow(a, b) : power_of_logarithm(a, b, log_power);
  };
  Differential df(f.shape());
  if (!du.is_zero()) {
    Expression slope = hadamard_or_zero(v, term(u, v - 1, k));
    if (k > 0) slope = slope + k * term(u, v - 1, k - 1);
    df = broadcast(hadamard(slope, du), f.shape());
  }
  if (!dv.is_zero()) df = df + broadcast(hadamard(term(u, v, k + 1), dv), f.shape());
  return df;
}

/// The differential of the derivative of adj at a regular A, tr(adj A·U)·A⁻¹ − A⁻¹·U·adj A.
Differential adjugate_derivative_rule(const Expression &a, const Expression &u, const Differential &da,
                                      const Differential &du) {
  const Expression inverse_of_a = inverse(a), adjugate_of_a = adjugate(a);
  const Expression form = hadamard(inner(transpose(adjugate_of_a), u), inverse_of_a) - inverse_of_a * u * adjugate_of_a;
  return differential(form, {{a, da}, {u, du}});
}

/// 1·dr: a matrix whose rows are all dr.
Differential repeated(Index rows, const Differential &dr) { return ones(rows, 1) * dr; }

/// 1ᵀ·dU, the sums of columns.
Differential column_sums(const Differential &du) { return ones(1, du.shape().rows) * du; }

/// The differential of a named function: its own rule, or that of the expression that it stands for.
Differential named_rule(const Node &node, const std::vector<Differential> &d) {
  const auto u = [&](std::size_t i) { return node.operand(i); };
  const Index rows = node.shape.rows;
  const Differential &du = d[1];
  if (node.name == "softmax") { // S ⊙ (dU − 1·1ᵀ(S ⊙ dU))
    const Expression s = u(0);
    const Differential part = hadamard(s, du);
    return part - hadamard(s, repeated(rows, column_sums(part)));
  }
  if (node.name == "logsumexp") return column_sums(hadamard(softmax(u(1)), du)); // 1ᵀ(softmax(U) ⊙ dU)
  if (node.name == "logsoftmax") return du - repeated(rows, column_sums(hadamard(softmax(u(1)), du)));
  if (node.name == "dadj") return adjugate_derivative_rule(u(1), u(2), d[1], d[2]);
  return d[0];
}

/// dL = L·Φ(L⁻¹·dU·L⁻ᵀ), where Φ takes the lower triangle and half of the diagonal: from dU = dL·Lᵀ + L·dLᵀ.
Differential cholesky_rule(const Expression &l, const Differential &du) {
  const Index n = l.rows();
  require_host_memory(static_cast<double>(n) * static_cast<double>(n) * sizeof(double), "the rule of cholesky");
  std::vector<double> half(static_cast<std::size_t>(n * n));
  const MatrixView<double> entries(half.data(), n, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = j; i < n; ++i)
      entries(i, j) = i == j ? 0.5 : 1;
  return l * hadamard(constant(entries), transpose(solve(l, transpose(solve(l, du)))));
}

} // namespace

Differential rule(const NodePtr &node, const std::vector<Differential> &d) {
  const Expression f(node);
  const auto u = [&](std::size_t i) { return node->operand(i); };
  const auto broad = [&](const Differential &du) { return broadcast(du, f.shape()); };
  switch (node->kind) {
  case Kind::symbol:
  case Kind::number:
  case Kind::constant:
  case Kind::eye:
  case Kind::commutation:
  case Kind::elimination:
  case Kind::filled:
    return Differential(f.shape()); // D1: dA = 0
  case Kind::add:
    return node->alpha * broad(d[0]) + node->beta * broad(d[1]); // D1
  case Kind::scale:
    return node->alpha * d[0]; // D1
  case Kind::multiply:
    return d[0] * u(1) + u(0) * d[1]; // D2
  case Kind::transpose:
    return transpose(d[0]); // D3
  case Kind::trace:
    return inner(eye(u(0).rows()), d[0]); // D3
  case Kind::sum:
    return inner(ones(u(0).rows(), u(0).cols()), d[0]); // D3
  case Kind::solve:
    return solve(u(0), d[1] - d[0] * f); // D4: d(U⁻¹V) = U⁻¹(dV − dU·U⁻¹V)
  case Kind::det:
    return inner(transpose(adjugate(u(0))), d[0]); // D5
  case Kind::logdet:
    return inner(transpose(inverse(u(0))), d[0]); // D6
  case Kind::adjugate:
    return adjugate_derivative(u(0), d[0]);
  case Kind::adjugate_factors:
    throw Error("the factors of an adjugate have no differential"); // dadj, which they are part of, has a rule
  case Kind::cholesky:
    return cholesky_rule(f, d[0]);
  case Kind::expm:
    return expm_derivative(u(0), d[0]);
  case Kind::inner:
    return inner(u(1), d[0]) + inner(u(0), d[1]); // D2
  case Kind::reshape:
    return reshape(d[0], f.shape()); // D3
  case Kind::extract:
    return extract(d[0], node->window, f.shape());
  case Kind::embed:
    return embed(d[0], node->window, f.shape());
  case Kind::permute:
    return permute(d[0], node->middle, f.shape());
  case Kind::vech:
    return vech(d[0]);
  case Kind::unvech:
    return unvech(d[0]);
  case Kind::signdet:
  case Kind::column_shift: // a shift that is subtracted and added back: it cancels
    return Differential(f.shape());
  case Kind::norm2: // ⟨U/‖U‖, dU⟩, and 0 at U = 0
    return inner(quotient_or_zero(u(0), f), d[0]);
  case Kind::named:
    return named_rule(*node, d);
  case Kind::inverse:
    return -1 * (f * d[0] * f); // D4
  case Kind::hadamard:
  case Kind::hadamard_or_zero:
    return broad(hadamard(u(1), d[0])) + broad(hadamard(u(0), d[1])); // D7
  case Kind::quotient:
  case Kind::quotient_or_zero:
    return quotient_rule(f, u(1), d[0], d[1]); // D10
  case Kind::power:
    return power_rule(f, u(0), u(1), d[0], d[1]); // D11
  case Kind::elementwise:                         // D8, D11
    if (const auto slope = derivative(node->function, node->alpha, u(0), f)) return hadamard(*slope, d[0]);
    return Differential(f.shape());
  }
  return Differential(f.shape());
}

const Rules evaluation_rules{[](const Node &node) { return std::span(node.operands); }, rule};

Differential differential(const Expression &f, const Differentials &variables, const Rules &rules) {
  std::unordered_map<const Node *, Differential> done;
  for (const auto &[x, dx] : variables)
    done.emplace(x.node().get(), dx);
  for (const NodePtr &node : topological_order(f.node(), rules.operands)) {
    std::vector<Differential> operands;
    bool constant = true;
    for (const NodePtr &operand : rules.operands(*node)) {
      operands.push_back(done.at(operand.get()));
      constant = constant && operands.back().is_zero();
    }
    // try_emplace: variables keep their given differentials.
    done.try_emplace(node.get(), constant ? Differential(node->shape) : rules.rule(node, operands));
  }
  return done.at(f.node().get());
}

} // namespace kronvec

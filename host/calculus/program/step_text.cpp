#include "calculus/program/step_text.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace kronvec::detail {
namespace {

/// In parentheses if it consists of several parts.
std::string wrapped(const std::string &text) { return text.find(' ') == std::string::npos ? text : "(" + text + ")"; }

/// α·a; nothing for α = 0.
std::string scaled(double alpha, const std::string &a) {
  if (alpha == 1) return a;
  return alpha == -1 ? "−" + wrapped(a) : fmt::format("{}·{}", alpha, wrapped(a));
}

std::string sum(const std::string &a, double beta, const std::string &b) {
  return beta < 0 ? fmt::format("{} − {}", a, scaled(-beta, b)) : fmt::format("{} + {}", a, scaled(beta, b));
}

const char *sign_of(Binary op) {
  switch (op) {
  case Binary::multiply:
  case Binary::multiply_or_zero:
    return "⊙";
  case Binary::divide:
  case Binary::divide_or_zero:
    return "⊘";
  case Binary::power:
    return "^";
  }
  return "";
}

std::string formula(const Link<double> &link, const std::string &a, const std::string &b) {
  using Kind = Link<double>::Kind;
  switch (link.kind) {
  case Kind::affine:
    if (link.beta == 0) return scaled(link.alpha, a);
    return fmt::format("{} {} {}", scaled(link.alpha, a), link.beta < 0 ? "−" : "+", std::abs(link.beta));
  case Kind::add:
    return sum(scaled(link.alpha, a), link.beta, b);
  case Kind::binary:
    return fmt::format("{} {} {}", wrapped(a), sign_of(link.op), wrapped(b));
  case Kind::elementwise:
    if (link.function == Function::pow) return fmt::format("{}^{}", wrapped(a), link.alpha);
    return fmt::format("{}({})", kronvec::name(link.function), a);
  }
  return a;
}

std::vector<std::string> formulas_of_chain(const Step &step, std::vector<std::string> registers) {
  for (const Link<double> &link : step.links) {
    const auto at = [&](int r) { return registers[static_cast<std::size_t>(r)]; };
    registers.push_back(formula(link, at(link.a), at(link.b)));
  }
  std::vector<std::string> results;
  for (const int r : step.results)
    results.push_back(registers[static_cast<std::size_t>(r)]);
  return results;
}

/// A function of the operands, or an operator between them.
std::string formula(const Step &step, const std::vector<std::string> &u) {
  switch (step.opcode) {
  case Opcode::fill:
    return fmt::format("{}", step.alpha);
  case Opcode::unit:
    return "I";
  case Opcode::data:
    return "constant";
  case Opcode::copy:
  case Opcode::chain:
    return u[0];
  case Opcode::extract:
    return "part of " + u[0];
  case Opcode::embed:
    return u[0] + " in zeros";
  case Opcode::transpose:
    return u[0] + "ᵀ";
  case Opcode::permute:
    return "K·" + u[0];
  case Opcode::vech:
    return "vech(" + u[0] + ")";
  case Opcode::unvech:
    return "unvech(" + u[0] + ")";
  case Opcode::multiply:
    return scaled(step.alpha, u[0] + (step.transpose_a() ? "ᵀ" : "") + "·" + u[1] + (step.transpose_b() ? "ᵀ" : ""));
  case Opcode::inner:
    return "⟨" + u[0] + ", " + u[1] + "⟩";
  case Opcode::column_shift:
    return "max of columns of " + u[0];
  case Opcode::norm2:
    return "‖" + u[0] + "‖₂";
  case Opcode::inverse:
    return u[0] + "⁻¹";
  case Opcode::lu:
    return "LU of " + u[0];
  case Opcode::lu_solve:
    return u[0] + (step.variant & 1 ? "⁻ᵀ·" : "⁻¹·") + u[1] + ", by LU";
  case Opcode::determinant:
    return std::array{"det", "log |det|", "sign of det"}[static_cast<std::size_t>(step.variant)] + (", from " + u[0]);
  case Opcode::adjugate:
    return "adj(" + u[0] + ")";
  case Opcode::adjugate_factors:
    return "singular values of " + u[0];
  case Opcode::cholesky:
    return "chol(" + u[0] + ")";
  case Opcode::expm:
    return "expm(" + u[0] + ")";
  case Opcode::emit:
    return "sum of products";
  case Opcode::jacobian:
    return "Jacobian at " + u[0];
  }
  return "";
}

} // namespace

std::vector<std::string> formulas(const Step &step, const std::function<std::string(SlotId)> &name) {
  std::vector<std::string> operands;
  for (const SlotId u : step.in)
    operands.push_back(name(u));
  if (step.opcode == Opcode::chain) return formulas_of_chain(step, std::move(operands));
  return {formula(step, operands)};
}

} // namespace kronvec::detail

/// Finds the coefficients of J in a program.

#include "calculus/jacobian/coefficients.hpp"

#include <algorithm>
#include <map>

namespace kronvec::detail {
namespace {

/// Whether an entrywise step can give an infinite result for finite operands: by a pole, or by overflow.
bool makes_infinite(const Step &step) {
  if (step.opcode != Opcode::chain) return false;
  const Link<double> &link = step.links[0];
  if (link.kind == Link<double>::Kind::binary)
    return link.op != Binary::multiply && link.op != Binary::multiply_or_zero;
  if (link.kind != Link<double>::Kind::elementwise) return false;
  switch (link.function) {
  case Function::reciprocal:
  case Function::pow:
  case Function::exp:
  case Function::expm1:
  case Function::log:
  case Function::log1p:
  case Function::tan:
  case Function::sinh:
  case Function::cosh:
    return true;
  default:
    return false;
  }
}

/// Whether a step is linear in this operand, given the others.
bool is_linear(const Step &step, std::size_t operand) {
  if (step.opcode == Opcode::lu_solve) return operand == 1;
  return step.opcode != Opcode::expm && step.opcode != Opcode::jacobian;
}

} // namespace

SlotProperties::SlotProperties(const Program &program, const std::vector<SlotId> &variables)
    : depends(program.slots().size()), may_be_infinite(program.slots().size()) {
  const auto at = [](SlotId u) { return static_cast<std::size_t>(u); };
  for (const SlotId u : variables)
    if (u != no_slot) depends[at(u)] = true;
  for (const Step &step : program.steps(Stage::values)) {
    const auto any = [&](const std::vector<bool> &property) {
      return std::ranges::any_of(step.in, [&](SlotId u) { return property[at(program.memory(u))]; });
    };
    depends[at(step.out[0])] = any(depends);
    may_be_infinite[at(step.out[0])] = makes_infinite(step) || any(may_be_infinite);
  }
}

std::vector<Coefficient> coefficients(const Program &program, const std::vector<SlotId> &others,
                                      const SlotProperties &properties) {
  std::map<SlotId, bool> linear; // of the slots that are read
  const auto read = [&](SlotId u, bool is_linear) {
    const SlotId whole = program.memory(u);
    if (program.slots()[whole].stage > Stage::values) return;
    const auto [entry, fresh] = linear.try_emplace(whole, is_linear);
    if (!fresh) entry->second = entry->second && is_linear;
  };
  for (const Stage stage : {Stage::dense, Stage::forward, Stage::reverse})
    for (const Step &step : program.steps(stage))
      for (std::size_t i = 0; i < step.in.size(); ++i)
        read(step.in[i], is_linear(step, i));
  for (const SlotId u : others)
    read(u, true);
  std::vector<Coefficient> all;
  for (const auto &[slot, is_linear] : linear)
    if (is_linear)
      all.push_back({slot, properties.depends[static_cast<std::size_t>(slot)],
                     properties.may_be_infinite[static_cast<std::size_t>(slot)]});
  return all;
}

} // namespace kronvec::detail

/// Costs of a program's stages.

#include "calculus/program/cost.hpp"

#include "calculus/program/local_jacobian.hpp"

#include <algorithm>

namespace kronvec::inline KRONVEC_ABI {
Cost cost_of(const Program &program, Stage stage) {
  Cost cost;
  const auto size = [&](SlotId u) { return static_cast<double>(program.slots()[u].shape.size()); };
  for (const Step &step : program.steps(stage)) {
    const double result = size(step.out[0]);
    if (step.opcode == Opcode::emit) {
      const Cost part = cost_of(*step.emission);
      cost.flops += part.flops, cost.time += part.time / 2; // these arrays are small and stay in cache
    } else if (step.opcode == Opcode::jacobian) {
      const Cost part = step.local->cost();
      cost.flops += part.flops, cost.time += part.time;
    } else if (step.opcode == Opcode::multiply) {
      const Shape a = program.slots()[step.in[0]].shape;
      const double flops = 2 * result * static_cast<double>(step.transpose_a() ? a.rows : a.cols);
      cost.flops += flops, cost.time += flops / rates::product_flops;
    } else {
      double read = result;
      for (const SlotId u : step.in)
        read = std::max(read, size(u));
      const double inner =
          step.opcode == Opcode::lu_solve || step.opcode == Opcode::inverse || step.opcode == Opcode::lu
              ? static_cast<double>(program.slots()[step.in[0]].shape.rows)
              : 1;
      cost.flops += result * inner, cost.time += read * std::max(1.0, inner / rates::product_flops);
    }
  }
  return cost;
}

} // namespace kronvec

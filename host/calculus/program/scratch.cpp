#include "calculus/program/scratch.hpp"

#include "devices/expm.hpp"

#include <algorithm>

namespace kronvec::detail {
namespace {

/// Elements per item.
Index scratch_elements(const Program &program, const Step &step) {
  return step.opcode == Opcode::expm ? expm_scratch(program.slots()[step.out[0]].shape.rows) : 0;
}

} // namespace

Index max_scratch(const Program &program, Stage stage) {
  Index most = 0;
  for (const Step &step : program.steps(stage))
    most = std::max(most, scratch_elements(program, step));
  return most;
}

template <class T> Blocks scratch(const Program &program, Stage stage, Index k) {
  Blocks all;
  for (const Step &step : program.steps(stage))
    all = all | blocks<T>(scratch_elements(program, step) * k);
  return all;
}

template Blocks scratch<float>(const Program &, Stage, Index);
template Blocks scratch<double>(const Program &, Stage, Index);

} // namespace kronvec::detail

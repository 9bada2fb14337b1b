/// The numbers of a plan at one point: values, products with J and Jᵀ, and the arrays that the terms of J read.

#include "calculus/jacobian/point.hpp"

#include "calculus/program/local_jacobian.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kronvec::detail {

template <class T> void require_values(const JacobianPlan &plan, const Values<T> &values) {
  for (const auto &input : plan.inputs) {
    const auto bound = [&](const Binding<T> &b) { return input.is(b.symbol); };
    const bool empty = input.symbol->shape.size() == 0;
    if (!empty && std::none_of(values.begin(), values.end(), bound))
      throw DomainError("symbol '" + input.symbol->name + "' has no value");
  }
}

template <class T> void require_known(const JacobianPlan &plan, const Values<T> &values) {
  if (values.allows_unused()) return;
  for (const Binding<T> &binding : values) {
    const NodePtr &symbol = binding.symbol.node();
    const auto same = [&](const JacobianPlan::Input &input) { return input.is(binding.symbol); };
    const auto namesake = [&](const JacobianPlan::Input &input) { return input.symbol->name == symbol->name; };
    if (std::ranges::any_of(plan.inputs, same) || std::ranges::find(plan.others, symbol) != plan.others.end()) continue;
    const auto other = std::ranges::find_if(plan.inputs, namesake);
    if (other != plan.inputs.end())
      throw DomainError(fmt::format("the symbol '{0}' ({1}) that has a value is not the symbol '{0}' ({2}) of the "
                                    "function",
                                    symbol->name, to_string(symbol->shape), to_string((*other).symbol->shape)));
    throw DomainError(fmt::format("the symbol '{}' has a value but does not occur in the function; to pass one list to "
                                  "several functions, use values.allow_unused()",
                                  symbol->name));
  }
}

template <class T> Point<T>::Point(std::shared_ptr<const JacobianPlan> plan, const Values<T> &values, Device device)
    : plan_(std::move(plan)), device_(device) {
  require_values(*plan_, values);
  const Program &program = plan_->program;
  arena_ = device_.backend().pool().take(static_cast<std::size_t>(program.elements(Stage::values)) * sizeof(T));
  run<T>(program, Stage::constants, device_.backend(), {.arena = static_cast<T *>(arena_.data())});
  update(values);
}

template <class T> MatrixView<T> Point<T>::matrix(SlotId id) const {
  const Slot &slot = plan_->program.slots()[id];
  return {static_cast<T *>(arena_.data()) + slot.offset, slot.shape.rows, slot.shape.cols};
}

template <class T> void Point<T>::require_shape(const Binding<T> &binding) const {
  for (const auto &input : plan_->inputs)
    if (input.is(binding.symbol) && input.symbol->shape != binding.value.shape())
      throw ShapeError("symbol '" + binding.symbol.name() + "' is " + to_string(input.symbol->shape) +
                       ", its value is " + to_string(binding.value.shape()));
}

template <class T> void Point<T>::bind(const Binding<T> &binding) {
  for (const auto &input : plan_->inputs)
    if (input.is(binding.symbol)) transfer<T>(device_.backend(), binding.value, matrix(input.slot));
}

template <class T> void Point<T>::update(const Values<T> &values) {
  require_known(*plan_, values);
  for (const Binding<T> &binding : values) // all checks stand before the first copy
    require_shape(binding);
  for (const Binding<T> &binding : values)
    bind(binding);
  evaluate();
}

template <class T> void Point<T>::evaluate() const {
  run<T>(plan_->program, Stage::values, device_.backend(),
         {.arena = static_cast<T *>(arena_.data()), .recordings = &recordings_});
}

template <class T> std::size_t Point<T>::workspace_bytes(Stage stage) const {
  return static_cast<std::size_t>(plan_->program.elements(stage)) * sizeof(T);
}

template <class T> void Point<T>::apply(Stage stage, MatrixView<const T> x, MatrixView<T> y) const {
  const Program &program = plan_->program;
  const Backend &backend = device_.backend();
  if (program.output(stage) == no_slot) return backend.primitives(T{}).fill(0, y);
  const Shape in = plan_->input_shape(stage), out = plan_->output_shape(stage);
  const Index k = x.cols();
  const Pool::Block workspace = backend.pool().take(workspace_bytes(stage) * static_cast<std::size_t>(k));
  run<T>(program, stage, backend,
         {.arena = static_cast<T *>(arena_.data()),
          .workspace = static_cast<T *>(workspace.data()),
          .count = k,
          .input = {x.data(), in.rows, in.cols, in.rows, k, x.ld()},
          .output = {y.data(), out.rows, out.cols, out.rows, k, y.ld()},
          .recordings = &recordings_});
}

template <class T> Emitters<T>::Emitters(const JacobianPlan &plan, Device device) {
  const Primitives<T> &primitives = device.backend().primitives(T{});
  for (const Step &step : plan.program.steps(Stage::dense)) {
    auto &emitter = steps.emplace_back();
    if (step.opcode == Opcode::emit) emitter = primitives.emitter(*step.emission);
    if (step.opcode == Opcode::jacobian) emitter = step.local->emitter(T{}, device);
  }
  for (const Layout layout : {Layout::numerator, Layout::denominator}) {
    Emission emission = plan.dense.emission;
    if (layout == Layout::denominator) {
      std::swap(emission.rows, emission.cols);
      for (Product &product : emission.products)
        std::swap(product.row, product.col);
    }
    jacobian[static_cast<int>(layout)] = primitives.emitter(std::move(emission));
  }
}

template <class T> Buffers<T> Point<T>::run_dense(T *workspace) const {
  const RunMemory<T> memory{.arena = static_cast<T *>(arena_.data()),
                            .once = workspace,
                            .emitters = emitters().steps,
                            .recordings = &recordings_};
  run<T>(plan_->program, Stage::dense, device_.backend(), memory);
  Buffers<T> buffers;
  for (const SlotId u : plan_->dense.buffers)
    buffers.push_back(memory.slot(plan_->program, u));
  return buffers;
}

template void require_values(const JacobianPlan &, const Values<float> &);
template void require_values(const JacobianPlan &, const Values<double> &);
template void require_known(const JacobianPlan &, const Values<float> &);
template void require_known(const JacobianPlan &, const Values<double> &);
template struct Emitters<float>;
template struct Emitters<double>;
template class Point<float>;
template class Point<double>;

} // namespace kronvec::detail

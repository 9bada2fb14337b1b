/// Evaluates functions: checks and copies the values of symbols, then runs the program.

#include "calculus/program/evaluation.hpp"

#include "calculus/rewriting/rewriter.hpp"
#include "core/free_memory.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kronvec::detail {

FunctionPlan::FunctionPlan(const Expression &function) : f(function) {
  program.keep(value = program.value(f));
  for (const NodePtr &node : topological_order(f.node()))
    if (node->kind == Kind::symbol) inputs.push_back({node, program.symbol(node.get())});
}

template <class T> void require_values(const FunctionPlan &plan, const Values<T> &values) {
  for (const auto &input : plan.inputs) {
    const auto bound = [&](const Binding<T> &b) { return input.is(b.symbol); };
    const bool empty = input.symbol->shape.size() == 0;
    if (!empty && std::none_of(values.begin(), values.end(), bound))
      throw DomainError("symbol '" + input.symbol->name + "' has no value");
  }
}

template <class T> void require_known(const FunctionPlan &plan, const Values<T> &values) {
  if (values.allows_unused()) return;
  for (const Binding<T> &binding : values) {
    const NodePtr &symbol = binding.symbol.node();
    const auto same = [&](const FunctionPlan::Input &input) { return input.is(binding.symbol); };
    const auto namesake = [&](const FunctionPlan::Input &input) { return input.symbol->name == symbol->name; };
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

template <class T> Pool::Block take_slots(const FunctionPlan &plan, Stage stage, Index count, const Backend &backend) {
  const double bytes = static_cast<double>(plan.program.elements(stage)) * static_cast<double>(count) * sizeof(T);
  try {
    if (bytes < 0x1p62) return backend.pool().take(static_cast<std::size_t>(bytes));
  } catch (const OutOfMemory &) { // said below, with more words
  }
  const char *what = stage <= Stage::values  ? "the values in the function"
                     : stage == Stage::dense ? "the arrays that J is written from"
                                             : "the values in a product with J";
  throw out_of_memory(fmt::format("{} (the largest is {})", what, plan.program.largest(stage)), bytes,
                      static_cast<double>(backend.memory().bytes_free()));
}

template <class T>
Evaluation<T>::Evaluation(std::shared_ptr<const FunctionPlan> plan, const Values<T> &values, Device device)
    : function_(std::move(plan)), device_(device) {
  require_values(*function_, values);
  arena_ = take_slots<T>(*function_, Stage::values, 1, device_.backend());
  run<T>(function_->program, Stage::constants, device_.backend(), {.arena = arena()});
  update(values);
}

template <class T> MatrixView<T> Evaluation<T>::matrix(SlotId id) const {
  const Slot &slot = function_->program.slots()[id];
  return {arena() + slot.offset, slot.shape.rows, slot.shape.cols};
}

template <class T> void Evaluation<T>::require_shape(const Binding<T> &binding) const {
  for (const auto &input : function_->inputs)
    if (input.is(binding.symbol) && input.symbol->shape != binding.value.shape())
      throw ShapeError("symbol '" + binding.symbol.name() + "' is " + to_string(input.symbol->shape) +
                       ", its value is " + to_string(binding.value.shape()));
}

template <class T> void Evaluation<T>::bind(const Binding<T> &binding) {
  for (const auto &input : function_->inputs)
    if (input.is(binding.symbol)) transfer<T>(device_.backend(), binding.value, matrix(input.slot));
}

template <class T> void Evaluation<T>::update(const Values<T> &values) {
  require_known(*function_, values);
  for (const Binding<T> &binding : values) // all checks stand before the first copy
    require_shape(binding);
  for (const Binding<T> &binding : values)
    bind(binding);
  evaluate();
}

template <class T> void Evaluation<T>::evaluate() const {
  run<T>(function_->program, Stage::values, device_.backend(), {.arena = arena(), .recordings = &recordings_});
}

template void require_values(const FunctionPlan &, const Values<float> &);
template void require_values(const FunctionPlan &, const Values<double> &);
template void require_known(const FunctionPlan &, const Values<float> &);
template void require_known(const FunctionPlan &, const Values<double> &);
template Pool::Block take_slots<float>(const FunctionPlan &, Stage, Index, const Backend &);
template Pool::Block take_slots<double>(const FunctionPlan &, Stage, Index, const Backend &);
template class Evaluation<float>;
template class Evaluation<double>;

} // namespace kronvec::detail

namespace kronvec::inline KRONVEC_ABI {

template <class T>
Matrix<T> evaluate(const Expression &f, const Values<std::type_identity_t<T>> &values, Device device) {
  const auto plan = std::make_shared<detail::FunctionPlan>(rewritten(f));
  plan->program.allocate();
  const detail::Evaluation<T> point(plan, values.allow_unused(), device);
  auto result = Matrix<T>::uninitialized(f.rows(), f.cols(), device);
  device.backend().primitives(T{}).copy(point.value(), result.view());
  return result;
}

template Matrix<float> evaluate<float>(const Expression &, const Values<float> &, Device);
template Matrix<double> evaluate<double>(const Expression &, const Values<double> &, Device);

} // namespace kronvec

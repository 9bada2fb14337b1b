/// The numbers of a plan at many points: values and products with J and Jᵀ.

#include "calculus/jacobian/points.hpp"
#include "calculus/program/scratch.hpp"

#include "core/free_memory.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kronvec::detail {
namespace {

/// Whether the value holds one matrix of the symbol's shape per point. (With one point the value counts as shared.)
bool side_by_side(Shape value, Shape symbol, Index points) {
  return value != symbol && symbol.cols > 0 && value.rows == symbol.rows && value.cols % symbol.cols == 0 &&
         value.cols / symbol.cols == points;
}

/// The slots of the symbols with one value per point.
template <class T> std::vector<SlotId> differing(const JacobianPlan &plan, const Values<T> &values, Index points) {
  if (points < 0) throw ShapeError(fmt::format("there cannot be {} points", points));
  std::vector<SlotId> slots;
  for (const auto &input : plan.inputs)
    for (const Binding<T> &binding : values) {
      const Symbol &symbol = binding.symbol;
      const MatrixView<const T> value = binding.value;
      if (!input.is(symbol) || value.shape() == symbol.shape()) continue;
      const auto [m, n] = symbol.shape();
      if (!side_by_side(value.shape(), symbol.shape(), points))
        throw ShapeError(fmt::format("symbol '{}' is {}, its value is {}; it must be {} for all points, or {}×({}·{}), "
                                     "side by side",
                                     symbol.name(), to_string(symbol.shape()), to_string(value.shape()),
                                     to_string(symbol.shape()), m, n, points));
      slots.push_back(input.slot);
    }
  return slots;
}

/// Items first, first + 1, … of a batch. A batch of one item is returned whole.
template <class T> BatchView<T> items(const BatchView<T> &all, Index first, Index count) {
  if (all.count == 1) return all;
  return {all.data + first * all.stride, all.rows, all.cols, all.ld, count, all.stride};
}

} // namespace

Index points_at_once(const JacobianPlan &plan, Stage stage, std::size_t element, Index count, Device device) {
  const Index bytes = device.is_host() ? 2 << 20 : 256 << 20; // fits a core's cache; small relative to a GPU's memory
  const Program &program = plan.program;
  const Index results = stage > Stage::dense ? plan.rows() + plan.cols() : 0;
  const Index workspace = stage > Stage::values ? program.elements(stage) : 0;
  const Index elements = program.elements(Stage::values) + workspace + results + max_scratch(program, stage) + 1;
  return std::clamp<Index>(bytes / (elements * static_cast<Index>(element)), 1, std::max<Index>(count, 1));
}

template <class T>
Points<T>::Points(std::shared_ptr<const JacobianPlan> plan, const Values<T> &values, Index points, Device device)
    : plan_(std::move(plan)), device_(device), count_(points),
      varying_(plan_->program, differing(*plan_, values, points)) {
  require_values(*plan_, values);
  const Program &program = plan_->program;
  const bool copies = !varying_.has(plan_->value) && count_ != 1;
  const double elements = static_cast<double>(varying_.per_point() + (copies ? plan_->rows() : 0)),
               bytes = elements * static_cast<double>(points) * sizeof(T),
               free = static_cast<double>(device_.bytes_free());
  if (bytes > free) throw out_of_memory(fmt::format("the values at {} points", points), bytes, free);
  varying_.place(program, points);
  Pool &pool = device_.backend().pool();
  const auto take = [&](Index n) { return pool.take(static_cast<std::size_t>(n) * sizeof(T)); };
  arena_ = take(program.elements(Stage::values)), values_ = take(varying_.elements());
  if (copies) copies_ = take(plan_->rows() * points);
  run<T>(program, Stage::constants, device_.backend(), {.arena = static_cast<T *>(arena_.data())});
  update(values);
}

template <class T> RunMemory<T> Points<T>::memory(Index first, Index count) const {
  return {.arena = static_cast<T *>(arena_.data()),
          .count = count,
          .varying = &varying_,
          .values = static_cast<T *>(values_.data()),
          .first = first,
          .recordings = &recordings_};
}

template <class T> void Points<T>::require_shape(const Binding<T> &binding) const {
  for (const auto &input : plan_->inputs) {
    if (!input.is(binding.symbol)) continue;
    const Shape shape = input.symbol->shape, got = binding.value.shape();
    const bool differs = varying_.has(input.slot);
    if (differs ? !side_by_side(got, shape, count_) : got != shape)
      throw ShapeError(fmt::format("symbol '{}' is {}, its value is {}; {} {} points it is {}", binding.symbol.name(),
                                   to_string(shape), to_string(got), differs ? "side by side for" : "shared by", count_,
                                   to_string(differs ? Shape{shape.rows, shape.cols * count_} : shape)));
  }
}

template <class T> void Points<T>::bind(const Binding<T> &binding) {
  for (const auto &input : plan_->inputs) {
    if (!input.is(binding.symbol)) continue;
    const BatchView<T> slot = memory(0, count_).slot(plan_->program, input.slot);
    transfer<T>(device_.backend(), binding.value, {slot.data, binding.value.rows(), binding.value.cols()});
  }
}

template <class T> void Points<T>::update(const Values<T> &values) {
  require_known(*plan_, values);
  for (const Binding<T> &binding : values) // all checks stand before the first copy
    require_shape(binding);
  bool shared = false;
  for (const Binding<T> &binding : values) {
    bind(binding);
    for (const auto &input : plan_->inputs)
      shared = shared || (input.is(binding.symbol) && !varying_.has(input.slot));
  }
  evaluate(shared);
  find_infinite_slopes();
}

template <class T> void Points<T>::find_infinite_slopes() {
  with_infinite_slopes_.clear();
  const Backend &backend = device_.backend();
  const auto any = [&](const auto &suspect) {
    return std::ranges::any_of(plan_->coefficients, [&](const Coefficient &c) {
      return c.depends && c.may_be_infinite && suspect(memory(0, count_).slot(plan_->program, c.slot));
    });
  };
  if (backend.is_host()) {
    for (Index k = 0; k < count_; ++k)
      if (any([&](const BatchView<T> &all) { return holds_infinity(all[k].data(), all.rows * all.cols); }))
        with_infinite_slopes_.push_back(k);
    return;
  }
  std::vector<bool> suspect(static_cast<std::size_t>(count_)); // a norm may overflow, and NaN hides an infinity
  (void)any([&](const BatchView<T> &all) {
    const std::vector<T> norms = backend.primitives(T{}).one_norms(all);
    for (std::size_t k = 0; k < suspect.size(); ++k)
      if (!std::isfinite(norms[norms.size() == 1 ? 0 : k])) suspect[k] = true;
    return false;
  });
  for (Index k = 0; k < count_; ++k)
    if (suspect[static_cast<std::size_t>(k)] && point(k).has_infinite_slopes()) with_infinite_slopes_.push_back(k);
}

template <class T> Point<T> Points<T>::point(Index which) const {
  Values<T> values;
  for (const auto &input : plan_->inputs)
    values.push_back(
        {Symbol(Expression(input.symbol)), MatrixView<const T>(memory(which, 1).slot(plan_->program, input.slot)[0])});
  return Point<T>(plan_, values, device_);
}

template <class T> void Points<T>::evaluate(bool shared_too) const {
  const Backend &backend = device_.backend();
  if (shared_too) run<T>(plan_->program, Stage::values, backend, memory(0, 1), StepSelection::shared);
  const Index each = points_at_once(*plan_, Stage::values, sizeof(T), count_, device_);
  for_parts(backend, {count_, each}, [&](Index first, Index n) { evaluate_varying(first, n); });
  if (!copies_.data()) return;
  const BatchView<const T> shared = memory(0, 1).slot(plan_->program, plan_->value);
  const BatchView<const T> copies = value();
  backend.primitives(T{}).copy(
      shared, {static_cast<T *>(copies_.data()), copies.rows, copies.cols, copies.ld, copies.count, copies.stride});
}

/// Evaluates `count` points. If F has no value at one of them, evaluates one by one so that the message names the
/// point.
template <class T> void Points<T>::evaluate_varying(Index first, Index count) const {
  try {
    run<T>(plan_->program, Stage::values, device_.backend(), memory(first, count), StepSelection::varying);
  } catch (const DomainError &error) {
    if (count == 1) throw DomainError(fmt::format("at point {}, counted from 0: {}", first, error.what()));
    for (Index point = first; point < first + count; ++point)
      evaluate_varying(point, 1);
    throw;
  }
}

template <class T> BatchView<const T> Points<T>::value() const {
  if (!copies_.data()) return memory(0, count_).slot(plan_->program, plan_->value);
  const auto [p, q] = plan_->f.shape();
  return {static_cast<const T *>(copies_.data()), p, q, p, count_, p * q};
}

template <class T> void Points<T>::apply(Stage stage, Index first, T *workspace, const BatchView<const T> &x,
                                         const BatchView<T> &y) const {
  RunMemory<T> here = memory(first, y.count);
  here.workspace = workspace, here.input = x, here.output = y;
  run<T>(plan_->program, stage, device_.backend(), here);
}

template <class T> void Points<T>::apply(Stage stage, const BatchView<const T> &x, const BatchView<T> &y) const {
  const Backend &backend = device_.backend();
  if (plan_->program.output(stage) == no_slot) return backend.primitives(T{}).fill(0, y);
  const Index each = points_at_once(*plan_, stage, sizeof(T), count_, device_);
  const auto bytes = static_cast<std::size_t>(plan_->program.elements(stage) * each) * sizeof(T);
  for_parts(backend, {count_, each}, [&](Index first, Index n) {
    const Pool::Block workspace = backend.pool().take(bytes);
    apply(stage, first, static_cast<T *>(workspace.data()), items(x, first, n), items(y, first, n));
  });
  for (const Index k : with_infinite_slopes_) {
    const MatrixView<const T> from = x[x.count == 1 ? 0 : k];
    const auto column = [](auto m) { return decltype(m)(m.data(), m.shape().size(), 1); }; // items are packed
    point(k).apply(stage, column(from), column(y[k]));
  }
}

template class Points<float>;
template class Points<double>;

} // namespace kronvec::detail

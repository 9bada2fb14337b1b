/// The numbers of a plan at one point: values, products with J and Jᵀ, and what the terms of J are made of.

#include "calculus/jacobian_plan.hpp"

#include <algorithm>

namespace kronvec::detail {

template <class T> Point<T>::Point(std::shared_ptr<const JacobianPlan> plan, const Values<T> &values, Device device)
    : plan_(std::move(plan)), device_(device) {
  for (const auto &input : plan_->inputs) {
    const auto bound = [&](const Binding<T> &b) { return b.symbol.node() == input.symbol; };
    const bool empty = input.symbol->shape.size() == 0;
    if (!empty && std::none_of(values.begin(), values.end(), bound))
      throw DomainError("symbol '" + input.symbol->name + "' has no value");
  }
  const Program &program = plan_->program;
  arena_ = device_.backend().pool().take(static_cast<std::size_t>(program.elements(Stage::values)) * sizeof(T));
  run<T>(program, Stage::constants, device_.backend(), static_cast<T *>(arena_.data()), {});
  update(values);
}

template <class T> MatrixView<T> Point<T>::matrix(SlotId id) const {
  const Slot &slot = plan_->program.slots()[id];
  return {static_cast<T *>(arena_.data()) + slot.offset, slot.shape.rows, slot.shape.cols};
}

template <class T> void Point<T>::bind(const Binding<T> &binding) {
  for (const auto &input : plan_->inputs) {
    if (input.symbol != binding.symbol.node()) continue;
    if (binding.value.shape() != input.symbol->shape)
      throw ShapeError("symbol '" + binding.symbol.name() + "' is " + to_string(input.symbol->shape) +
                       ", its value is " + to_string(binding.value.shape()));
    transfer<T>(device_.backend(), binding.value, matrix(input.slot));
  }
}

template <class T> void Point<T>::update(const Values<T> &values) {
  for (const Binding<T> &binding : values)
    bind(binding);
  evaluate();
}

template <class T> void Point<T>::evaluate() const {
  run<T>(plan_->program, Stage::values, device_.backend(), static_cast<T *>(arena_.data()), {});
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
  const Batch<T> batch{static_cast<T *>(workspace.data()), k,
                       BatchView<const T>(x.data(), in.rows, in.cols, in.rows, k, x.ld()),
                       BatchView<T>(y.data(), out.rows, out.cols, out.rows, k, y.ld())};
  run<T>(program, stage, backend, static_cast<T *>(arena_.data()), batch);
}

namespace {

/// The dense Jacobian of a plan of one variable, which is the buffer that it reads.
template <class T> class LocalJacobian final : public Emitter<T> {
public:
  LocalJacobian(std::shared_ptr<const JacobianPlan> plan, Device device) : plan_(std::move(plan)), device_(device) {}
  void run(std::span<const Buffer<T>> buffers, Index, Index, BatchView<T> y) const override {
    const Symbol &x = plan_->variables[0];
    for (Index item = 0; item < y.count; ++item) {
      const MatrixView<const T> value(buffers[0].data + item * buffers[0].stride, x.rows(), x.cols());
      const Point<T> point(plan_, {{x, value}}, device_);
      assemble(point, MatrixView<T>(y[item].data(), plan_->rows(), plan_->cols()), {.method = Method::forward});
    }
  }
  Blocks scratch(Index) const override { return local_scratch<T>(*plan_); }

private:
  std::shared_ptr<const JacobianPlan> plan_;
  Device device_;
};

} // namespace

template <class T> Emitters<T>::Emitters(const JacobianPlan &plan, Device device) {
  const Primitives<T> &primitives = device.backend().primitives(T{});
  for (const Step &step : plan.program.steps(Stage::dense)) {
    auto &emitter = steps.emplace_back();
    if (step.opcode == Opcode::emit) emitter = primitives.emitter(*step.emission);
    if (step.opcode == Opcode::jacobian) emitter = std::make_unique<LocalJacobian<T>>(step.plan, device);
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

template <class T> const Emitters<T> &Point<T>::emitters() const {
  std::call_once(prepared_->once, [&] { prepared_->emitters = std::make_unique<const Emitters<T>>(*plan_, device_); });
  return *prepared_->emitters;
}

template <class T> Buffers<T> Point<T>::run_dense(T *workspace) const {
  const Program &program = plan_->program;
  Batch<T> batch;
  batch.workspace = workspace;
  batch.emitters = emitters().steps;
  run<T>(program, Stage::dense, device_.backend(), static_cast<T *>(arena_.data()), batch);
  Buffers<T> buffers;
  for (const SlotId u : plan_->dense.buffers) {
    const Slot &slot = program.slots()[u];
    buffers.push_back((slot.stage == Stage::dense ? workspace : static_cast<const T *>(arena_.data())) + slot.offset);
  }
  return buffers;
}

template struct Emitters<float>;
template struct Emitters<double>;
template class Point<float>;
template class Point<double>;

} // namespace kronvec::detail

/// The numbers of a plan at one point: products with J and Jᵀ, and the arrays that the terms of J read.

#include "calculus/jacobian/point.hpp"

#include <algorithm>

namespace kronvec::detail {

template <class T> void Point<T>::apply(Stage stage, MatrixView<const T> x, MatrixView<T> y) const {
  const Backend &backend = this->device().backend();
  if (plan_->program.output(stage) == no_slot) return backend.primitives(T{}).fill(0, y);
  const Shape in = plan_->input_shape(stage), out = plan_->output_shape(stage);
  const Index k = x.cols();
  const Pool::Block workspace = take_slots<T>(*plan_, stage, k, backend);
  const auto product = [&](T *arena, const Recordings *recordings, MatrixView<const T> from, MatrixView<T> to) {
    run<T>(plan_->program, stage, backend,
           {.arena = arena,
            .workspace = static_cast<T *>(workspace.data()),
            .count = k,
            .input = {from.data(), in.rows, in.cols, in.rows, k, from.ld()},
            .output = {to.data(), out.rows, out.cols, out.rows, k, to.ld()},
            .recordings = recordings});
  };
  if (!infinite_slopes_) return product(this->arena(), &this->recordings(), x, y);
  infinite_slopes_->apply([&](T *arena, auto from, auto to) { product(arena, nullptr, from, to); }, x, y);
}

template <class T> Buffers<T> Point<T>::run_dense(const Pool::Block &workspace) const {
  const RunMemory<T> memory{.arena = this->arena(),
                            .once = static_cast<T *>(workspace.data()),
                            .emitters = plan_->emitters.steps<T>(this->device()),
                            .recordings = &this->recordings()};
  run<T>(plan_->program, Stage::dense, this->device().backend(), memory);
  Buffers<T> buffers;
  for (const SlotId u : plan_->dense.buffers)
    buffers.push_back(memory.slot(plan_->program, u));
  return buffers;
}

template <class T> Method Point<T>::chosen(Method method) const {
  method = detail::chosen(*plan_, method);
  if (!infinite_slopes_ || method != Method::structured || !plan_->dense.exists) return method;
  const auto by_products = [](const Prediction &p) { return p.method != Method::structured; };
  return std::ranges::find_if(plan_->predictions, by_products)->method;
}

template class Point<float>;
template class Point<double>;

} // namespace kronvec::detail

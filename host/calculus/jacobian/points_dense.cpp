/// Dense Jacobians at many points, a few points at a time so that the operands stay in cache.

#include "calculus/jacobian/methods.hpp"
#include "calculus/jacobian/points.hpp"
#include "calculus/program/scratch.hpp"
#include "devices/operands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

namespace kronvec::detail {
namespace {

Shape turned(Shape shape) { return {shape.cols, shape.rows}; }

template <class T> Pool::Block take(Device device, Index elements) {
  return device.backend().pool().take(static_cast<std::size_t>(elements) * sizeof(T));
}
template <class T> T *data(const Pool::Block &block) { return static_cast<T *>(block.data()); }

} // namespace

/// The Jacobians as items of a batch, computed for a few points at a time.
template <class T> class Points<T>::Assembly {
public:
  Assembly(const Points &points, Method method, Layout layout)
      : points_(points), plan_(points.plan()), device_(points.device()), method_(method), layout_(layout),
        stage_(method == Method::structured ? Stage::dense
               : method == Method::forward  ? Stage::forward
                                            : Stage::reverse) {
    const Layout natural = method == Method::reverse ? Layout::denominator : Layout::numerator;
    turns_ = stage_ != Stage::dense && layout != natural;
    step_ = points_at_once(plan_, stage_, sizeof(T), points.count(), device_);
    const Index bytes = std::max<Index>(size_of_j() * static_cast<Index>(sizeof(T)), 1);
    if (turns_) step_ = std::clamp<Index>(turned_bytes / bytes, 1, step_);
  }

  Blocks held() const {
    Blocks all;
    for (Index part = 0; part < device_.backend().parts_at_once(parts().size()); ++part)
      all = all + held_by_part();
    return all;
  }

  void run(const BatchView<T> &out, const Progress &progress) const {
    std::mutex mutex;
    Index done = 0;
    for_parts(device_.backend(), parts(), [&](Index first, Index n) {
      make(first, {out.data + first * out.stride, out.rows, out.cols, out.ld, n, out.stride});
      if (!progress) return;
      const std::lock_guard lock(mutex);
      progress(static_cast<double>(done += n) / static_cast<double>(out.count));
    });
  }

private:
  static constexpr Index turned_bytes = 8 << 20; ///< bytes of Jacobians that wait to be transposed

  PointParts parts() const { return {points_.count(), step_}; }
  Index size_of_j() const { return plan_.rows() * plan_.cols(); }
  Shape units() const { return plan_.input_shape(stage_); }

  Blocks held_by_part() const {
    const Blocks workspace = blocks<T>(plan_.program.elements(stage_) * step_);
    const Index last = points_.count() % step_; // the last part may be smaller; its blocks have another size
    Blocks in_turn = scratch<T>(plan_.program, stage_, step_) | scratch<T>(plan_.program, stage_, last);
    if (stage_ != Stage::dense)
      return workspace + in_turn + blocks<T>(units().size()) + blocks<T>(turns_ ? size_of_j() * step_ : 0);
    const auto run = [&](const Emitter<T> &emitter) {
      in_turn = in_turn | emitter.scratch(step_) | (last ? emitter.scratch(last) : Blocks());
    };
    for (const auto &emitter : plan_.emitters.template steps<T>(device_))
      if (emitter) run(*emitter);
    run(plan_.emitters.template jacobian<T>(layout_, device_));
    return workspace + in_turn + blocks<T>(plan_.program.elements(stage_));
  }

  /// Computes the Jacobians of the points from `first` on, as many as `out` has items.
  void make(Index first, const BatchView<T> &out) const {
    const Pool::Block workspace = take<T>(device_, plan_.program.elements(stage_) * step_);
    const Pool::Block once = take<T>(device_, stage_ == Stage::dense ? plan_.program.elements(stage_) : units().size());
    const Pool::Block scratch = take<T>(device_, turns_ ? size_of_j() * step_ : 0);
    if (stage_ == Stage::dense) {
      by_terms(first, data<T>(workspace), data<T>(once), out);
    } else if (!turns_) {
      by_units(first, data<T>(workspace), data<T>(once), out);
    } else {
      const BatchView<T> columns(data<T>(scratch), out.cols, out.rows, out.cols, out.count, size_of_j());
      by_units(first, data<T>(workspace), data<T>(once), columns);
      device_.backend().primitives(T{}).transpose(columns, out);
    }
  }

  void by_terms(Index first, T *workspace, T *once, const BatchView<T> &out) const {
    const Emitter<T> &j = plan_.emitters.template jacobian<T>(layout_, device_); // first, since that may wait
    RunMemory<T> here = points_.memory(first, out.count);
    here.workspace = workspace, here.once = once, here.emitters = plan_.emitters.template steps<T>(device_);
    detail::run<T>(plan_.program, Stage::dense, device_.backend(), here);
    Buffers<T> buffers;
    for (const SlotId u : plan_.dense.buffers)
      buffers.push_back(here.slot(plan_.program, u));
    j.run(buffers.span(), 0, 0, out);
  }

  /// Column by column, each for all points at once.
  void by_units(Index first, T *workspace, T *unit, const BatchView<T> &out) const {
    const Primitives<T> &primitives = device_.backend().primitives(T{});
    if (plan_.program.output(stage_) == no_slot) return primitives.fill(0, out);
    const Shape in = units(), result = plan_.output_shape(stage_);
    for (Index c = 0; c < out.cols; ++c) {
      primitives.unit_columns(c, {unit, in.size(), 1});
      points_.apply(stage_, first, workspace, MatrixView<const T>(unit, in.rows, in.cols),
                    {out.data + c * out.ld, result.rows, result.cols, result.rows, out.count, out.stride});
    }
  }

  const Points &points_;
  const JacobianPlan &plan_;
  const Device device_;
  const Method method_;
  const Layout layout_;
  const Stage stage_;
  bool turns_;
  Index step_;
};

namespace {

/// The method that computes Jacobians at many points.
Method method_for_points(const JacobianPlan &plan, Method method) {
  method = chosen(plan, method);
  if (method == Method::automatic) return Method::forward; // J is empty
  if (method == Method::structured && !plan.dense.exists)
    throw Error(std::string("the Jacobian cannot be structured: ") + plan.dense.why_not);
  if (method != Method::structured && method != Method::forward && method != Method::reverse)
    throw Error(fmt::format("Jacobians at many points are structured, forward or reverse, not {}", name(method)));
  return method;
}

} // namespace

template <class T> Blocks Points<T>::held_beside(Method method, Layout layout) const {
  return Assembly(*this, method_for_points(*plan_, method), layout).held();
}

template <class T> void Points<T>::assemble(MatrixView<T> out, const DenseOptions &options) const {
  const Shape j{plan_->rows(), plan_->cols()}, each = options.layout == Layout::numerator ? j : turned(j);
  const Method method = method_for_points(*plan_, options.method);
  if (out.rows() != each.rows || out.cols() != each.cols * count_)
    throw ShapeError(
        fmt::format("the Jacobians at {} points are {} each, side by side {}, the matrix given for them {}", count_,
                    to_string(each), to_string(Shape{each.rows, each.cols * count_}), to_string(out.shape())));
  require_on(device_.backend(), "the matrix for the Jacobians", out);
  if (out.shape().size() == 0) return;
  Assembly(*this, method, options.layout)
      .run({out.data(), each.rows, each.cols, out.ld(), count_, out.ld() * each.cols}, options.progress);
  for (const Index k : with_infinite_slopes_)
    detail::assemble(point(k), out.block(0, k * each.cols, each.rows, each.cols),
                     {.method = method, .layout = options.layout});
}

template Blocks Points<float>::held_beside(Method, Layout) const;
template Blocks Points<double>::held_beside(Method, Layout) const;
template void Points<float>::assemble(MatrixView<float>, const DenseOptions &) const;
template void Points<double>::assemble(MatrixView<double>, const DenseOptions &) const;

} // namespace kronvec::detail

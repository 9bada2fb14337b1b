/// A plan of one variable as a step of another plan's program.

#include "calculus/jacobian/local_jacobian.hpp"

#include "calculus/jacobian/methods.hpp"
#include "calculus/jacobian/points.hpp"
#include "calculus/program/scratch.hpp"

namespace kronvec::detail {
namespace {

using PlanPtr = std::shared_ptr<const JacobianPlan>;

/// Items are packed.
template <class T> class LocalEmitter final : public Emitter<T> {
public:
  LocalEmitter(PlanPtr plan, Device device) : plan_(std::move(plan)), device_(device) {}
  void run(std::span<const Buffer<T>> buffers, Index, Index, BatchView<T> y) const override {
    const Symbol &x = plan_->variables[0].symbol();
    const MatrixView<const T> value(buffers[0].data, x.rows(), x.cols() * y.count);
    const MatrixView<T> out(y.data, plan_->rows(), plan_->cols() * y.count);
    if (y.count == 1) return assemble(Point<T>(plan_, {{x, value}}, device_), out, {.method = Method::forward});
    Points<T>(plan_, {{x, value}}, y.count, device_).assemble(out, {.method = Method::forward});
  }
  Blocks scratch(Index count) const override {
    const Program &program = plan_->program;
    const Blocks point = blocks<T>(program.elements(Stage::values));
    if (count == 1)
      return point + (detail::scratch<T>(program, Stage::values, 1) |
                      held_by_assembly<T>(*plan_, device_, {.method = Method::forward}));
    return point + held_at_points(count);
  }

private:
  /// What `Points` takes to evaluate, then to compute J by columns.
  Blocks held_at_points(Index count) const {
    const Program &program = plan_->program;
    const auto at_once = [&](Stage stage) { return points_at_once(*plan_, stage, sizeof(T), count, device_); };
    const auto by_parts = [&](Stage stage) { // the last part may be smaller
      return detail::scratch<T>(program, stage, at_once(stage)) |
             detail::scratch<T>(program, stage, count % at_once(stage));
    };
    const auto by_cores = [&](Stage stage, const Blocks &part) {
      Blocks all;
      const Index parts = PointParts{count, at_once(stage)}.size();
      for (Index k = 0; k < device_.backend().parts_at_once(parts); ++k)
        all = all + part;
      return all;
    };
    const Blocks pass = blocks<T>(plan_->cols()) +
                        blocks<T>(program.elements(Stage::forward) * at_once(Stage::forward)) +
                        by_parts(Stage::forward);
    return blocks<T>(program.elements(Stage::values) * count) +
           (by_cores(Stage::values, by_parts(Stage::values)) | by_cores(Stage::forward, pass));
  }

  PlanPtr plan_;
  Device device_;
};

class OfPlan final : public LocalJacobian {
public:
  explicit OfPlan(PlanPtr plan) : plan_(std::move(plan)) {}
  Cost cost() const override {
    const Prediction &best = plan_->predictions.front();
    const double entries = static_cast<double>(plan_->rows()) * static_cast<double>(plan_->cols());
    return {.flops = entries * best.flops_per_entry, .written = entries, .time = entries * best.over_floor};
  }
  std::unique_ptr<Emitter<float>> emitter(float, Device device) const override {
    return std::make_unique<LocalEmitter<float>>(plan_, device);
  }
  std::unique_ptr<Emitter<double>> emitter(double, Device device) const override {
    return std::make_unique<LocalEmitter<double>>(plan_, device);
  }

private:
  PlanPtr plan_;
};

} // namespace

std::shared_ptr<const LocalJacobian> local_jacobian(const Expression &f, const Symbol &u) {
  return std::make_shared<const OfPlan>(std::make_shared<const JacobianPlan>(f, Variables{u}, 0));
}

} // namespace kronvec::detail

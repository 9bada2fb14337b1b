/// A plan of one variable as a step of another plan's program.

#include "calculus/jacobian/local_jacobian.hpp"

#include "calculus/jacobian/methods.hpp"
#include "calculus/jacobian/points.hpp"
#include "calculus/jacobian/prediction.hpp"

namespace kronvec::detail {
namespace {

using PlanPtr = std::shared_ptr<const JacobianPlan>;

/// Items are packed.
template <class T> class LocalEmitter final : public Emitter<T> {
public:
  LocalEmitter(PlanPtr plan, Device device) : plan_(std::move(plan)), device_(device) {}
  void run(std::span<const Buffer<T>> buffers, Index, Index, BatchView<T> y) const override {
    const Symbol &x = plan_->variables[0];
    const MatrixView<const T> value(buffers[0].data, x.rows(), x.cols() * y.count);
    const MatrixView<T> out(y.data, plan_->rows(), plan_->cols() * y.count);
    if (y.count == 1) return assemble(Point<T>(plan_, {{x, value}}, device_), out, {.method = Method::forward});
    Points<T>(plan_, {{x, value}}, y.count, device_).assemble(out, {.method = Method::forward});
  }
  Blocks scratch(Index count) const override { return local_scratch<T>(*plan_, count, device_); }

private:
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
  return std::make_shared<const OfPlan>(std::make_shared<const JacobianPlan>(f, std::vector{u}, Structure::general, 0));
}

} // namespace kronvec::detail

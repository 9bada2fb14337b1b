/// Plans the emissions of a Jacobian.

#include "calculus/jacobian/emitters.hpp"

#include "calculus/jacobian/plan.hpp"
#include "calculus/program/local_jacobian.hpp"
#include "devices/backend.hpp"

#include <algorithm>
#include <type_traits>

namespace kronvec::detail {
namespace {

Emission in_layout(Emission j, Layout layout) {
  if (layout == Layout::numerator) return j;
  std::swap(j.rows, j.cols);
  for (Product &product : j.products)
    std::swap(product.row, product.col);
  return j;
}

} // namespace

/// The caller holds the mutex.
template <class T> Emitters::OnDevice<T> &Emitters::on(Device device) const {
  auto &all = [&]() -> auto & {
    if constexpr (std::is_same_v<T, float>) {
      return floats_;
    } else {
      return doubles_;
    }
  }
  ();
  const auto known = std::ranges::find(all, device, &OnDevice<T>::device);
  return known != all.end() ? *known : all.emplace_back(OnDevice<T>{device, {}, {}});
}

template <class T> const Emitters::List<T> &Emitters::steps(Device device) const {
  const std::lock_guard lock(mutex_);
  List<T> &emitters = on<T>(device).steps;
  const std::vector<Step> &steps = plan_.program.steps(Stage::dense);
  if (emitters.size() == steps.size()) return emitters;
  List<T> made;
  for (const Step &step : steps) {
    auto &emitter = made.emplace_back();
    if (step.opcode == Opcode::emit) emitter = device.backend().primitives(T{}).emitter(*step.emission);
    if (step.opcode == Opcode::jacobian) emitter = step.local->emitter(T{}, device);
  }
  return emitters = std::move(made);
}

template <class T> const Emitter<T> &Emitters::jacobian(Layout layout, Device device) const {
  const std::lock_guard lock(mutex_);
  auto &emitter = on<T>(device).jacobian[static_cast<int>(layout)];
  if (!emitter) emitter = device.backend().primitives(T{}).emitter(in_layout(plan_.dense.emission, layout));
  return *emitter;
}

template const Emitters::List<float> &Emitters::steps<float>(Device) const;
template const Emitters::List<double> &Emitters::steps<double>(Device) const;
template const Emitter<float> &Emitters::jacobian<float>(Layout, Device) const;
template const Emitter<double> &Emitters::jacobian<double>(Layout, Device) const;

} // namespace kronvec::detail

#pragma once
/// What writes the arrays that J is made from, and J itself, on a device.

#include "devices/primitives.hpp"
#include "kronvec/derivative.hpp"

#include <list>
#include <memory>
#include <mutex>
#include <vector>

namespace kronvec::detail {

struct JacobianPlan;

/// The emitters of a plan. Each emission is planned once per device, when it is first needed. Thread-safe.
class Emitters {
public:
  explicit Emitters(const JacobianPlan &plan) : plan_(plan) {}

  template <class T> using List = std::vector<std::unique_ptr<Emitter<T>>>;
  /// Those of the dense steps; null for a step without an emission.
  template <class T> const List<T> &steps(Device device) const;
  /// The one that writes J in this layout.
  template <class T> const Emitter<T> &jacobian(Layout layout, Device device) const;

private:
  template <class T> struct OnDevice {
    Device device;
    List<T> steps;
    std::unique_ptr<Emitter<T>> jacobian[2];
  };
  template <class T> OnDevice<T> &on(Device device) const;

  const JacobianPlan &plan_;
  mutable std::mutex mutex_;
  mutable std::list<OnDevice<float>> floats_;
  mutable std::list<OnDevice<double>> doubles_;
};

} // namespace kronvec::detail

#pragma once
/// The Jacobian of a function of one variable, as a step of a program: ∂vec F/∂(vec U)ᵀ where U is the value of a slot.

#include "calculus/program/cost.hpp"
#include "kronvec/device.hpp"

namespace kronvec::inline KRONVEC_ABI {

/// A program knows what the step costs and what writes its result. Rooms after this one know how.
class LocalJacobian {
public:
  virtual ~LocalJacobian() = default;
  /// Of all entries.
  virtual Cost cost() const = 0;
  /// Writes the vec of the Jacobian. The only buffer holds U.
  virtual std::unique_ptr<Emitter<float>> emitter(float, Device device) const = 0;
  virtual std::unique_ptr<Emitter<double>> emitter(double, Device device) const = 0;
};

} // namespace kronvec

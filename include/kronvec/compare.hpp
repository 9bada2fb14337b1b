#pragma once
/// Every method on every device against the reference.

#include "kronvec/derivative.hpp"

#include <string>
#include <vector>

namespace kronvec {

/// One method on one device.
struct Comparison {
  std::string device;
  Method method = Method::automatic;
  Index points = 1;     ///< Jacobians at so many points at once (`Jacobian::at_points`)
  double error = 0;     ///< max |J − J_ref| / max |J_ref| (numeric: at least max |F|); infinite where only one is NaN
  double tolerance = 0; ///< the largest error that passes
  double seconds = 0;   ///< median time of one dense Jacobian, or of all points
  double bandwidth = 0; ///< bytes of J written per second
  std::size_t peak_bytes = 0; ///< most memory held on the device, J included
  bool passed() const { return error <= tolerance; }
};

/// Called with a line that says what runs, and the part of it that is done.
using CompareProgress = std::function<void(const std::string &what, double done)>;

/// The Jacobian of F by every method on each device (the complex step on the reference alone, where F allows it),
/// against the element method in double; then, unless J is large, those at three points at once, X, ⅞X and X. The
/// values lie in host memory or on one of the devices. Throws as `JacobianAt`.
template <class T = double> std::vector<Comparison> compare(const Expression &f, const Symbol &x,
                                                            const Values<std::type_identity_t<T>> &values,
                                                            const std::vector<Device> &devices = Device::all(),
                                                            const CompareProgress &progress = {});

/// What a derivative looks like from outside, along one random direction U.
struct DerivativeCheck {
  /// The power with which F(X + hU) − F(X) − h·DF·U falls with h (ledger D0): 2 for a right derivative, 1 for a wrong
  /// one; infinite where nothing is left to fall but rounding, as of a linear F.
  double slope = 0;
  /// |⟨V, J·U⟩ − ⟨Jᵀ·V, U⟩| over the larger of the two, for a random cotangent V.
  double adjoint_error = 0;
  bool passed() const { return slope >= 1.8 && adjoint_error <= 1e-8; }
};

/// Tests the derivative of F by X at a point, in double, with no other derivative to compare with. F should be smooth
/// near the point. The values lie in host memory or on the device. Throws as `JacobianAt`.
DerivativeCheck check_derivatives(const Expression &f, const Symbol &x, const Values<double> &values,
                                  Device device = Device::cpu());

/// The table, as text.
std::string to_string(const std::vector<Comparison> &rows);

} // namespace kronvec

#pragma once
/// Compares every method on every device with the reference.

#include "kronvec/derivative.hpp"

#include <string>
#include <vector>

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// The result of one method on one device.
struct Comparison {
  std::string device;
  Method method = Method::automatic;
  Index points = 1; ///< number of Jacobians computed in one call (`Jacobian::at_points`)
  double error = 0; ///< max |J − J_ref| / max |J_ref| (numeric: the denominator is at least max |F|); infinite if only
                    ///< one of J, J_ref is NaN
  double tolerance = 0;       ///< the largest error that passes
  double seconds = 0;         ///< median time of one dense Jacobian, or of all points
  double bandwidth = 0;       ///< bytes of J written per second
  std::size_t peak_bytes = 0; ///< most memory held on the device, J included
  bool passed() const { return error <= tolerance; }
};

/// Called with a line that says what runs, and the fraction of that run that is done, in [0, 1].
using CompareProgress = std::function<void(const std::string &what, double done)>;

/// Computes the Jacobian of F by every method on each device and compares it with the element method in double. The
/// complex step runs on the reference device only, if F allows it. Then, unless J is large, computes the Jacobians at
/// three points in one call: X, ⅞X and X. The values lie in host memory or on one of the devices. Throws what
/// `JacobianAt` throws.
template <class T = double> KRONVEC_API std::vector<Comparison>
compare(const Expression &f, const Symbol &x, const Values<std::type_identity_t<T>> &values,
        const std::vector<Device> &devices = Device::all(), const CompareProgress &progress = {});

/// Checks of a derivative along one random direction U, without another derivative to compare with.
struct DerivativeCheck {
  /// The exponent with which F(X + hU) − F(X) − h·DF·U falls with h (ledger D0): 2 for a correct derivative, 1 for a
  /// wrong one; infinite if only rounding error remains, as for a linear F.
  double slope = 0;
  /// |⟨V, J·U⟩ − ⟨Jᵀ·V, U⟩| divided by the larger of the two products, for a random cotangent V.
  double adjoint_error = 0;
  bool passed() const { return slope >= 1.8 && adjoint_error <= 1e-8; }
};

/// Tests the derivative of F with respect to X at a point, in double. F should be smooth near the point. The values lie
/// in host memory or on the device. Throws what `JacobianAt` throws.
DerivativeCheck check_derivatives(const Expression &f, const Symbol &x, const Values<double> &values,
                                  Device device = Device::cpu());

/// The rows as a text table.
std::string to_string(const std::vector<Comparison> &rows);

} // namespace KRONVEC_ABI
} // namespace kronvec

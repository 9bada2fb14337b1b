#pragma once
/// Every method on every device against the reference.

#include "kronvec/derivative.hpp"

#include <iosfwd>

namespace kronvec {

/// One method on one device.
struct Comparison {
  std::string device;
  Method method = Method::automatic;
  double error = 0;     ///< max |J − J_ref| / max |J_ref| (numeric: at least max |F|); infinite where only one is NaN
  double tolerance = 0; ///< the largest error that passes
  double seconds = 0;   ///< median time of one dense Jacobian
  double bandwidth = 0; ///< bytes of J written per second
  std::size_t peak_bytes = 0; ///< most memory held on the device, J included
  bool passed() const { return error <= tolerance; }
};

/// Called with a line that says what runs, and the part of it that is done.
using CompareProgress = std::function<void(const std::string &what, double done)>;

/// The Jacobian of F by every method on each device, against the element method in double. Throws as `JacobianAt`.
template <class T = double> std::vector<Comparison> compare(const Expression &f, const Symbol &x,
                                                            const Values<std::type_identity_t<T>> &values,
                                                            const std::vector<Device> &devices = Device::all(),
                                                            const CompareProgress &progress = {});

/// The table, as text.
std::string to_string(const std::vector<Comparison> &rows);

} // namespace kronvec

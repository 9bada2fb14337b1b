#pragma once
/// Values for symbols, copied to host memory.

#include "kronvec/derivative.hpp"

#include <vector>

namespace kronvec::detail {

/// Host copies of values that lie in host memory or on one of the devices.
template <class T> class HostValues {
public:
  HostValues(const Values<T> &values, const std::vector<Device> &devices);
  const Values<T> &values() const { return values_; }

private:
  Values<T> values_;
};

} // namespace kronvec::detail

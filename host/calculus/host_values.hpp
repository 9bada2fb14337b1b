#pragma once
/// Values for symbols, brought to host memory.

#include "kronvec/derivative.hpp"

#include <vector>

namespace kronvec::detail {

/// Copies in host memory of values that lie there or on one of the devices.
template <class T> class HostValues {
public:
  HostValues(const Values<T> &values, const std::vector<Device> &devices);
  const Values<T> &values() const { return values_; }

private:
  std::vector<Matrix<T>> copies_;
  Values<T> values_;
};

} // namespace kronvec::detail

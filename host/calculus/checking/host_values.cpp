/// Copies values of symbols to host memory.

#include "calculus/checking/host_values.hpp"

#include "devices/backend.hpp"

#include <algorithm>

namespace kronvec::detail {
namespace {

bool reaches(const Device &device, const void *data) {
  try {
    device.backend().require_reachable("a value", data);
    return true;
  } catch (const DeviceError &) {
    return false;
  }
}

/// The device that owns this memory.
Device device_of_memory(const void *data, const std::vector<Device> &devices) {
  const auto found =
      std::find_if(devices.begin(), devices.end(), [&](const Device &d) { return !d.is_host() && reaches(d, data); });
  return found == devices.end() ? Device::cpu() : *found;
}

} // namespace

template <class T> HostValues<T>::HostValues(const Values<T> &values, const std::vector<Device> &devices) {
  for (const Binding<T> &binding : values) {
    const MatrixView<const T> value = binding.value;
    auto copy = Matrix<T>::uninitialized(value.rows(), value.cols());
    transfer<T>(device_of_memory(value.data(), devices).backend(), value, copy.view());
    values_.push_back({binding.symbol, std::move(copy)});
  }
  if (values.allows_unused()) values_ = values_.allow_unused();
}

template class HostValues<float>;
template class HostValues<double>;

} // namespace kronvec::detail

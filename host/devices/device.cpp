#include "kronvec/device.hpp"

#include "devices/backend.hpp"

namespace kronvec {

Device Device::reference() { return Device(reference_backend()); }
Device Device::cpu() { return Device(cpu_backend()); }
std::vector<Device> Device::all() { return {reference(), cpu()}; }

Device Device::named(std::string_view name) {
  if (name == "auto") return cpu();
  for (const Device device : all())
    if (device.name() == name) return device;
  throw DeviceError("no device '" + std::string(name) + "'; there are auto, reference and cpu");
}

std::string Device::name() const { return backend_->name(); }
std::string Device::description() const { return backend_->description(); }
std::size_t Device::bytes_in_use() const { return backend_->memory().in_use(); }
std::size_t Device::peak_bytes() const { return backend_->memory().peak(); }
void Device::reset_peak() const { backend_->memory().reset_peak(); }
std::size_t Device::bytes_free() const { return host_bytes_free(); }

} // namespace kronvec

#include "kronvec/device.hpp"

#include "devices/backend.hpp"

#include <cstring>

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
std::size_t Device::bytes_free() const { return backend_->memory().bytes_free(); }
bool Device::is_host() const { return backend_->is_host(); }
void Device::synchronize() const { backend_->synchronize(); }

void Backend::transfer(void *to, std::size_t to_step, const void *from, std::size_t from_step, std::size_t bytes,
                       std::size_t count) const {
  for (std::size_t i = 0; i < count; ++i)
    std::memcpy(static_cast<char *>(to) + i * to_step, static_cast<const char *>(from) + i * from_step, bytes);
}

} // namespace kronvec

/// Devices: by name, and what they report.

#include "kronvec/device.hpp"

#include "devices/backend.hpp"
#include "devices/cuda/module.hpp"

#include <charconv>
#include <cstring>

namespace kronvec::inline KRONVEC_ABI {

Device Device::reference() { return Device(reference_backend()); }
Device Device::cpu() { return Device(cpu_backend()); }
Device Device::cuda(int index, void *stream) { return Device(cuda_backend(CudaModule::real, index, stream)); }
Device Device::cuda_emulated() { return Device(cuda_backend(CudaModule::emulated, 0, nullptr)); }

std::vector<Device> Device::all() {
  std::vector<Device> devices{reference(), cpu()};
  for (const auto open : {+[] { return cuda(); }, +[] { return cuda_emulated(); }}) {
    try {
      devices.push_back(open());
    } catch (const DeviceError &) { // not on this machine
    }
  }
  return devices;
}

namespace {

/// The first GPU, or the CPU if no GPU works.
Device fastest() {
  try {
    return Device::cuda();
  } catch (const DeviceError &) {
    return Device::cpu();
  }
}

} // namespace

Device Device::named(std::string_view name) {
  if (name == "auto") return fastest();
  if (name == "reference") return reference();
  if (name == "cpu") return cpu();
  if (name == "cuda-emulated") return cuda_emulated();
  if (name == "cuda") return cuda();
  int index = 0;
  const std::string_view number = name.starts_with("cuda:") ? name.substr(5) : std::string_view();
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), index);
  if (!number.empty() && error == std::errc() && end == number.data() + number.size()) return cuda(index);
  throw DeviceError("no device '" + std::string(name) +
                    "'; there are auto, reference, cpu, cuda, cuda:1 and cuda-emulated");
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
  for (std::size_t i = 0; bytes > 0 && i < count; ++i)
    std::memcpy(static_cast<char *>(to) + i * to_step, static_cast<const char *>(from) + i * from_step, bytes);
}

} // namespace kronvec

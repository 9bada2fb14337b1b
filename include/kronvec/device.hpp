#pragma once
/// Devices: where matrices live and where primitives run.

#include "kronvec/abi.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

class Backend; // host/devices/backend.hpp: memory and primitives of one device

/// A handle to a device; cheap to copy, valid for the life of the process.
class Device {
public:
  /// The oracle: computes every primitive directly from its definition, unoptimised and serial.
  static Device reference();
  /// OpenBLAS, Highway and OpenMP on the host's cores.
  static Device cpu();
  /// GPU number `index`. It works in `stream` (a cudaStream_t), or in a stream of its own. Work is enqueued only:
  /// before you read results through CUDA, wait for the stream or call `synchronize`. Throws DeviceError with the
  /// reason if there is no such GPU or no driver, or if kronvec was built without CUDA.
  static Device cuda(int index = 0, void *stream = nullptr);
  /// The same host code and kernels as `cuda`, run by an emulator on the CPU: for testing, not for speed.
  static Device cuda_emulated();
  /// The devices of this machine, the oracle first. Of several GPUs, the one with index 0.
  static std::vector<Device> all();
  /// `auto` (the fastest one here), `reference`, `cpu`, `cuda`, `cuda:1` or `cuda-emulated`. Throws DeviceError.
  static Device named(std::string_view name);

  std::string name() const;
  /// One line for people: what the device runs on (SIMD target, BLAS, threads).
  std::string description() const;

  /// Whether matrices on this device lie in host memory, where any code may read their entries.
  bool is_host() const;
  /// Waits for all enqueued work. On the host there is never any.
  void synchronize() const;

  /// Bytes that this process holds on the device now, and the max since `reset_peak()`.
  std::size_t bytes_in_use() const;
  std::size_t peak_bytes() const;
  void reset_peak() const;
  /// Bytes that could still be allocated, by the operating system's estimate.
  std::size_t bytes_free() const;

  const Backend &backend() const { return *backend_; }
  friend bool operator==(Device a, Device b) { return a.backend_ == b.backend_; }

private:
  explicit Device(Backend &backend) : backend_(&backend) {}
  friend Device device_of(Backend &backend); // host/devices/backend.hpp
  Backend *backend_;
};

} // namespace KRONVEC_ABI
} // namespace kronvec

#pragma once
/// Devices: where matrices live and where primitives run.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kronvec {

class Backend; // host/devices/backend.hpp: memory and primitives of one device

/// A handle to a device; cheap to copy, valid for the life of the process.
class Device {
public:
  /// The oracle: every primitive straight from its definition, naive and serial.
  static Device reference();
  /// OpenBLAS, Highway and OpenMP on the host's cores.
  static Device cpu();
  /// GPU number `index`, working in `stream` (a cudaStream_t), or in a stream of its own. Work is only handed over: who
  /// reads results through CUDA waits for the stream, or calls `synchronize`. Throws DeviceError with the reason where
  /// there is no such GPU, no driver, or kronvec was built without CUDA.
  static Device cuda(int index = 0, void *stream = nullptr);
  /// The same code, host side and kernels, run by an emulator on the CPU: to test and to try, not to be fast.
  static Device cuda_emulated();
  /// All devices of this machine, the oracle first.
  static std::vector<Device> all();
  /// `auto` (the fastest one here), `reference`, `cpu`, `cuda`, `cuda:1` or `cuda-emulated`. Throws DeviceError.
  static Device named(std::string_view name);

  std::string name() const;
  /// One line for people: what stands behind the device (SIMD target, BLAS, threads).
  std::string description() const;

  /// Whether matrices on this device lie in host memory, where anyone may read their entries.
  bool is_host() const;
  /// Waits for all work handed to the device; on the host there never is any left.
  void synchronize() const;

  /// Bytes that this process holds on the device now, and the most it has held since `reset_peak()`.
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

} // namespace kronvec

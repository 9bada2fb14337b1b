#pragma once
/// The implementation of a `Device`: memory, a pool of workspaces, and the primitives. Float and double have all
/// primitives, complex entries those of linear algebra.

#include "devices/pool.hpp"
#include "devices/primitives.hpp"
#include "devices/recording.hpp"
#include "kronvec/device.hpp"

#include <algorithm>
#include <complex>
#include <functional>
#include <memory>

namespace kronvec::inline KRONVEC_ABI {

class KRONVEC_API Backend {
public:
  explicit Backend(std::unique_ptr<Memory> memory = std::make_unique<HostMemory>()) : memory_(std::move(memory)) {}
  virtual ~Backend() = default;
  virtual std::string name() const = 0;
  virtual std::string description() const = 0;
  virtual const Primitives<float> &primitives(float) const = 0;
  /// Primitives whose products may round operands to TF32, if the device has them.
  virtual const Primitives<float> &tf32_primitives() const { return primitives(float()); }
  virtual const Primitives<double> &primitives(double) const = 0;
  virtual const Algebra<std::complex<float>> &primitives(std::complex<float>) const = 0;
  virtual const Algebra<std::complex<double>> &primitives(std::complex<double>) const = 0;

  /// Whether the device's memory is host memory.
  virtual bool is_host() const { return true; }
  /// Copies `count` runs of `bytes` bytes, `to_step` and `from_step` bytes apart, after all earlier work on the device.
  /// Either side may be host memory. Returns when the copy is complete.
  virtual void transfer(void *to, std::size_t to_step, const void *from, std::size_t from_step, std::size_t bytes,
                        std::size_t count) const;
  /// Throws DeviceError, with `what` in its message, if the device cannot reach this memory.
  virtual void require_reachable(const char *what, const void *data) const { (void)what, (void)data; }
  /// How many of n independent parts run at the same time. On the CPU, if there are enough parts for all cores, each
  /// core runs whole parts. Otherwise one part runs at a time, and the cores share its steps.
  virtual Index parts_at_once(Index n) const { return std::min<Index>(n, 1); }
  /// Calls work(i) for 0 ≤ i < n.
  virtual void for_parts(Index n, const std::function<void(Index)> &work) const {
    for (Index i = 0; i < n; ++i)
      work(i);
  }
  /// Waits for all enqueued work.
  virtual void synchronize() const {}

  /// Whether the device can record work.
  virtual bool records() const { return false; }
  /// Records the work that work() enqueues, without running it. Throws NotRecordable; then nothing has run either.
  virtual std::unique_ptr<Recording> record(const std::function<void()> &work) const {
    (void)work;
    throw NotRecordable("a device of the host does its work at once");
  }

  Memory &memory() const { return *memory_; }
  /// Workspaces, kept for reuse. In a thread that records, the workspaces of its recording.
  virtual Pool &pool() const { return pool_; }

private:
  std::unique_ptr<Memory> memory_;
  mutable Pool pool_{*memory_};
};

/// The device of a backend; it lives as long as the backend.
inline Device device_of(Backend &backend) { return Device(backend); }

/// Y = X. Each may lie in host memory or on the device.
template <class T> void transfer(const Backend &backend, MatrixView<const T> x, MatrixView<T> y) {
  if (x.rows() == 0 || x.cols() == 0) return;
  const auto bytes = [](Index elements) { return static_cast<std::size_t>(elements) * sizeof(T); };
  const bool run = x.packed() && y.packed();
  backend.transfer(y.data(), bytes(y.ld()), x.data(), bytes(x.ld()), bytes(run ? x.rows() * x.cols() : x.rows()),
                   run ? 1 : static_cast<std::size_t>(x.cols()));
}

Backend &reference_backend(); // host/devices/reference/reference.cpp
Backend &cpu_backend();       // host/devices/cpu/cpu.cpp

} // namespace kronvec

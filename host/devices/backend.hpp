#pragma once
/// What stands behind a `Device`: memory, a pool of workspaces, and the primitives in both precisions.

#include "devices/pool.hpp"
#include "devices/primitives.hpp"

namespace kronvec {

class Backend {
public:
  virtual ~Backend() = default;
  virtual std::string name() const = 0;
  virtual std::string description() const = 0;
  virtual const Primitives<float> &primitives(float) const = 0;
  virtual const Primitives<double> &primitives(double) const = 0;

  /// Memory of the device, 64-byte aligned; counted in `memory().in_use()`. Throws OutOfMemory.
  void *allocate(std::size_t bytes) const { return memory_.allocate(bytes); }
  void deallocate(void *block, std::size_t bytes) const noexcept { memory_.deallocate(block, bytes); }
  /// Workspaces, kept for reuse.
  Pool &pool() const { return pool_; }
  HostMemory &memory() const { return memory_; }

private:
  mutable HostMemory memory_;
  mutable Pool pool_{memory_};
};

Backend &reference_backend(); // host/devices/reference/reference.cpp
Backend &cpu_backend();       // host/devices/cpu/cpu.cpp

} // namespace kronvec

/// Properties and limits of the emulated GPU: attributes, sizes of grids and blocks, and shared memory beyond 48 KiB,
/// which a kernel must request.

#include "devices/emulation/world.hpp"

#include <cstring>
#include <map>

namespace kronvec::emulation {
namespace {

/// Max dynamic shared memory of a kernel. Guarded by `mutex`.
int &shared_memory_of(const void *kernel) {
  static auto &all = *new std::map<const void *, int>;
  return all.try_emplace(kernel, 48 * 1024).first->second;
}

} // namespace

cudaError_t check_launch(const void *kernel, dim3 grid, dim3 block, std::size_t shared_bytes) {
  const std::lock_guard lock(mutex());
  const std::size_t threads = std::size_t(block.x) * block.y * block.z;
  const bool fits = threads > 0 && threads <= 1024 && block.z <= 64 && grid.x > 0 && grid.x <= 0x7fffffff &&
                    grid.y > 0 && grid.y <= 65535 && grid.z > 0 && grid.z <= 65535 &&
                    shared_bytes <= static_cast<std::size_t>(shared_memory_of(kernel));
  return result(fits ? cudaSuccess : cudaErrorInvalidConfiguration);
}

} // namespace kronvec::emulation

using namespace kronvec::emulation;

extern "C" {

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int) {
  *properties = {};
  std::strncpy(properties->name, "emulated on the CPU", sizeof properties->name - 1);
  properties->major = 9, properties->totalGlobalMem = memory_size;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
  case cudaDevAttrMaxSharedMemoryPerBlockOptin:
    return *value = static_cast<int>(max_shared_memory), cudaSuccess;
  case cudaDevAttrMaxPitch:
    return *value = static_cast<int>(max_pitch), cudaSuccess;
  case cudaDevAttrComputeCapabilityMajor:
    return *value = 9, cudaSuccess;
  default:
    return result(cudaErrorInvalidValue);
  }
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, const void *kernel) {
  const std::lock_guard lock(mutex());
  *attributes = {};
  attributes->maxDynamicSharedSizeBytes = shared_memory_of(kernel);
  return cudaSuccess;
}

/// The limit belongs to the kernel and applies to all threads. Lowering it is an error, because another thread's launch
/// may need it.
cudaError_t cudaFuncSetAttribute(const void *kernel, cudaFuncAttribute attribute, int value) {
  const std::lock_guard lock(mutex());
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 ||
      static_cast<std::size_t>(value) > max_shared_memory)
    return result(cudaErrorInvalidValue);
  int &most = shared_memory_of(kernel);
  if (value < most)
    throw Misuse("cudaFuncSetAttribute: another thread may need the shared memory that this takes away");
  return most = value, cudaSuccess;
}

} // extern "C"

/// What the double says of the device: there is one, of the kind of an H100, and it has these limits.

#include "devices/emulation/world.hpp"

#include <cuda_runtime_api.h>

#include <cstring>

namespace kronvec::emulation {
namespace {

constexpr std::size_t most_shared_memory = 227 << 10; ///< of a block, on an sm_90

} // namespace

cudaError_t check_launch(dim3 grid, dim3 block, std::size_t shared_bytes) {
  const std::size_t threads = std::size_t(block.x) * block.y * block.z;
  const bool fits = threads > 0 && threads <= 1024 && block.z <= 64 && grid.x > 0 && grid.x <= 0x7fffffff &&
                    grid.y > 0 && grid.y <= 65535 && grid.z > 0 && grid.z <= 65535 &&
                    shared_bytes <= most_shared_memory;
  return result(fits ? cudaSuccess : cudaErrorInvalidConfiguration);
}

} // namespace kronvec::emulation

using namespace kronvec::emulation;

extern "C" {

cudaError_t cudaGetDeviceCount(int *count) { return *count = 1, cudaSuccess; }
cudaError_t cudaGetDevice(int *device) { return *device = 0, cudaSuccess; }
cudaError_t cudaSetDevice(int device) { return result(device == 0 ? cudaSuccess : cudaErrorInvalidDevice); }

const char *cudaGetErrorString(cudaError_t error) {
  switch (error) {
  case cudaSuccess:
    return "no error";
  case cudaErrorInvalidConfiguration:
    return "invalid configuration argument";
  case cudaErrorInvalidDevice:
    return "invalid device ordinal";
  case cudaErrorMemoryAllocation:
    return "out of memory";
  case cudaErrorInvalidValue:
    return "invalid argument";
  case cudaErrorIllegalState:
    return "the operation cannot be performed in the present state";
  case cudaErrorStreamCaptureUnsupported:
    return "operation not permitted when stream is capturing";
  default:
    return "an error of the emulated runtime";
  }
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int) {
  *properties = {};
  std::strncpy(properties->name, "emulated on the CPU", sizeof properties->name - 1);
  properties->major = 9, properties->totalGlobalMem = memory_size;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
  case cudaDevAttrMaxSharedMemoryPerBlockOptin:
    return *value = static_cast<int>(most_shared_memory), cudaSuccess;
  case cudaDevAttrComputeCapabilityMajor:
    return *value = 9, cudaSuccess;
  default:
    return result(cudaErrorInvalidValue);
  }
}

} // extern "C"

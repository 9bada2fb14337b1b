#pragma once
/// Shared memory beyond the 48 KiB that every launch may use.

#include <cuda_runtime_api.h>

#include <cstddef>

namespace kronvec::kernels {

/// Allows a kernel to use this much shared memory per block. The limit belongs to the kernel and is shared by all
/// threads that launch it. If each launch set only what it needs, another thread could lower the limit just before the
/// launch. So every launch requests the maximum.
inline cudaError_t allow_shared_memory(const void *kernel, std::size_t bytes) {
  constexpr std::size_t without_leave = 48 * 1024;
  if (bytes <= without_leave) return cudaSuccess;
  int device = 0, most = 0;
  cudaFuncAttributes attributes{};
  cudaError_t status = cudaGetDevice(&device);
  if (status == cudaSuccess) status = cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
  if (status == cudaSuccess) status = cudaFuncGetAttributes(&attributes, kernel);
  if (status != cudaSuccess) return status;
  return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                              most - static_cast<int>(attributes.sharedSizeBytes));
}

} // namespace kronvec::kernels

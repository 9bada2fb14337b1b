#pragma once
/// Shared memory of launches that want more than every launch may have.

#include <cuda_runtime_api.h>

#include <cstddef>

namespace kronvec::kernels {

/// Gives a kernel leave to have so many bytes in a block. The leave is the kernel's, whichever thread launches it: if
/// each launch asked for what it needs itself, another thread could lower it just before. So all ask for all there is.
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

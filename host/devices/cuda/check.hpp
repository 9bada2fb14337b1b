#pragma once
/// Turns errors of CUDA, cuBLAS and cuSOLVER into exceptions that name the call.

#include "kronvec/error.hpp"

#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cusolverDn.h>

#include <string>

namespace kronvec::cuda {

inline void check(cudaError_t status, const char *call) {
  if (status == cudaSuccess) return;
  (void)cudaGetLastError(); // clears the error, so that the next call does not report it again
  throw DeviceError(std::string("CUDA: ") + call + ": " + cudaGetErrorString(status));
}

inline void check(cublasStatus_t status, const char *call) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw DeviceError(std::string("cuBLAS: ") + call + ": " + cublasGetStatusString(status));
}

inline void check(cusolverStatus_t status, const char *call) {
  if (status != CUSOLVER_STATUS_SUCCESS)
    throw DeviceError(std::string("cuSOLVER: ") + call + ": status " + std::to_string(static_cast<int>(status)));
}

} // namespace kronvec::cuda

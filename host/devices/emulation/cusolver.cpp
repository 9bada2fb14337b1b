/// A test double of the cuSOLVER calls that kronvec makes. It runs on the CPU's LAPACK, in stream order.

#include "devices/emulation/stream.hpp"

#include <cusolverDn.h>
#include <lapacke.h>

#include <algorithm>
#include <cstring>
#include <vector>

struct cusolverDnContext {
  cudaStream_t stream = nullptr;
};
struct cusolverDnParams {};

namespace kronvec::emulation {
namespace {

/// Bytes of workspace that the double requires on the device and on the host. It checks that it gets them, and writes
/// to the host workspace when the work runs.
constexpr std::size_t workspace = 256, host_workspace = 64;

std::size_t bytes(cudaDataType type) { return type == CUDA_R_64F ? 8 : 4; }

bool bad(int64_t n, int64_t ld, cudaDataType type, cudaDataType compute) {
  return n < 0 || ld < std::max<int64_t>(1, n) || type != compute || (type != CUDA_R_32F && type != CUDA_R_64F);
}

std::size_t extent(int64_t rows, int64_t cols, int64_t ld, cudaDataType type) {
  return rows == 0 || cols == 0 ? 0 : static_cast<std::size_t>((cols - 1) * ld + rows) * bytes(type);
}

template <class T> std::size_t extent_of(int n, int ld) {
  return extent(n, n, ld, sizeof(T) == 8 ? CUDA_R_64F : CUDA_R_32F);
}

template <class T> cusolverStatus_t cholesky(auto *potrf, cusolverDnHandle_t handle, cublasFillMode_t uplo, int n,
                                             T **a, int lda, int *info, int count) {
  if (n < 0 || count < 0 || lda < std::max(1, n)) return CUSOLVER_STATUS_INVALID_VALUE;
  const char *call = "cusolverDnpotrfBatched";
  const auto items = static_cast<std::size_t>(count);
  require_device_memory(call, "Aarray", a, items * sizeof(T *));
  require_device_memory(call, "infoArray", info, items * sizeof(int));
  enqueue(handle->stream, [=] {
    for (int t = 0; t < count; ++t) {
      require_memory_at_work(call, "a matrix of Aarray", a[t], extent_of<T>(n, lda));
      info[t] = potrf(LAPACK_COL_MAJOR, uplo == CUBLAS_FILL_MODE_LOWER ? 'L' : 'U', n, a[t], lda);
    }
  });
  return CUSOLVER_STATUS_SUCCESS;
}

} // namespace
} // namespace kronvec::emulation

using namespace kronvec::emulation;

extern "C" {

cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t *handle) {
  return *handle = new cusolverDnContext, CUSOLVER_STATUS_SUCCESS;
}
cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t handle) { return delete handle, CUSOLVER_STATUS_SUCCESS; }
cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t handle, cudaStream_t stream) {
  check_stream("cusolverDnSetStream", stream);
  return handle->stream = stream, CUSOLVER_STATUS_SUCCESS;
}
cusolverStatus_t cusolverDnCreateParams(cusolverDnParams_t *params) {
  return *params = new cusolverDnParams, CUSOLVER_STATUS_SUCCESS;
}
cusolverStatus_t cusolverDnDestroyParams(cusolverDnParams_t params) { return delete params, CUSOLVER_STATUS_SUCCESS; }

cusolverStatus_t cusolverDnXgetrf_bufferSize(cusolverDnHandle_t, cusolverDnParams_t, int64_t m, int64_t n,
                                             cudaDataType type, const void *, int64_t lda, cudaDataType compute,
                                             size_t *device, size_t *host) {
  if (m != n || bad(n, lda, type, compute)) return CUSOLVER_STATUS_INVALID_VALUE;
  return *device = workspace, *host = host_workspace, CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnXgetrf(cusolverDnHandle_t handle, cusolverDnParams_t, int64_t m, int64_t n,
                                  cudaDataType type, void *a, int64_t lda, int64_t *pivots, cudaDataType compute,
                                  void *buffer, size_t buffer_bytes, void *host_buffer, size_t host_bytes, int *info) {
  if (m != n || bad(n, lda, type, compute) || buffer_bytes < workspace || host_bytes < host_workspace)
    return CUSOLVER_STATUS_INVALID_VALUE;
  require_device_memory("cusolverDnXgetrf", "A", a, extent(n, n, lda, type));
  require_device_memory("cusolverDnXgetrf", "ipiv", pivots, static_cast<std::size_t>(n) * sizeof(int64_t));
  require_device_memory("cusolverDnXgetrf", "bufferOnDevice", buffer, workspace);
  require_device_memory("cusolverDnXgetrf", "info", info, sizeof(int));
  enqueue(handle->stream, [=] {
    std::memset(host_buffer, 0, host_workspace);
    std::vector<int> exchanges(static_cast<std::size_t>(n));
    const int size = static_cast<int>(n), ld = static_cast<int>(lda);
    *info = type == CUDA_R_64F
                ? LAPACKE_dgetrf_work(LAPACK_COL_MAJOR, size, size, static_cast<double *>(a), ld, exchanges.data())
                : LAPACKE_sgetrf_work(LAPACK_COL_MAJOR, size, size, static_cast<float *>(a), ld, exchanges.data());
    std::copy(exchanges.begin(), exchanges.end(), pivots);
  });
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnXgetrs(cusolverDnHandle_t handle, cusolverDnParams_t, cublasOperation_t op, int64_t n,
                                  int64_t columns, cudaDataType type, const void *a, int64_t lda, const int64_t *pivots,
                                  cudaDataType type_b, void *b, int64_t ldb, int *info) {
  if (bad(n, lda, type, type_b) || ldb < std::max<int64_t>(1, n) || columns < 0) return CUSOLVER_STATUS_INVALID_VALUE;
  require_device_memory("cusolverDnXgetrs", "A", a, extent(n, n, lda, type));
  require_device_memory("cusolverDnXgetrs", "ipiv", pivots, static_cast<std::size_t>(n) * sizeof(int64_t));
  require_device_memory("cusolverDnXgetrs", "B", b, extent(n, columns, ldb, type));
  require_device_memory("cusolverDnXgetrs", "info", info, sizeof(int));
  enqueue(handle->stream, [=] {
    const std::vector<int> exchanges(pivots, pivots + n);
    const char letter = op == CUBLAS_OP_N ? 'N' : 'T';
    const int size = static_cast<int>(n), count = static_cast<int>(columns), ld = static_cast<int>(lda);
    *info = type == CUDA_R_64F
                ? LAPACKE_dgetrs_work(LAPACK_COL_MAJOR, letter, size, count, static_cast<const double *>(a), ld,
                                      exchanges.data(), static_cast<double *>(b), static_cast<int>(ldb))
                : LAPACKE_sgetrs_work(LAPACK_COL_MAJOR, letter, size, count, static_cast<const float *>(a), ld,
                                      exchanges.data(), static_cast<float *>(b), static_cast<int>(ldb));
  });
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnXpotrf_bufferSize(cusolverDnHandle_t, cusolverDnParams_t, cublasFillMode_t, int64_t n,
                                             cudaDataType type, const void *, int64_t lda, cudaDataType compute,
                                             size_t *device, size_t *host) {
  if (bad(n, lda, type, compute)) return CUSOLVER_STATUS_INVALID_VALUE;
  return *device = workspace, *host = host_workspace, CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnXpotrf(cusolverDnHandle_t handle, cusolverDnParams_t, cublasFillMode_t uplo, int64_t n,
                                  cudaDataType type, void *a, int64_t lda, cudaDataType compute, void *buffer,
                                  size_t buffer_bytes, void *host_buffer, size_t host_bytes, int *info) {
  if (bad(n, lda, type, compute) || buffer_bytes < workspace || host_bytes < host_workspace)
    return CUSOLVER_STATUS_INVALID_VALUE;
  require_device_memory("cusolverDnXpotrf", "A", a, extent(n, n, lda, type));
  require_device_memory("cusolverDnXpotrf", "bufferOnDevice", buffer, workspace);
  require_device_memory("cusolverDnXpotrf", "info", info, sizeof(int));
  enqueue(handle->stream, [=] {
    std::memset(host_buffer, 0, host_workspace);
    const char letter = uplo == CUBLAS_FILL_MODE_LOWER ? 'L' : 'U';
    const int size = static_cast<int>(n), ld = static_cast<int>(lda);
    *info = type == CUDA_R_64F ? LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, letter, size, static_cast<double *>(a), ld)
                               : LAPACKE_spotrf_work(LAPACK_COL_MAJOR, letter, size, static_cast<float *>(a), ld);
  });
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnSpotrfBatched(cusolverDnHandle_t handle, cublasFillMode_t uplo, int n, float *a[], int lda,
                                         int *info, int count) {
  return cholesky<float>(LAPACKE_spotrf_work, handle, uplo, n, a, lda, info, count);
}
cusolverStatus_t cusolverDnDpotrfBatched(cusolverDnHandle_t handle, cublasFillMode_t uplo, int n, double *a[], int lda,
                                         int *info, int count) {
  return cholesky<double>(LAPACKE_dpotrf_work, handle, uplo, n, a, lda, info, count);
}

} // extern "C"

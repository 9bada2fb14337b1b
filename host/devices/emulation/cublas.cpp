/// A test double of the cuBLAS calls that kronvec makes. It runs on the CPU's BLAS and LAPACK, in stream order.

#include "devices/emulation/stream.hpp"
#include "devices/emulation/tensor_cores.hpp"

#include <cblas.h>
#include <cublas_v2.h>
#include <fmt/format.h>
#include <lapacke.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

struct cublasContext {
  cudaStream_t stream = nullptr;
  void *workspace = nullptr; ///< the caller's, or null for the library's own
  std::size_t workspace_bytes = 0;
};

namespace kronvec::emulation {
namespace {

/// While a stream captures, the caller must have set a workspace: cuBLAS's own would become an allocation node of the
/// graph.
void submit(cublasHandle_t handle, std::function<void()> work) {
  if (captures(handle->stream) && !handle->workspace)
    throw Misuse("cuBLAS: a stream captures, and the caller has set no workspace");
  enqueue(handle->stream, [work = std::move(work), workspace = handle->workspace, bytes = handle->workspace_bytes] {
    if (workspace) require_memory_at_work("cuBLAS", "the workspace", workspace, bytes);
    work();
  });
}

CBLAS_TRANSPOSE flag(cublasOperation_t op) { return op == CUBLAS_OP_N ? CblasNoTrans : CblasTrans; }

/// Number of bytes from the first entry of the first matrix to the last entry of the last.
template <class T> std::size_t extent(int64_t rows, int64_t cols, int64_t ld, int64_t stride, int64_t count) {
  if (rows == 0 || cols == 0 || count == 0) return 0;
  return static_cast<std::size_t>((count - 1) * stride + (cols - 1) * ld + rows) * sizeof(T);
}

/// `gemm` takes the types of cblas, which passes complex numbers by address.
template <class T> cublasStatus_t multiply(auto gemm, cublasHandle_t handle, cublasOperation_t op_a,
                                           cublasOperation_t op_b, int64_t m, int64_t n, int64_t k, const T *alpha,
                                           const T *a, int64_t lda, int64_t stride_a, const T *b, int64_t ldb,
                                           int64_t stride_b, const T *beta, T *c, int64_t ldc, int64_t stride_c,
                                           int64_t count) {
  const bool plain_a = op_a == CUBLAS_OP_N, plain_b = op_b == CUBLAS_OP_N;
  const int64_t rows_a = plain_a ? m : k, cols_a = plain_a ? k : m, rows_b = plain_b ? k : n, cols_b = plain_b ? n : k;
  if (m < 0 || n < 0 || k < 0 || count < 0 || lda < std::max<int64_t>(1, rows_a) ||
      ldb < std::max<int64_t>(1, rows_b) || ldc < std::max<int64_t>(1, m))
    return CUBLAS_STATUS_INVALID_VALUE;
  const char *call = "cublasGemmStridedBatched";
  for (const void *operand : {static_cast<const void *>(alpha), static_cast<const void *>(beta),
                              static_cast<const void *>(a), static_cast<const void *>(b), static_cast<const void *>(c)})
    if (reinterpret_cast<std::uintptr_t>(operand) % alignof(T) != 0)
      throw Misuse(fmt::format("{}: an operand is not aligned as its type is", call));
  require_device_memory(call, "A", a, extent<T>(rows_a, cols_a, lda, stride_a, count));
  require_device_memory(call, "B", b, extent<T>(rows_b, cols_b, ldb, stride_b, count));
  require_device_memory(call, "C", c, extent<T>(m, n, ldc, stride_c, count));
  submit(handle, [=, alpha = *alpha, beta = *beta] {
    for (int64_t t = 0; t < count; ++t)
      gemm(CblasColMajor, flag(op_a), flag(op_b), static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), alpha,
           a + t * stride_a, static_cast<int>(lda), b + t * stride_b, static_cast<int>(ldb), beta, c + t * stride_c,
           static_cast<int>(ldc));
  });
  return CUBLAS_STATUS_SUCCESS;
}

/// A complex product of cblas that takes α and β by value.
template <class T> auto by_address(auto *gemm) {
  return
      [gemm](auto layout, auto op_a, auto op_b, int m, int n, int k, T alpha, const T *a, int lda, const T *b, int ldb,
             T beta, T *c, int ldc) { gemm(layout, op_a, op_b, m, n, k, &alpha, a, lda, b, ldb, &beta, c, ldc); };
}

/// cblas_sgemm with copies of the operands, rounded to TF32.
void rounded_sgemm(CBLAS_LAYOUT layout, CBLAS_TRANSPOSE op_a, CBLAS_TRANSPOSE op_b, int m, int n, int k, float alpha,
                   const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc) {
  const auto rounded = [](const float *x, int rows, int cols, int ld) {
    std::vector<float> copy(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols));
    for (std::size_t i = 0; i < copy.size(); ++i) {
      const auto row = static_cast<std::ptrdiff_t>(i) % rows, col = static_cast<std::ptrdiff_t>(i) / rows;
      copy[i] = to_tf32(x[row + col * ld]);
    }
    return copy;
  };
  const int rows_a = op_a == CblasNoTrans ? m : k, rows_b = op_b == CblasNoTrans ? k : n;
  const auto ra = rounded(a, rows_a, m + k - rows_a, lda), rb = rounded(b, rows_b, k + n - rows_b, ldb);
  cblas_sgemm(layout, op_a, op_b, m, n, k, alpha, ra.data(), std::max(rows_a, 1), rb.data(), std::max(rows_b, 1), beta,
              c, ldc);
}

template <class T> cublasStatus_t factor(auto *getrf, cublasHandle_t handle, int n, T *const *a, int lda, int *pivots,
                                         int *info, int count) {
  if (n < 0 || count < 0 || lda < std::max(1, n)) return CUBLAS_STATUS_INVALID_VALUE;
  const auto items = static_cast<std::size_t>(count), side = static_cast<std::size_t>(n);
  require_device_memory("cublasGetrfBatched", "Aarray", a, items * sizeof(T *));
  require_device_memory("cublasGetrfBatched", "PivotArray", pivots, items * side * sizeof(int));
  require_device_memory("cublasGetrfBatched", "infoArray", info, items * sizeof(int));
  submit(handle, [=] {
    for (int t = 0; t < count; ++t) {
      require_memory_at_work("cublasGetrfBatched", "a matrix of Aarray", a[t], extent<T>(n, n, lda, 0, 1));
      info[t] = getrf(LAPACK_COL_MAJOR, n, n, a[t], lda, pivots + t * n);
    }
  });
  return CUBLAS_STATUS_SUCCESS;
}

template <class T> cublasStatus_t invert(auto *getri, cublasHandle_t handle, int n, const T *const *a, int lda,
                                         const int *pivots, T *const *c, int ldc, int *info, int count) {
  if (n < 0 || count < 0 || lda < std::max(1, n) || ldc < std::max(1, n)) return CUBLAS_STATUS_INVALID_VALUE;
  require_device_memory("cublasGetriBatched", "Carray", c, static_cast<std::size_t>(count) * sizeof(T *));
  submit(handle, [=] {
    std::vector<T> work(static_cast<std::size_t>(std::max(1, n)) * 64);
    for (int t = 0; t < count; ++t) {
      require_memory_at_work("cublasGetriBatched", "a matrix of Carray", c[t], extent<T>(n, n, ldc, 0, 1));
      if (c[t] < a[t] + extent<T>(n, n, lda, 0, 1) / sizeof(T) && a[t] < c[t] + extent<T>(n, n, ldc, 0, 1) / sizeof(T))
        throw Misuse("cublasGetriBatched: an inverse overlaps the factors");
      for (int j = 0; j < n; ++j)
        std::memcpy(c[t] + std::ptrdiff_t(j) * ldc, a[t] + std::ptrdiff_t(j) * lda,
                    static_cast<std::size_t>(n) * sizeof(T));
      info[t] = getri(LAPACK_COL_MAJOR, n, c[t], ldc, pivots + t * n, work.data(), static_cast<int>(work.size()));
    }
  });
  return CUBLAS_STATUS_SUCCESS;
}

/// `refused` lies on the host and is set immediately.
template <class T> cublasStatus_t solve(auto *getrs, cublasHandle_t handle, cublasOperation_t op, int n, int columns,
                                        const T *const *a, int lda, const int *pivots, T *const *b, int ldb,
                                        int *refused, int count) {
  if (n < 0 || columns < 0 || count < 0 || lda < std::max(1, n) || ldb < std::max(1, n))
    return CUBLAS_STATUS_INVALID_VALUE;
  const char *call = "cublasGetrsBatched";
  const auto items = static_cast<std::size_t>(count), side = static_cast<std::size_t>(n);
  require_device_memory(call, "Aarray", a, items * sizeof(T *));
  require_device_memory(call, "Barray", b, items * sizeof(T *));
  require_device_memory(call, "devIpiv", pivots, items * side * sizeof(int));
  *refused = 0;
  submit(handle, [=] {
    for (int t = 0; t < count; ++t) {
      require_memory_at_work(call, "a matrix of Aarray", a[t], extent<T>(n, n, lda, 0, 1));
      require_memory_at_work(call, "a matrix of Barray", b[t], extent<T>(n, columns, ldb, 0, 1));
      getrs(LAPACK_COL_MAJOR, op == CUBLAS_OP_N ? 'N' : 'T', n, columns, a[t], lda, pivots + t * n, b[t], ldb);
    }
  });
  return CUBLAS_STATUS_SUCCESS;
}

} // namespace
} // namespace kronvec::emulation

using namespace kronvec::emulation;

extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t *handle) { return *handle = new cublasContext, CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) { return delete handle, CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  check_stream("cublasSetStream", stream);
  handle->stream = stream, handle->workspace = nullptr;
  return CUBLAS_STATUS_SUCCESS;
}
/// This workspace stays in use until the caller sets a stream.
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void *workspace, size_t bytes) {
  require_device_memory("cublasSetWorkspace", "the workspace", workspace, bytes);
  handle->workspace = workspace, handle->workspace_bytes = bytes;
  return CUBLAS_STATUS_SUCCESS;
}
const char *cublasGetStatusString(cublasStatus_t status) {
  return status == CUBLAS_STATUS_SUCCESS         ? "success"
         : status == CUBLAS_STATUS_INVALID_VALUE ? "an unsupported value or parameter was passed"
                                                 : "an error of the emulated cuBLAS";
}

cublasStatus_t cublasSgemmStridedBatched_64(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                                            int64_t m, int64_t n, int64_t k, const float *alpha, const float *a,
                                            int64_t lda, long long stride_a, const float *b, int64_t ldb,
                                            long long stride_b, const float *beta, float *c, int64_t ldc,
                                            long long stride_c, int64_t count) {
  return multiply(cblas_sgemm, handle, op_a, op_b, m, n, k, alpha, a, lda, stride_a, b, ldb, stride_b, beta, c, ldc,
                  stride_c, count);
}
cublasStatus_t cublasDgemmStridedBatched_64(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                                            int64_t m, int64_t n, int64_t k, const double *alpha, const double *a,
                                            int64_t lda, long long stride_a, const double *b, int64_t ldb,
                                            long long stride_b, const double *beta, double *c, int64_t ldc,
                                            long long stride_c, int64_t count) {
  return multiply(cblas_dgemm, handle, op_a, op_b, m, n, k, alpha, a, lda, stride_a, b, ldb, stride_b, beta, c, ldc,
                  stride_c, count);
}
cublasStatus_t cublasCgemmStridedBatched_64(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                                            int64_t m, int64_t n, int64_t k, const cuComplex *alpha, const cuComplex *a,
                                            int64_t lda, long long stride_a, const cuComplex *b, int64_t ldb,
                                            long long stride_b, const cuComplex *beta, cuComplex *c, int64_t ldc,
                                            long long stride_c, int64_t count) {
  return multiply(by_address<cuComplex>(cblas_cgemm), handle, op_a, op_b, m, n, k, alpha, a, lda, stride_a, b, ldb,
                  stride_b, beta, c, ldc, stride_c, count);
}
cublasStatus_t cublasZgemmStridedBatched_64(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                                            int64_t m, int64_t n, int64_t k, const cuDoubleComplex *alpha,
                                            const cuDoubleComplex *a, int64_t lda, long long stride_a,
                                            const cuDoubleComplex *b, int64_t ldb, long long stride_b,
                                            const cuDoubleComplex *beta, cuDoubleComplex *c, int64_t ldc,
                                            long long stride_c, int64_t count) {
  return multiply(by_address<cuDoubleComplex>(cblas_zgemm), handle, op_a, op_b, m, n, k, alpha, a, lda, stride_a, b,
                  ldb, stride_b, beta, c, ldc, stride_c, count);
}
cublasStatus_t cublasGemmStridedBatchedEx_64(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                                             int64_t m, int64_t n, int64_t k, const void *alpha, const void *a,
                                             cudaDataType type_a, int64_t lda, long long stride_a, const void *b,
                                             cudaDataType type_b, int64_t ldb, long long stride_b, const void *beta,
                                             void *c, cudaDataType type_c, int64_t ldc, long long stride_c,
                                             int64_t count, cublasComputeType_t compute, cublasGemmAlgo_t) {
  if (type_a != CUDA_R_32F || type_b != CUDA_R_32F || type_c != CUDA_R_32F || compute != CUBLAS_COMPUTE_32F_FAST_TF32)
    return CUBLAS_STATUS_NOT_SUPPORTED;
  const auto floats = [](const void *x) { return static_cast<const float *>(x); };
  return multiply(rounded_sgemm, handle, op_a, op_b, m, n, k, floats(alpha), floats(a), lda, stride_a, floats(b), ldb,
                  stride_b, floats(beta), static_cast<float *>(c), ldc, stride_c, count);
}
cublasStatus_t cublasSgetrfBatched(cublasHandle_t h, int n, float *const a[], int lda, int *pivots, int *info,
                                   int count) {
  return factor<float>(LAPACKE_sgetrf_work, h, n, a, lda, pivots, info, count);
}
cublasStatus_t cublasDgetrfBatched(cublasHandle_t h, int n, double *const a[], int lda, int *pivots, int *info,
                                   int count) {
  return factor<double>(LAPACKE_dgetrf_work, h, n, a, lda, pivots, info, count);
}
cublasStatus_t cublasSgetriBatched(cublasHandle_t h, int n, const float *const a[], int lda, const int *pivots,
                                   float *const c[], int ldc, int *info, int count) {
  return invert<float>(LAPACKE_sgetri_work, h, n, a, lda, pivots, c, ldc, info, count);
}
cublasStatus_t cublasDgetriBatched(cublasHandle_t h, int n, const double *const a[], int lda, const int *pivots,
                                   double *const c[], int ldc, int *info, int count) {
  return invert<double>(LAPACKE_dgetri_work, h, n, a, lda, pivots, c, ldc, info, count);
}
cublasStatus_t cublasSgetrsBatched(cublasHandle_t h, cublasOperation_t op, int n, int columns, const float *const a[],
                                   int lda, const int *pivots, float *const b[], int ldb, int *info, int count) {
  return solve<float>(LAPACKE_sgetrs_work, h, op, n, columns, a, lda, pivots, b, ldb, info, count);
}
cublasStatus_t cublasDgetrsBatched(cublasHandle_t h, cublasOperation_t op, int n, int columns, const double *const a[],
                                   int lda, const int *pivots, double *const b[], int ldb, int *info, int count) {
  return solve<double>(LAPACKE_dgetrs_work, h, op, n, columns, a, lda, pivots, b, ldb, info, count);
}

} // extern "C"

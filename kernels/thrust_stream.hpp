#pragma once
/// Runs Thrust in a stream: under nvcc its CUDA system; under the emulator its serial system, queued like a kernel.

#include "kernels/portability.hpp"

#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/sort.h>

#ifdef __CUDACC__
#include <thrust/system/cuda/execution_policy.h>
#include <thrust/system_error.h>
#else
#include <thrust/system/cpp/execution_policy.h>
#endif

#include <cstdint>

namespace kronvec::kernels {

/// Calls work(k) for 0 ≤ k < n, in any order, in the stream.
template <class Work> cudaError_t for_each_index(std::int64_t n, Work work, cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  const thrust::counting_iterator<std::int64_t> first(0);
#ifdef __CUDACC__
  try {
    thrust::for_each_n(thrust::cuda::par_nosync.on(stream), first, n, work);
  } catch (const thrust::system_error &error) {
    return static_cast<cudaError_t>(error.code().value());
  }
#else
  emulation::check_argument(stream, work);
  emulation::enqueue(stream, [=] { thrust::for_each_n(thrust::cpp::par, first, n, work); });
#endif
  return cudaPeekAtLastError(); // Thrust does the same; an earlier error of other code is reported as ours
}

#ifdef __CUDACC__
/// Allocates Thrust's workspaces in stream order.
struct StreamAllocator {
  using value_type = char;
  cudaStream_t stream;
  char *allocate(std::ptrdiff_t bytes) const {
    void *block = nullptr;
    const cudaError_t status = cudaMallocAsync(&block, static_cast<std::size_t>(bytes), stream);
    if (status != cudaSuccess) throw thrust::system_error(status, thrust::cuda_category());
    return static_cast<char *>(block);
  }
  void deallocate(char *block, std::size_t) const { (void)cudaFreeAsync(block, stream); }
};
#endif

/// Sorts the n keys, and the values with them. Values with equal keys keep their order.
inline cudaError_t sort_by_key(std::int64_t *keys, std::int64_t *values, std::int64_t n, cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
#ifdef __CUDACC__
  try {
    StreamAllocator workspaces{stream};
    thrust::stable_sort_by_key(thrust::cuda::par_nosync(workspaces).on(stream), keys, keys + n, values);
  } catch (const thrust::system_error &error) {
    return static_cast<cudaError_t>(error.code().value());
  }
#else
  emulation::check_argument(stream, keys), emulation::check_argument(stream, values);
  emulation::enqueue(stream, [=] { thrust::stable_sort_by_key(thrust::cpp::par, keys, keys + n, values); });
#endif
  return cudaSuccess;
}

} // namespace kronvec::kernels

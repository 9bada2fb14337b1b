#pragma once
/// Thrust in a stream: its CUDA system under nvcc, its serial system, queued like a kernel, under the emulator.

#include "kernels/portability.hpp"

#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>

#ifdef __CUDACC__
#include <thrust/system/cuda/execution_policy.h>
#include <thrust/system_error.h>
#else
#include <thrust/system/cpp/execution_policy.h>
#endif

#include <cstdint>

namespace kronvec::kernels {

/// work(k) for 0 ≤ k < n, in any order, in the stream.
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
  emulation::enqueue(stream, [=] { thrust::for_each_n(thrust::cpp::par, first, n, work); });
#endif
  return cudaSuccess;
}

} // namespace kronvec::kernels

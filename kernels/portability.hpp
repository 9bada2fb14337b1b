#pragma once
/// Hides from the kernels whether nvcc compiles them for a GPU or g++ for the emulator, as do `host_device.hpp`,
/// `mma.hpp` and `thrust_stream.hpp`. Kernels use CUDA's own names (threadIdx, __syncthreads, __shfl_down_sync) and,
/// from here, KRONVEC_SHARED, KRONVEC_DYNAMIC_SHARED, KRONVEC_WITHIN, KRONVEC_BEYOND, KRONVEC_STRIDE, KRONVEC_UNROLL,
/// KRONVEC_ROLLED, at_most, blocks_for, launch, warp_multiply_add and to_tf32.

#include <algorithm>
#include <cstdint>

#ifdef __CUDACC__

#include "kernels/mma.hpp"
#include "kernels/shared_memory.hpp"

#include <cuda_pipeline_primitives.h>
#include <cuda_runtime.h>

#include <utility>

/// An array in shared memory: KRONVEC_SHARED(tile, T[32][33]).
#define KRONVEC_SHARED(name, ...) __shared__ kronvec::kernels::identity_t<__VA_ARGS__> name
/// The shared memory that the launch requested, as a pointer to T.
#define KRONVEC_DYNAMIC_SHARED(name, ...)                                                                              \
  extern __shared__ __align__(16) unsigned char kronvec_dynamic_shared[];                                              \
  auto *name = reinterpret_cast<kronvec::kernels::identity_t<__VA_ARGS__> *>(kronvec_dynamic_shared)
/// Bound checks: conditions that something lies within its bounds, or beyond them. The emulator can remove one, as if
/// everything were within, to test whether the tests notice.
#define KRONVEC_WITHIN(...) (__VA_ARGS__)
#define KRONVEC_BEYOND(...) (__VA_ARGS__)
/// The step to a loop's next task or entry. The emulator can end the loop after its first iteration.
#define KRONVEC_STRIDE(...) (__VA_ARGS__)
/// For a loop over a thread's own array: its entries are registers only if their indices are constants.
#define KRONVEC_UNROLL _Pragma("unroll")
/// For a loop that is long enough, and whose unrolling would cost registers.
#define KRONVEC_ROLLED _Pragma("unroll 1")

namespace kronvec::kernels {

template <class T> struct identity { using type = T; };
template <class T> using identity_t = typename identity<T>::type;

/// Max grid of a kernel whose blocks take several tasks. The emulator can lower it.
constexpr std::int64_t at_most(std::int64_t blocks) { return blocks; }

/// kernel<<<grid, block, shared_bytes, stream>>>(arguments…).
template <class... P, class... A> cudaError_t launch(void (*kernel)(P...), dim3 grid, dim3 block,
                                                     std::size_t shared_bytes, cudaStream_t stream, A &&...arguments) {
  cudaLaunchConfig_t configuration{};
  configuration.gridDim = grid, configuration.blockDim = block;
  configuration.dynamicSmemBytes = shared_bytes, configuration.stream = stream;
  const cudaError_t allowed = allow_shared_memory(reinterpret_cast<const void *>(kernel), shared_bytes);
  if (allowed != cudaSuccess) return allowed;
  return cudaLaunchKernelEx(&configuration, kernel, P(std::forward<A>(arguments))...);
}

} // namespace kronvec::kernels

#else

#include "devices/emulation/device_code.hpp"

#define KRONVEC_SHARED(name, ...) auto &name = ::kronvec::emulation::shared<std::type_identity_t<__VA_ARGS__>>([] {})
#define KRONVEC_DYNAMIC_SHARED(name, ...)                                                                              \
  auto *name = static_cast<std::type_identity_t<__VA_ARGS__> *>(::kronvec::emulation::dynamic_shared_memory())
#define KRONVEC_WITHIN(...) ::kronvec::emulation::within(__VA_ARGS__)
#define KRONVEC_BEYOND(...) ::kronvec::emulation::beyond(__VA_ARGS__)
#define KRONVEC_STRIDE(...) ::kronvec::emulation::stride(__VA_ARGS__)
#define KRONVEC_UNROLL
#define KRONVEC_ROLLED

namespace kronvec::kernels {
using emulation::at_most;
using emulation::launch;
using emulation::to_tf32;
using emulation::warp_multiply_add;
} // namespace kronvec::kernels

#endif

namespace kronvec::kernels {

/// The grid size for `tasks` tasks. If there are more than `most`, blocks take several tasks.
inline unsigned blocks_for(std::int64_t tasks, std::int64_t most) {
  return static_cast<unsigned>(std::min(tasks, at_most(most)));
}

} // namespace kronvec::kernels

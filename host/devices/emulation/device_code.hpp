#pragma once
/// CUDA's device language for g++: replaces nvcc's built-ins.

#include "devices/emulation/emulator.hpp"
#include "devices/emulation/mutants.hpp"
#include "devices/emulation/stream.hpp"
#include "devices/emulation/tensor_cores.hpp"
#include "kernels/entries.hpp"
#include "kernels/shared_memory.hpp"

#include <cuda_runtime_api.h>
#include <vector_functions.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#undef __launch_bounds__
#define __launch_bounds__(...)
#undef __grid_constant__
#define __grid_constant__

/// The scheduler rewrites these each time a thread gets its turn.
inline thread_local uint3 threadIdx{}, blockIdx{};
inline thread_local dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;

namespace kronvec::emulation {

/// Checks an argument of a launch. Operands must lie in live device memory, and so must all data of pointers. Other
/// arguments may contain addresses of device memory, which must be live.
template <class A> void check_argument(cudaStream_t stream, const A &argument) {
  static_assert(std::is_trivially_copyable_v<A>);
  require_operands(stream, "a kernel", &argument, sizeof argument);
}
template <class T> void check_argument(cudaStream_t stream, const kernels::Entries<T> &x) {
  if (x.rows <= 0 || x.cols <= 0 || x.count <= 0) return;
  const auto last = (x.count - 1) * x.stride + (x.cols - 1) * x.ld + x.rows;
  require_operand(stream, "a kernel", "an operand", x.data, static_cast<std::size_t>(last) * sizeof(T));
}
template <class T> void check_argument(cudaStream_t stream, T *const &pointer) {
  if (pointer) require_operand(stream, "a kernel", "a pointer", pointer, 1);
}

/// Launches a kernel: enqueues a copy of its arguments in the stream.
template <class... P, class... A> cudaError_t launch(void (*kernel)(P...), dim3 grid, dim3 block,
                                                     std::size_t shared_bytes, cudaStream_t stream, A &&...arguments) {
  const std::tuple<std::remove_cv_t<P>...> copies(std::forward<A>(arguments)...);
  const auto *address = reinterpret_cast<const void *>(kernel);
  cudaError_t status = kernels::allow_shared_memory(address, shared_bytes);
  if (status == cudaSuccess) status = check_launch(address, grid, block, shared_bytes);
  if (status != cudaSuccess) return status;
  std::apply([&](const auto &...argument) { (check_argument(stream, argument), ...); }, copies);
  enqueue(stream, [=] { run_grid(grid, block, shared_bytes, [&] { std::apply(kernel, copies); }); });
  return cudaSuccess;
}

/// One object per declaration (each has its own lambda type `Tag`) and per template instantiation.
template <class T, class Tag> T &shared(Tag) {
  static const char declaration = 0;
  return *static_cast<T *>(shared_memory(&declaration, sizeof(T)));
}

template <class T> struct Shuffle {
  T in, out;
  int source;
};

template <class T> T shuffle(unsigned mask, T value, int source, Site site) {
  Shuffle<T> mine{value, value, source};
  meet_warp(
      mask, &mine,
      [](void *const *arguments, const bool *present, int count) {
        for (int i = 0; i < count; ++i) {
          if (!present[i]) continue;
          auto &reader = *static_cast<Shuffle<T> *>(arguments[i]);
          if (reader.source < 0 || reader.source >= count || !present[reader.source])
            throw KernelError("a shuffle reads from a lane that takes no part in it");
          reader.out = static_cast<Shuffle<T> *>(arguments[reader.source])->in;
        }
      },
      site);
  return mine.out;
}

} // namespace kronvec::emulation

inline void __syncthreads(KRONVEC_PLACE) {
  if (kronvec::emulation::left_out(file, line)) return;
  kronvec::emulation::meet_block(nullptr, nullptr, {"__syncthreads", file, line});
}
inline void __syncwarp(unsigned mask = ~0u, KRONVEC_PLACE) {
  if (kronvec::emulation::left_out(file, line)) return;
  kronvec::emulation::meet_warp(mask, nullptr, nullptr, {"__syncwarp", file, line});
}
template <class T> T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, KRONVEC_PLACE) {
  const int lane = kronvec::emulation::lane(), source = lane + static_cast<int>(delta);
  const bool inside = (lane & (width - 1)) + static_cast<int>(delta) < width;
  return kronvec::emulation::shuffle(mask, value, inside ? source : lane, {"__shfl_down_sync", file, line});
}
template <class T> T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, KRONVEC_PLACE) {
  const int lane = kronvec::emulation::lane(), source = lane ^ bits;
  const bool inside = (source & ~(width - 1)) <= (lane & ~(width - 1));
  return kronvec::emulation::shuffle(mask, value, inside ? source : lane, {"__shfl_xor_sync", file, line});
}

/// The upper 64 of the 128 bits of a·b.
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<unsigned long long>(static_cast<Wide>(a) * b >> 64);
}

/// Cache hints; the emulator has no caches.
template <class T> T __ldg(const T *address) { return *address; }
template <class T> void __stcs(T *address, T value) { *address = value; }

/// All fibers of a grid share one host thread, so there is no race. The atomic access tells that to the thread
/// sanitizer.
template <class T> T atomicAdd(T *address, T value) {
  T old;
  __atomic_load(address, &old, __ATOMIC_RELAXED);
  for (T sum = old + value; !__atomic_compare_exchange(address, &old, &sum, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);)
    sum = old + value;
  return old;
}

// As in <cuda_pipeline_primitives.h> of the CUDA toolkit.
inline void __pipeline_memcpy_async(void *to, const void *from, std::size_t bytes) {
  kronvec::emulation::copy_async(to, from, bytes);
}
inline void __pipeline_commit(KRONVEC_PLACE) {
  if (!kronvec::emulation::left_out(file, line)) kronvec::emulation::commit_copies();
}
inline void __pipeline_wait_prior(int newest, KRONVEC_PLACE) {
  if (!kronvec::emulation::left_out(file, line)) kronvec::emulation::wait_copies(newest);
}

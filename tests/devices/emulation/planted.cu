#include "tests/devices/emulation/planted.hpp"

#include "kernels/portability.hpp"

namespace kronvec::testing {
namespace {

/// Reverses the 64 numbers three times, adding 1 each time.
template <bool Before, bool After> __global__ void reverse_three_times(float *out, const float *in) {
  KRONVEC_SHARED(turned, float[64]);
  const int i = static_cast<int>(threadIdx.x);
  float value = in[i];
  for (int k = 0; k < 3; ++k) {
    turned[i] = value;
    if (Before) __syncthreads();
    value = turned[63 - i] + 1;
    if (After) __syncthreads();
  }
  out[i] = value;
}

__global__ void half_reach_the_barrier(float *out) {
  if (threadIdx.x < 16) __syncthreads();
  out[threadIdx.x] = 1;
}

__global__ void halves_meet_apart(float *out) {
  if (threadIdx.x < 16) {
    __syncthreads();
  } else {
    out[threadIdx.x] = 2;
    __syncthreads();
  }
  out[threadIdx.x] = 1;
}

__global__ void some_leave_early(float *out) {
  if (threadIdx.x >= 40) return;
  __syncthreads();
  out[threadIdx.x] = 1;
}

template <bool Wait> __global__ void reverse_by_copies(float *out, const float *in) {
  KRONVEC_SHARED(turned, float[64]);
  const int i = static_cast<int>(threadIdx.x);
  __pipeline_memcpy_async(&turned[i], in + i, sizeof(float));
  __pipeline_commit();
  if (Wait) __pipeline_wait_prior(0);
  if (!Wait) __syncthreads();
  out[i] = turned[63 - i];
  if (!Wait) __pipeline_wait_prior(0);
}

__global__ void read_what_nobody_wrote(float *out) {
  KRONVEC_SHARED(numbers, float[64]);
  if (threadIdx.x < 63) numbers[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = numbers[threadIdx.x];
}

template <bool Sync> __global__ void swap_in_a_warp(float *out, const float *in) {
  KRONVEC_SHARED(numbers, float[64]);
  numbers[threadIdx.x] = in[threadIdx.x];
  if (Sync) __syncwarp();
  out[threadIdx.x] = numbers[threadIdx.x ^ 1];
}

__global__ void shuffle_of_half_a_warp(float *out) {
  float value = static_cast<float>(threadIdx.x);
  if (threadIdx.x < 16) value = __shfl_down_sync(~0u, value, 1);
  out[threadIdx.x] = value;
}

__global__ void last_block_wins(float *out) { out[threadIdx.x] = static_cast<float>(blockIdx.x); }

template <bool Atomic> __global__ void count_blocks(float *out) {
  if (Atomic)
    atomicAdd(out, 1.f);
  else
    out[0] += 1;
}

__global__ void beyond_shared(float *out, int index) {
  KRONVEC_SHARED(numbers, float[64]);
  float *volatile start = numbers; // hides the array's bound from the compiler, which would report the bug
  start[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = start[index];
}

__global__ void beyond_a_row(float *out, int index) {
  KRONVEC_SHARED(table, float[8][33]);
  table[threadIdx.x % 8][threadIdx.x / 8] = 1;
  __syncthreads();
  out[threadIdx.x] = table[threadIdx.x % 4][index];
}

__global__ void one_too_many(float *out, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i <= n) out[i] = 1;
}

__global__ void vectors_off_by_one(float *out, const float *in) {
  *reinterpret_cast<float4 *>(out + 4 * threadIdx.x) = *reinterpret_cast<const float4 *>(in + 4 * threadIdx.x + 1);
}

template <class... P, class... A> void go(void (*kernel)(P...), unsigned blocks, unsigned threads, A... arguments) {
  (void)kernels::launch(kernel, dim3(blocks), dim3(threads), 0, nullptr, arguments...);
}

} // namespace

void run_planted(Planted bug, float *out, const float *in) {
  switch (bug) {
  case Planted::correct:
    return go(reverse_three_times<true, true>, 1, 64, out, in);
  case Planted::missing_barrier_before_read:
    return go(reverse_three_times<false, true>, 1, 64, out, in);
  case Planted::missing_barrier_before_write:
    return go(reverse_three_times<true, false>, 1, 64, out, in);
  case Planted::divergent_barrier:
    return go(half_reach_the_barrier, 1, 64, out);
  case Planted::barriers_at_two_places:
    return go(halves_meet_apart, 1, 64, out);
  case Planted::exit_before_barrier:
    return go(some_leave_early, 1, 64, out);
  case Planted::missing_copy_wait:
    return go(reverse_by_copies<false>, 1, 64, out, in);
  case Planted::wait_without_barrier:
    return go(reverse_by_copies<true>, 1, 64, out, in);
  case Planted::uninitialised_shared:
    return go(read_what_nobody_wrote, 1, 64, out);
  case Planted::missing_warp_barrier:
    return go(swap_in_a_warp<false>, 1, 64, out, in);
  case Planted::correct_warp_barrier:
    return go(swap_in_a_warp<true>, 1, 64, out, in);
  case Planted::partial_shuffle:
    return go(shuffle_of_half_a_warp, 1, 64, out);
  case Planted::two_blocks_one_address:
    return go(last_block_wins, 2, 64, out);
  case Planted::sum_without_atomic:
    return go(count_blocks<false>, 2, 1, out);
  case Planted::sum_with_atomic:
    return go(count_blocks<true>, 2, 1, out);
  case Planted::shared_overflow:
    return go(beyond_shared, 1, 64, out, 64);
  case Planted::inner_index_overflow:
    return go(beyond_a_row, 1, 64, out, 33);
  case Planted::global_overflow:
    return go(one_too_many, 2, 64, out, 64);
  case Planted::misaligned_vector:
    return go(vectors_off_by_one, 1, 15, out, in);
  }
}

} // namespace kronvec::testing

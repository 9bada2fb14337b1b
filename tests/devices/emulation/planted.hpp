#pragma once
/// Kernels with one bug each, and correct kernels for comparison. Each takes 64 floats and returns 64, in one block of
/// 64 threads.

namespace kronvec::testing {

enum class Planted {
  correct,
  missing_barrier_before_read,
  missing_barrier_before_write,
  divergent_barrier,
  barriers_at_two_places,
  exit_before_barrier,
  missing_copy_wait,
  wait_without_barrier,
  uninitialised_shared,
  missing_warp_barrier,
  correct_warp_barrier,
  partial_shuffle,
  two_blocks_one_address,
  sum_without_atomic,
  sum_with_atomic,
  shared_overflow,
  inner_index_overflow,
  global_overflow,
  misaligned_vector,
};

/// Runs the kernel now, in the order of emulation::settings().
void run_planted(Planted bug, float *out, const float *in);

} // namespace kronvec::testing

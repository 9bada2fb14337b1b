#pragma once
/// What a slice of kernels/kronecker.cu may be, for whoever cuts them.

#include <cstdint>

namespace kronvec::kernels {

constexpr int most_kronecker_steps = 16;
constexpr int most_slice = (1 << 16) - 1;  ///< entries, and factors' copies: indices are divided as 16-bit numbers
constexpr int most_copies_of_thread = 128; ///< from memory into a slice, all on their way at once

/// How many fibers a thread has: 256 bytes of sums, but at most 8.
constexpr int fibers_of_thread(int bytes_of_entry, int tall) {
  const int most = 256 / bytes_of_entry / tall;
  return most < 8 ? most : 8;
}

} // namespace kronvec::kernels

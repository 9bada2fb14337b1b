#pragma once
/// What a slice of kernels/kronecker.cu may be, for whoever cuts them.

#include "kernels/host_device.hpp"

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

/// A step whose rows are taken by 16 or 32 at a time is done by tensor cores: a warp has so many rows of the products
/// of so many fibers, in 256 bytes of sums a thread too, but at most 64 fibers.
constexpr int least_tensor_tall = 16;
/// Entries of a fiber that one instruction takes: 4 doubles, or 8 floats as TF32.
KRONVEC_HOST_DEVICE constexpr int tensor_depth(int bytes_of_entry) { return 32 / bytes_of_entry; }
constexpr int fibers_of_warp(int bytes_of_entry, int tall) {
  const int most = 32 * 256 / bytes_of_entry / tall;
  return most < 64 ? most : 64;
}

/// The fiber, counted from the warp's first, that a column of its tiles stands for: the column with its bits turned
/// left.
KRONVEC_HOST_DEVICE constexpr int fiber_of_column(int column, int turn, int fibers) {
  return (column << turn & (fibers - 1)) | (column << turn) / fibers;
}

/// Where an entry of a slice lies in shared memory: a gap after every 128 bytes puts the fibers of a warp into
/// different banks. A slice that tensor cores work on has one more after as many gaps as there are lanes of 128 bytes,
/// so that the banks of entries at a distance of any power of two differ.
template <int BytesOfEntry, bool Tensor> struct Gaps {
  static constexpr int lanes = 128 / BytesOfEntry;

  KRONVEC_HOST_DEVICE static constexpr int padded(int entry) {
    const auto e = static_cast<unsigned>(entry);
    return static_cast<int>(e + e / lanes + (Tensor ? e / (lanes * lanes) : 0));
  }
  /// Of a fiber's entries in padded memory, if it is one, and otherwise 0.
  static constexpr int distance(int faster, int q) {
    const bool gap_each = faster % (Tensor ? lanes * lanes : lanes) == 0, no_gap = lanes % (faster * q) == 0;
    return gap_each ? padded(faster) : no_gap ? faster : 0;
  }
};

} // namespace kronvec::kernels

#pragma once
/// The limits of a slice in kernels/kronecker.cu, for the code that plans slices.

#include "kernels/host_device.hpp"

#include <cstdint>

namespace kronvec::kernels {

constexpr int max_kronecker_steps = 16;
constexpr int max_slice = (1 << 16) - 1;  ///< entries, and copies of factors: indices are divided as 16-bit numbers
constexpr int max_copies_of_thread = 128; ///< from memory into a slice, all in flight together

/// Number of fibers per thread: as many as fit 256 bytes of sums, but at most 8.
constexpr int fibers_of_thread(int bytes_of_entry, int tall) {
  const int most = 256 / bytes_of_entry / tall;
  return most < 8 ? most : 8;
}

/// From this many rows on, tensor cores compute a step. A warp has 16 or 32 rows of the products of several fibers: as
/// many as fit 256 bytes of sums per thread, but at most 64 fibers.
constexpr int min_tensor_tall = 16;
/// Number of a fiber's entries that one instruction takes: 4 doubles, or 8 floats as TF32.
KRONVEC_HOST_DEVICE constexpr int tensor_depth(int bytes_of_entry) { return 32 / bytes_of_entry; }
constexpr int fibers_of_warp(int bytes_of_entry, int tall) {
  const int most = 32 * 256 / bytes_of_entry / tall;
  return most < 64 ? most : 64;
}

/// The fiber, counted from the warp's first, that a column of the warp's tiles stands for: the column number with its
/// bits rotated left by `turn`.
KRONVEC_HOST_DEVICE constexpr int fiber_of_column(int column, int turn, int fibers) {
  return (column << turn & (fibers - 1)) | (column << turn) / fibers;
}

/// The place of a slice's entry in shared memory. A gap of one entry after every 128 bytes puts the fibers of a warp
/// into different banks. For tensor cores there is another gap after every `lanes` gaps, so that entries at a distance
/// of any power of two lie in different banks.
template <int BytesOfEntry, bool Tensor> struct Gaps {
  static constexpr int lanes = 128 / BytesOfEntry;

  KRONVEC_HOST_DEVICE static constexpr int padded(int entry) {
    const auto e = static_cast<unsigned>(entry);
    return static_cast<int>(e + e / lanes + (Tensor ? e / (lanes * lanes) : 0));
  }
  /// The distance of a fiber's entries in padded memory if it is constant, otherwise 0.
  static constexpr int distance(int faster, int q) {
    const bool gap_each = faster % (Tensor ? lanes * lanes : lanes) == 0, no_gap = lanes % (faster * q) == 0;
    return gap_each ? padded(faster) : no_gap ? faster : 0;
  }
};

} // namespace kronvec::kernels

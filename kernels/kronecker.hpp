#pragma once
/// Applies several consecutive factors of a Kronecker product in one pass over memory.

#include "kernels/complex.hpp"
#include "kernels/entries.hpp"
#include "kernels/kronecker_limits.hpp"

#include <cuda_runtime_api.h>

namespace kronvec::kernels {

/// n / d for n, d < 2¹⁶ by one multiplication: with m = ⌈2⁴⁰/d⌉, n·m/2⁴⁰ exceeds n/d by less than n/2⁴⁰ < 1/d.
struct Divisor {
  std::uint64_t inverse = 0;

  Divisor() = default;
  explicit Divisor(std::int64_t d) : inverse(((std::uint64_t(1) << 40) + static_cast<std::uint64_t>(d) - 1) / d) {}
  KRONVEC_HOST_DEVICE int divide(int n) const {
    return static_cast<int>(static_cast<std::uint64_t>(static_cast<unsigned>(n)) * inverse >> 40);
  }
};

/// One p×q factor, applied to a slice. A fiber is the q entries of the slice, `faster` entries apart, that one product
/// with the factor reads. A thread computes `tall` rows of the products of several fibers.
struct KroneckerStep {
  int p, q;
  int tall;         ///< rows per thread: 2, 4 or 8; with tensor cores, rows per warp: 16 or 32
  int place, pitch; ///< of the factor's copy in shared memory: entry (i, k) is entry place + i + k·pitch of the copies
  int faster;
  int distance; ///< distance of a fiber's entries in padded memory if it is constant, otherwise 0
  /// Per slice. Fiber f belongs to block f mod fiber_blocks; with tensor cores, to block f / fibers_of_warp.
  int fibers, fiber_blocks;
  int turn; ///< for tensor cores: argument of `fiber_of_column`
  Divisor by_faster, by_blocks;
};

/// A column of X is outer × from × inner entries, the last index fastest; a column of Y is outer × to × inner. A block
/// of threads loads a slice of outers × from × width entries into shared memory and applies one factor after the other
/// there. Either outers is 1 or width is inner.
template <class T> struct KroneckerSlices {
  static constexpr int max_steps = max_kronecker_steps;
  std::int64_t inner, outer, columns;
  int from, to, width, outers;
  Divisor by_width;
  int slice_room; ///< entries of shared memory for a slice, a multiple of 16 bytes
  bool tensor;    ///< whether tensor cores compute a step: of doubles, or of floats rounded to TF32
  int steps;
  T alpha, beta; ///< if β = 0, Y is not read
  KroneckerStep step[max_steps];
  Entries<const T> factor[max_steps];
  bool transposed[max_steps];
};

/// Y = α·(I ⊗ F₁ ⊗ … ⊗ I)·X + β·Y, by blocks of 256 or 512 threads. T: float, double, or Complex of them.
template <class T> cudaError_t kronecker_slices(const KroneckerSlices<T> &work, int threads, int shared_bytes,
                                                Entries<const T> x, Entries<T> y, cudaStream_t stream);

} // namespace kronvec::kernels

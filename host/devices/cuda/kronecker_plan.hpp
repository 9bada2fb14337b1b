#pragma once
/// The passes over memory by which the CUDA device applies a Kronecker product. The plan depends on sizes only, and
/// does not use CUDA.
///
/// A pass either multiplies one factor by cuBLAS, or applies several consecutive factors to slices that fit in shared
/// memory (kernels/kronecker.cu). The cost of a pass, in bytes of memory traffic, is that of its slower side:
///   launch + max(bytes, flops / rate).
/// A rate is the number of flops that an H100 does in the time of one byte, times the fraction that the kind of pass
/// reaches. By the published peaks (67, 34, 67 and 494 TFLOP/s at 3.35 TB/s), the vector units do 20 flops in float and
/// 10 in double, the tensor cores 20 in double and 148 in TF32. cuBLAS uses tensor cores for double; so do slices, for
/// factors that fill the tiles. Not yet measured on a GPU.

#include "devices/algebra.hpp"
#include "kernels/kronecker_limits.hpp"

#include <cstddef>
#include <vector>

namespace kronvec::cuda {

struct KroneckerShape {
  Index rows, cols;
  bool identity;
};

struct EntryKind {
  Index bytes; ///< of an entry
  bool is_double, is_complex;
  bool tf32 = false; ///< floats whose products may be rounded to TF32
};
template <class T> constexpr EntryKind entry_kind = {
    sizeof(T), std::is_same_v<T, double> || std::is_same_v<T, std::complex<double>>, !std::is_floating_point_v<T>};

/// One factor of a pass in slices. For each entry of the dimensions around the pass, it maps `fibers` fibers of q
/// entries, `faster` apart, to p entries.
struct SliceFactor {
  std::size_t factor;
  Index p, q, fibers, faster;
  int tall;    ///< rows per thread; from kernels::min_tensor_tall on, rows per warp
  Index pitch; ///< p rounded up to a multiple of tall, plus 32 bytes for tensor cores
  Index depth; ///< columns of the copy: q, rounded up for tensor cores
  Index place; ///< of the factor's copy in shared memory, a multiple of 16 bytes
};

/// A block of `threads` threads processes `outers` values of the slower dimensions (across columns if necessary) and
/// `width` values of the faster ones at a time.
struct Slicing {
  int threads = 0; ///< 0: no slice fits
  Index width = 0, outers = 0;
  Index copies = 0; ///< entries of shared memory for copies of the factors
};

/// Whether tensor cores compute a step.
inline bool by_tensor_cores(const SliceFactor &f) { return f.tall >= kernels::min_tensor_tall; }

struct KroneckerPass {
  std::size_t first, last; ///< the factors, a half-open range; its first and last factor are not identities
  Index inner, outer;      ///< entries of the faster and the slower dimensions of one column, when the pass runs
  Index from, to;          ///< entries of the range's dimensions before and after
  bool slices;
  double cost;
  std::vector<SliceFactor> factors; ///< for slices: in the order with the fewest flops
  Slicing slicing;
};

/// Max shared memory of a block on an H100; on an A100 it is 163 KB.
constexpr Index hopper_shared_bytes = 227 << 10;

/// The cheapest passes found by merging neighbours step by step. Empty for a product of identities, or if there is
/// nothing to do. `shared_bytes` is the max shared memory of a block.
KRONVEC_API std::vector<KroneckerPass> kronecker_plan(const std::vector<KroneckerShape> &factors, EntryKind kind,
                                                      Index columns, Index shared_bytes = hopper_shared_bytes);

template <class T> std::vector<KroneckerPass> kronecker_plan(std::span<const KroneckerFactor<T>> factors, Index columns,
                                                             Index shared_bytes, Precision precision) {
  std::vector<KroneckerShape> shapes;
  for (const KroneckerFactor<T> &f : factors)
    shapes.push_back({f.rows(), f.cols(), f.is_identity()});
  EntryKind kind = entry_kind<T>;
  kind.tf32 = precision == Precision::tf32;
  return kronecker_plan(shapes, kind, columns, shared_bytes);
}

} // namespace kronvec::cuda

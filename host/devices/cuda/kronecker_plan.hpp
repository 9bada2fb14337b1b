#pragma once
/// How the CUDA device applies a Kronecker product: in which passes over memory. Knows sizes only, and no CUDA.
///
/// A pass either multiplies one factor by cuBLAS, or takes several consecutive factors at once to slices that fit in
/// shared memory (kernels/kronecker.cu). A pass costs what its slower side costs, in bytes of memory traffic:
///   launch + max(bytes, flops / rate).
/// The rates are flops that an H100 does in the time of a byte (its vector units do 20 in float and 10 in double,
/// tensor cores 20 in double and 148 in TF32: by the published peaks, 67, 34, 67 and 494 TFLOP/s of 3.35 TB/s), times
/// what each kind of pass reaches of it. cuBLAS has tensor cores for double, and slices too for factors that fill their
/// tiles. Measured on no GPU yet.

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
  bool tf32 = false; ///< floats whose products may round them
};
template <class T> constexpr EntryKind entry_kind = {
    sizeof(T), std::is_same_v<T, double> || std::is_same_v<T, std::complex<double>>, !std::is_floating_point_v<T>};

/// One factor of a pass in slices: for one entry of the dimensions around the pass, it takes `fibers` fibers of q
/// entries, `faster` apart, to p.
struct SliceFactor {
  std::size_t factor;
  Index p, q, fibers, faster;
  int tall;    ///< rows of a thread; from kernels::least_tensor_tall on, of a warp
  Index pitch; ///< p rounded up to it, and for tensor cores 32 bytes more
  Index depth; ///< columns of the copy: q, rounded up for tensor cores
  Index place; ///< of the factor's copy in shared memory, of 16 bytes times a whole number
};

/// A block of `threads` has `outers` values of the slower dimensions (of as many columns as that takes) and `width` of
/// the faster ones at a time.
struct Slicing {
  int threads = 0; ///< 0: no slice fits
  Index width = 0, outers = 0;
  Index copies = 0; ///< entries of shared memory for the factors
};

/// Whether tensor cores do a step.
inline bool by_tensor_cores(const SliceFactor &f) { return f.tall >= kernels::least_tensor_tall; }

struct KroneckerPass {
  std::size_t first, last; ///< the factors, a half-open range; neither the first nor the last of them is an identity
  Index inner, outer;      ///< entries of the faster and the slower dimensions of one column, at the pass's time
  Index from, to;          ///< entries of the range's dimensions before and after
  bool slices;
  double cost;
  std::vector<SliceFactor> factors; ///< of slices, in the order of the fewest flops
  Slicing slicing;
};

/// Shared memory that one block of an H100 may have; of an A100, 163 KB.
constexpr Index hopper_shared_bytes = 227 << 10;

/// The passes of the lowest cost that merging neighbours step by step finds; none for a product of identities, or where
/// there is nothing to do. `shared_bytes` is what a block may have.
std::vector<KroneckerPass> kronecker_plan(const std::vector<KroneckerShape> &factors, EntryKind kind, Index columns,
                                          Index shared_bytes = hopper_shared_bytes);

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

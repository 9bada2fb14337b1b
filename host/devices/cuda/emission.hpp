#pragma once
/// The emitter of the CUDA device.

#include "devices/cuda/engine.hpp"
#include "devices/emitter.hpp"

#include <memory>

namespace kronvec::cuda {

/// Thresholds between methods. Tests make them small.
struct EmissionLimits {
  Index slices = Index(1) << 21; ///< entries of a contraction computed together: half of a second-level cache
  Index tables = Index(1) << 16; ///< max entries of tables, unless Y is larger
  Index item = Index(1) << 20;  ///< multiplications in the sums of one item; below it, a batch is one launch with loops
  Index short_column = 1 << 10; ///< bytes; shorter columns are better read as parts of longer ones
};

/// Prepares an emission, with its terms in device memory. It must not outlive the backend.
template <class T> std::unique_ptr<Emitter<T>> emitter(const Engine &engine, const Backend &backend, Emission emission,
                                                       const EmissionLimits &limits = {});

} // namespace kronvec::cuda

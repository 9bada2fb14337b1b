#pragma once
/// Emission by the CUDA device.

#include "devices/cuda/engine.hpp"
#include "devices/emission.hpp"

#include <memory>

namespace kronvec::cuda {

/// Sizes at which one way gives way to another; tests make them small.
struct EmissionLimits {
  Index slices = Index(1) << 21; ///< entries of a contraction's result at once: half of a second-level cache
  Index tables = Index(1) << 16; ///< entries of tables that may be larger than Y
  Index item = Index(1) << 20;   ///< multiplications of sums in an item of a batch; fewer are loops of one launch
  Index short_column = 1 << 10;  ///< bytes; shorter columns are better written as parts of longer ones
};

/// The emission with its terms in device memory; it must not outlive the backend.
template <class T> std::unique_ptr<Emitter<T>> emitter(const Engine &engine, const Backend &backend, Emission emission,
                                                       const EmissionLimits &limits = {});

} // namespace kronvec::cuda

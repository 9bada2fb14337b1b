#pragma once
/// Emission by the CUDA device.

#include "devices/cuda/engine.hpp"
#include "devices/emission.hpp"

#include <memory>

namespace kronvec::cuda {

/// The emission with its terms in device memory; it must not outlive the backend.
template <class T> std::unique_ptr<Emitter<T>> emitter(const Engine &engine, const Backend &backend, Emission emission);

} // namespace kronvec::cuda

#pragma once
/// The CUDA device is a shared library of its own, opened on first use: the process of someone who has no GPU never
/// loads cuBLAS. The emulated device is a second such library, built from the same sources.

#include "devices/backend.hpp"

namespace kronvec {

enum class CudaModule { real, emulated };

/// The backend of one GPU and stream (null: a stream of its own), made once. Throws DeviceError.
Backend &cuda_backend(CudaModule module, int index, void *stream);

} // namespace kronvec

/// What a module exports. Throws DeviceError.
extern "C" kronvec::Backend *kronvec_cuda_backend(int index, void *stream);

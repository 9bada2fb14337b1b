#pragma once
/// The CUDA device is a separate shared library, opened on first use: without a GPU, a process never loads cuBLAS. The
/// emulated device is another such library, built from the same sources.

#include "devices/backend.hpp"

namespace kronvec::inline KRONVEC_ABI {

enum class CudaModule { real, emulated };

/// The backend of one GPU and stream (null: its own stream), created once. Throws DeviceError.
Backend &cuda_backend(CudaModule module, int index, void *stream);

} // namespace kronvec

/// The function that a module exports. Throws DeviceError.
extern "C" kronvec::Backend *kronvec_cuda_backend(int index, void *stream);

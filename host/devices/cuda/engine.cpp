/// Creates streams and library handles of a GPU, and allocates its memory.

#include "devices/cuda/engine.hpp"

#include <cstdint>

namespace kronvec::cuda {
namespace {

thread_local const CaptureTarget *target_of_thread = nullptr;

} // namespace

CaptureScope::CaptureScope(const CaptureTarget &target) { target_of_thread = &target; }
CaptureScope::~CaptureScope() { target_of_thread = nullptr; }

const CaptureTarget *Engine::capture_target() const {
  return target_of_thread && &target_of_thread->engine == this ? target_of_thread : nullptr;
}

Engine::Engine(int index, cudaStream_t stream) : index_(index), stream_(stream), owns_stream_(!stream) {
  int count = 0;
  check(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  if (index < 0 || index >= count)
    throw DeviceError("no GPU number " + std::to_string(index) + "; there are " + std::to_string(count));
  const Current current(index);
  check(cudaDeviceGetAttribute(&shared_bytes_, cudaDevAttrMaxSharedMemoryPerBlockOptin, index),
        "cudaDeviceGetAttribute");
  check(cudaDeviceGetAttribute(&max_pitch_, cudaDevAttrMaxPitch, index), "cudaDeviceGetAttribute");
  if (!stream_) check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  check(cublasCreate(&blas_), "cublasCreate");
  check(cublasSetStream(blas_, stream_), "cublasSetStream");
  check(cusolverDnCreate(&solver_), "cusolverDnCreate");
  check(cusolverDnSetStream(solver_, stream_), "cusolverDnSetStream");
  check(cusolverDnCreateParams(&parameters_), "cusolverDnCreateParams");
}

Engine::~Engine() {
  int before = 0;
  (void)cudaGetDevice(&before), (void)cudaSetDevice(index_);
  (void)cusolverDnDestroyParams(parameters_), (void)cusolverDnDestroy(solver_), (void)cublasDestroy(blas_);
  if (owns_stream_) (void)cudaStreamDestroy(stream_);
  (void)cudaSetDevice(before);
}

/// Includes memory that has been freed but stays in CUDA's pool until someone waits for the stream: the next block can
/// use it.
std::size_t DeviceMemory::bytes_free() const {
  std::size_t free = 0, total = 0;
  const Current current(engine_.index());
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  cudaMemPool_t pool = nullptr;
  check(cudaDeviceGetMemPool(&pool, engine_.index()), "cudaDeviceGetMemPool");
  std::uint64_t reserved = 0, used = 0;
  check(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReservedMemCurrent, &reserved), "cudaMemPoolGetAttribute");
  check(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used), "cudaMemPoolGetAttribute");
  return free + (reserved > used ? reserved - used : 0);
}

void *DeviceMemory::obtain(std::size_t bytes) {
  void *block = nullptr;
  const Current current(engine_.index());
  const cudaError_t status = cudaMallocAsync(&block, bytes, engine_.stream()); // the work's stream, recorded or not
  if (status == cudaErrorMemoryAllocation) return (void)cudaGetLastError(), nullptr;
  check(status, "cudaMallocAsync");
  return block;
}

void DeviceMemory::release(void *block) noexcept {
  int before = 0;
  (void)cudaGetDevice(&before), (void)cudaSetDevice(engine_.index());
  (void)cudaFreeAsync(block, engine_.stream());
  (void)cudaSetDevice(before);
}

} // namespace kronvec::cuda

#include "devices/cuda/engine.hpp"

namespace kronvec::cuda {

Engine::Engine(int index, cudaStream_t stream) : index_(index), stream_(stream), owns_stream_(!stream) {
  int count = 0;
  check(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  if (index < 0 || index >= count)
    throw DeviceError("no GPU number " + std::to_string(index) + "; there are " + std::to_string(count));
  const Current current(index);
  check(cudaDeviceGetAttribute(&shared_bytes_, cudaDevAttrMaxSharedMemoryPerBlockOptin, index),
        "cudaDeviceGetAttribute");
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

std::size_t DeviceMemory::bytes_free() const {
  std::size_t free = 0, total = 0;
  engine_.kernel("cudaMemGetInfo", [&](cudaStream_t) { return cudaMemGetInfo(&free, &total); });
  return free;
}

void *DeviceMemory::obtain(std::size_t bytes) {
  void *block = nullptr;
  engine_.kernel("cudaMallocAsync", [&](cudaStream_t stream) {
    const cudaError_t status = cudaMallocAsync(&block, bytes, stream);
    if (status != cudaErrorMemoryAllocation) return status;
    (void)cudaGetLastError();
    block = nullptr;
    return cudaSuccess;
  });
  return block;
}

void DeviceMemory::release(void *block) noexcept {
  int before = 0;
  (void)cudaGetDevice(&before), (void)cudaSetDevice(engine_.index());
  (void)cudaFreeAsync(block, engine_.stream());
  (void)cudaSetDevice(before);
}

} // namespace kronvec::cuda

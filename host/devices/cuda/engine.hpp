#pragma once
/// One GPU and one stream: what all primitives of a backend work with.

#include "devices/backend.hpp"
#include "devices/cuda/check.hpp"

#include <mutex>

namespace kronvec::cuda {

/// Makes a GPU the calling thread's current one, and restores what it was.
class Current {
public:
  explicit Current(int index) {
    check(cudaGetDevice(&before_), "cudaGetDevice");
    if (before_ != index) check(cudaSetDevice(index), "cudaSetDevice"), changed_ = true;
  }
  ~Current() {
    if (changed_) (void)cudaSetDevice(before_);
  }
  Current(const Current &) = delete;
  Current &operator=(const Current &) = delete;

private:
  int before_ = 0;
  bool changed_ = false;
};

class Engine {
public:
  /// `stream` null: a stream of its own.
  Engine(int index, cudaStream_t stream);
  ~Engine();
  Engine(const Engine &) = delete;
  Engine &operator=(const Engine &) = delete;
  int index() const { return index_; }
  cudaStream_t stream() const { return stream_; }
  /// The most shared memory that one block of threads may have.
  Index shared_bytes() const { return shared_bytes_; }
  /// Runs call(handle) with the GPU current; a handle serves one thread at a time.
  void blas(const char *name, const auto &call) const {
    const Current current(index_);
    const std::lock_guard lock(mutex_);
    check(call(blas_), name);
  }
  /// Runs call(handle, parameters) with the GPU current, likewise.
  void solver(const char *name, const auto &call) const {
    const Current current(index_);
    const std::lock_guard lock(mutex_);
    check(call(solver_, parameters_), name);
  }
  /// Runs call(stream) with the GPU current.
  void kernel(const char *name, const auto &call) const {
    const Current current(index_);
    check(call(stream_), name);
  }
  void synchronize() const {
    kernel("cudaStreamSynchronize", [](cudaStream_t s) { return cudaStreamSynchronize(s); });
  }

private:
  int index_;
  cudaStream_t stream_;
  bool owns_stream_;
  int shared_bytes_ = 0;
  cublasHandle_t blas_ = nullptr;
  cusolverDnHandle_t solver_ = nullptr;
  cusolverDnParams_t parameters_ = nullptr;
  mutable std::mutex mutex_;
};

/// The GPU's memory, taken and given back in the order of the stream.
class DeviceMemory final : public Memory {
public:
  explicit DeviceMemory(const Engine &engine) : engine_(engine) {}
  std::size_t bytes_free() const override;

private:
  void *obtain(std::size_t bytes) override;
  void release(void *block) noexcept override;
  const Engine &engine_;
};

} // namespace kronvec::cuda

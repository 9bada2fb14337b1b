#pragma once
/// Recordings of the CUDA device: graphs, captured in a stream beside the one that work is done in.

#include "devices/cuda/engine.hpp"

namespace kronvec::cuda {

/// Captures in a stream of its own: the device's may be the user's, or one that cannot capture, and other threads go on
/// to use it. What was captured runs in the device's stream, one launch after the other, so that all recordings share
/// their workspaces, those of primitives and that of cuBLAS. Thread-safe; a recording is made by one thread at a time.
class Recorder {
public:
  Recorder(const Engine &engine, Memory &memory) : engine_(engine), memory_(memory) {}
  ~Recorder();
  Recorder(const Recorder &) = delete;
  Recorder &operator=(const Recorder &) = delete;

  /// As Backend::record; also where CUDA or the memory refuses, for what is done directly may still succeed.
  std::unique_ptr<Recording> record(const std::function<void()> &work);

private:
  /// The stream and cuBLAS, made when something is recorded first.
  void prepare();

  const Engine &engine_;
  Memory &memory_;
  std::mutex mutex_;
  cudaStream_t stream_ = nullptr;
  cublasHandle_t blas_ = nullptr;
  void *blas_workspace_ = nullptr;
  std::weak_ptr<Pool> pool_; ///< lives as long as a recording that may use its blocks
};

} // namespace kronvec::cuda

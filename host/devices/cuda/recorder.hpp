#pragma once
/// Recordings of the CUDA device: graphs, captured in a separate stream.

#include "devices/cuda/engine.hpp"

namespace kronvec::cuda {

/// Captures in its own stream: the device's stream may belong to the user or be unable to capture, and other threads
/// keep using it. Captured work runs in the device's stream, one launch after the other, so all recordings can share
/// their workspaces (those of primitives and that of cuBLAS). Thread-safe; only one thread at a time makes a recording.
class Recorder {
public:
  Recorder(const Engine &engine, Memory &memory) : engine_(engine), memory_(memory) {}
  ~Recorder();
  Recorder(const Recorder &) = delete;
  Recorder &operator=(const Recorder &) = delete;

  /// Like Backend::record. Also throws NotRecordable if CUDA or the memory refuses, because direct execution may still
  /// succeed.
  std::unique_ptr<Recording> record(const std::function<void()> &work);

private:
  /// Creates the stream and the cuBLAS handle at the first recording.
  void prepare();

  const Engine &engine_;
  Memory &memory_;
  std::mutex mutex_;
  cudaStream_t stream_ = nullptr;
  cublasHandle_t blas_ = nullptr;
  void *blas_workspace_ = nullptr;
  std::weak_ptr<Pool> pool_; ///< kept alive by the recordings that may use its blocks
};

} // namespace kronvec::cuda

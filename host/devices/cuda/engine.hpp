#pragma once
/// One GPU and one stream, shared by all primitives of a backend.

#include "devices/backend.hpp"
#include "devices/cuda/check.hpp"

#include <mutex>

namespace kronvec::cuda {

/// Makes a GPU current for the calling thread; the destructor restores the previous one.
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

class Engine;

/// The target of a thread's work while the thread records: a stream that captures the work, a cuBLAS handle of that
/// stream, and the pool of the recordings.
struct CaptureTarget {
  const Engine &engine;
  cudaStream_t stream;
  cublasHandle_t blas;
  Pool &pool;
};

/// Directs the calling thread's work to a capture while the CaptureScope exists. Do not nest.
class CaptureScope {
public:
  explicit CaptureScope(const CaptureTarget &target);
  ~CaptureScope();
  CaptureScope(const CaptureScope &) = delete;
  CaptureScope &operator=(const CaptureScope &) = delete;
};

class Engine {
public:
  /// If `stream` is null, creates its own stream.
  Engine(int index, cudaStream_t stream);
  ~Engine();
  Engine(const Engine &) = delete;
  Engine &operator=(const Engine &) = delete;
  int index() const { return index_; }
  /// The stream of all work, except for the work of a thread that records.
  cudaStream_t stream() const { return stream_; }
  /// The target of the calling thread on this engine, or null if the thread does not record.
  const CaptureTarget *capture_target() const;
  /// Throws NotRecordable if the calling thread records.
  void refuse_to_record(const char *what) const {
    if (capture_target()) throw NotRecordable(what);
  }
  /// Max shared memory of a block.
  Index shared_bytes() const { return shared_bytes_; }
  /// Max pitch of a copy, in bytes.
  std::size_t max_pitch() const { return static_cast<std::size_t>(max_pitch_); }
  /// Runs call(handle) with the GPU current. Only one thread at a time uses a handle.
  void blas(const char *name, const auto &call) const {
    const Current current(index_);
    if (const CaptureTarget *recording = capture_target()) return check(call(recording->blas), name);
    const std::lock_guard lock(mutex_);
    check(call(blas_), name);
  }
  /// Runs call(handle, parameters) with the GPU current, one thread at a time. Not while recording: the cuSOLVER manual
  /// does not promise that its calls can be captured.
  void solver(const char *name, const auto &call) const {
    refuse_to_record(name);
    const Current current(index_);
    const std::lock_guard lock(mutex_);
    check(call(solver_, parameters_), name);
  }
  /// Runs call(stream) with the GPU current.
  void kernel(const char *name, const auto &call) const {
    const Current current(index_);
    const CaptureTarget *recording = capture_target();
    check(call(recording ? recording->stream : stream_), name);
  }
  void synchronize() const {
    refuse_to_record("a wait for the device");
    kernel("cudaStreamSynchronize", [](cudaStream_t s) { return cudaStreamSynchronize(s); });
  }

private:
  int index_;
  cudaStream_t stream_;
  bool owns_stream_;
  int shared_bytes_ = 0, max_pitch_ = 0;
  cublasHandle_t blas_ = nullptr;
  cusolverDnHandle_t solver_ = nullptr;
  cusolverDnParams_t parameters_ = nullptr;
  mutable std::mutex mutex_;
};

/// The GPU's memory, allocated and freed in stream order.
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

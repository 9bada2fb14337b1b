/// Captures graphs.

#include "devices/cuda/recorder.hpp"

namespace kronvec::cuda {
namespace {

/// The size that the cuBLAS manual recommends.
std::size_t blas_workspace_bytes(int index) {
  int major = 0;
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index), "cudaDeviceGetAttribute");
  return std::size_t(major >= 9 ? 32 : 4) << 20;
}

/// Captures what is launched into a stream while the Capture exists. Relaxed mode: other threads, and this one in other
/// streams, are not restricted.
class Capture {
public:
  explicit Capture(cudaStream_t stream) : stream_(stream) {
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeRelaxed), "cudaStreamBeginCapture");
  }
  ~Capture() {
    if (capturing_ && cudaStreamEndCapture(stream_, &graph_) != cudaSuccess) (void)cudaGetLastError();
    if (graph_) (void)cudaGraphDestroy(graph_);
  }
  Capture(const Capture &) = delete;
  Capture &operator=(const Capture &) = delete;

  cudaGraphExec_t finish() {
    capturing_ = false;
    check(cudaStreamEndCapture(stream_, &graph_), "cudaStreamEndCapture");
    cudaGraphExec_t executable = nullptr;
    check(cudaGraphInstantiate(&executable, graph_, 0), "cudaGraphInstantiate");
    return executable;
  }

private:
  cudaStream_t stream_;
  bool capturing_ = true;
  cudaGraph_t graph_ = nullptr;
};

class CudaRecording final : public Recording {
public:
  CudaRecording(const Engine &engine, std::shared_ptr<Pool> pool, cudaGraphExec_t graph)
      : engine_(engine), pool_(std::move(pool)), graph_(graph) {}
  /// Work in flight still completes; the pool's blocks are freed in stream order.
  ~CudaRecording() override { (void)cudaGraphExecDestroy(graph_); }
  CudaRecording(const CudaRecording &) = delete;
  CudaRecording &operator=(const CudaRecording &) = delete;

  void replay() const override {
    const Current current(engine_.index());
    const std::lock_guard lock(mutex_); // CUDA requires that only one thread at a time uses a graph
    check(cudaGraphLaunch(graph_, engine_.stream()), "cudaGraphLaunch");
  }

private:
  const Engine &engine_;
  const std::shared_ptr<Pool> pool_;
  const cudaGraphExec_t graph_;
  mutable std::mutex mutex_;
};

} // namespace

Recorder::~Recorder() {
  if (!stream_) return;
  int before = 0;
  (void)cudaGetDevice(&before), (void)cudaSetDevice(engine_.index());
  if (blas_) (void)cublasDestroy(blas_);
  if (blas_workspace_) (void)cudaFreeAsync(blas_workspace_, engine_.stream());
  (void)cudaStreamDestroy(stream_);
  (void)cudaSetDevice(before);
}

void Recorder::prepare() {
  if (!stream_) check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  if (!blas_) {
    check(cublasCreate(&blas_), "cublasCreate");
    check(cublasSetStream(blas_, stream_), "cublasSetStream");
  }
  const std::size_t bytes = blas_workspace_bytes(engine_.index());
  if (!blas_workspace_) check(cudaMallocAsync(&blas_workspace_, bytes, engine_.stream()), "cudaMallocAsync");
  check(cublasSetWorkspace(blas_, blas_workspace_, bytes), "cublasSetWorkspace"); // a new stream resets it
}

std::unique_ptr<Recording> Recorder::record(const std::function<void()> &work) {
  const std::lock_guard lock(mutex_);
  const Current current(engine_.index());
  try {
    prepare();
    auto pool = pool_.lock();
    if (!pool) pool_ = pool = std::make_shared<Pool>(memory_);
    Capture capture(stream_);
    {
      const CaptureTarget target{engine_, stream_, blas_, *pool};
      const CaptureScope scope(target);
      work();
    }
    return std::make_unique<CudaRecording>(engine_, std::move(pool), capture.finish());
  } catch (const DeviceError &error) {
    throw NotRecordable(error.what());
  } catch (const OutOfMemory &error) {
    throw NotRecordable(error.what());
  }
}

} // namespace kronvec::cuda

/// A double of CUDA graphs, as far as kronvec uses them: work submitted to a stream while it captures runs, in order,
/// whenever the graph is launched.

#include "devices/emulation/world.hpp"

#include <utility>

struct CUgraph_st {
  kronvec::emulation::Works work;
};
struct CUgraphExec_st {
  std::shared_ptr<const kronvec::emulation::Works> work; ///< shared with launches that wait in a stream
};

using namespace kronvec::emulation;

extern "C" {

/// Accepts relaxed mode only. The other modes would forbid this thread, or all threads, to allocate memory during the
/// capture.
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  const std::lock_guard lock(mutex());
  check_stream("cudaStreamBeginCapture", stream);
  if (mode != cudaStreamCaptureModeRelaxed) throw Misuse("cudaStreamBeginCapture: kronvec captures in relaxed mode");
  if (!stream) return result(cudaErrorStreamCaptureUnsupported);
  if (stream->captured) return result(cudaErrorIllegalState);
  stream->captured = std::make_unique<Works>();
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
  const std::lock_guard lock(mutex());
  check_stream("cudaStreamEndCapture", stream);
  if (!stream || !stream->captured) return result(cudaErrorIllegalState);
  *graph = new CUgraph_st{std::move(*stream->captured)};
  stream->captured.reset();
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *executable, cudaGraph_t graph, unsigned long long) {
  *executable = new CUgraphExec_st{std::make_shared<const Works>(graph->work)};
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) { return delete graph, cudaSuccess; }

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  enqueue(stream, [work = executable->work] {
    for (const auto &piece : *work)
      piece();
  });
  return cudaSuccess;
}

/// Launched work still runs.
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) { return delete executable, cudaSuccess; }

} // extern "C"

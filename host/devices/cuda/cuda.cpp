/// The CUDA device: products and small factorisations by cuBLAS, larger factorisations by cuSOLVER, the rest by the
/// kernels in `kernels/`.

#include "devices/cuda/module.hpp"
#include "devices/cuda/primitives.hpp"
#include "devices/cuda/recorder.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kronvec::cuda {
namespace {

/// Copies runs one by one that cudaMemcpy2DAsync cannot copy: a single run, whose length would have to be a pitch, and
/// runs that are farther apart than the max pitch.
cudaError_t copy_one_by_one(void *to, std::size_t to_step, const void *from, std::size_t from_step, std::size_t bytes,
                            std::size_t count, cudaStream_t stream) {
  cudaError_t status = cudaSuccess;
  for (std::size_t i = 0; i < count && status == cudaSuccess; ++i)
    status = cudaMemcpyAsync(static_cast<char *>(to) + i * to_step, static_cast<const char *>(from) + i * from_step,
                             bytes, cudaMemcpyDefault, stream);
  return status;
}

class CudaBackend final : public Backend {
public:
  explicit CudaBackend(std::unique_ptr<Engine> engine)
      : Backend(std::make_unique<DeviceMemory>(*engine)), engine_(std::move(engine)), floats_(*engine_, *this),
        rounded_floats_(*engine_, *this, Precision::tf32), doubles_(*engine_, *this), complex_floats_(*engine_, *this),
        complex_doubles_(*engine_, *this), recorder_(*engine_, memory()) {}
  ~CudaBackend() override { pool().trim(); } // while the engine that owns the memory still exists

  std::string name() const override {
    return engine_->index() == 0 ? KRONVEC_CUDA_NAME : fmt::format(KRONVEC_CUDA_NAME ":{}", engine_->index());
  }
  std::string description() const override {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, engine_->index()), "cudaGetDeviceProperties");
    return fmt::format("{}, sm_{}{}, {:.1f} GiB", properties.name, properties.major, properties.minor,
                       static_cast<double>(properties.totalGlobalMem) / (1 << 30));
  }
  const Primitives<float> &primitives(float) const override { return floats_; }
  const Primitives<float> &tf32_primitives() const override { return rounded_floats_; }
  const Primitives<double> &primitives(double) const override { return doubles_; }
  const Algebra<std::complex<float>> &primitives(std::complex<float>) const override { return complex_floats_; }
  const Algebra<std::complex<double>> &primitives(std::complex<double>) const override { return complex_doubles_; }
  bool is_host() const override { return false; }
  void synchronize() const override { engine_->synchronize(); }
  bool records() const override { return !engine_->capture_target(); }
  std::unique_ptr<Recording> record(const std::function<void()> &work) const override { return recorder_.record(work); }
  Pool &pool() const override {
    const CaptureTarget *target = engine_->capture_target();
    return target ? target->pool : Backend::pool();
  }

  void transfer(void *to, std::size_t to_step, const void *from, std::size_t from_step, std::size_t bytes,
                std::size_t count) const override {
    engine_->refuse_to_record("a copy that the host waits for");
    if (bytes > 0 && count > 0)
      engine_->kernel("a copy", [&](cudaStream_t s) {
        const bool together = count > 1 && std::max(to_step, from_step) <= engine_->max_pitch();
        return together ? cudaMemcpy2DAsync(to, to_step, from, from_step, bytes, count, cudaMemcpyDefault, s)
                        : copy_one_by_one(to, to_step, from, from_step, bytes, count, s);
      });
    engine_->synchronize();
  }

  void require_reachable(const char *what, const void *data) const override {
    cudaPointerAttributes attributes{};
    const Current current(engine_->index());
    check(cudaPointerGetAttributes(&attributes, data), "cudaPointerGetAttributes");
    const bool here = attributes.type == cudaMemoryTypeManaged || attributes.type == cudaMemoryTypeHost ||
                      (attributes.type == cudaMemoryTypeDevice && attributes.device == engine_->index());
    if (!here)
      throw DeviceError(fmt::format("{} lies in {}, where {} cannot work on it (Matrix::to brings it there)", what,
                                    attributes.type == cudaMemoryTypeDevice ? "another GPU's memory" : "host memory",
                                    name()));
  }

private:
  std::unique_ptr<Engine> engine_;
  CudaPrimitives<float> floats_, rounded_floats_;
  CudaPrimitives<double> doubles_;
  ComplexAlgebra<std::complex<float>> complex_floats_;
  ComplexAlgebra<std::complex<double>> complex_doubles_;
  mutable Recorder recorder_;
};

} // namespace
} // namespace kronvec::cuda

extern "C" __attribute__((visibility("default"))) kronvec::Backend *kronvec_cuda_backend(int index, void *stream) {
  using namespace kronvec::cuda;
  return new CudaBackend(std::make_unique<Engine>(index, static_cast<cudaStream_t>(stream)));
}

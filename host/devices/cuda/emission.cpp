/// Emission on the GPU: one plan for any result, and one for a packed result with few rows, read as a result with more
/// rows.

#include "devices/cuda/emission.hpp"

#include "devices/cuda/emission/plan.hpp"
#include "devices/cuda/entries.hpp"
#include "emission/flatten.hpp"

namespace kronvec::cuda {
namespace {

template <class T> class CudaEmitter final : public Emitter<T> {
public:
  CudaEmitter(const Engine &engine, const Backend &backend, const Emission &emission, const EmissionLimits &limits)
      : rows_(emission.rows.size), all_(engine, backend, emission, limits) {
    if (const auto flat = flattened(emission, sizeof(T), limits.short_column)) {
      flat_columns_ = flat->columns;
      flat_.emplace(engine, backend, flat->emission, limits);
    }
  }

  void run(std::span<const Buffer<T>> buffers, Index first_row, Index first_col, BatchView<T> y) const override {
    const Index n = flat_columns_;
    const bool packed = y.ld == y.rows || y.cols <= 1;
    if (flat_ && y.rows == rows_ && packed && first_col % n == 0 && y.cols % n == 0)
      y = {y.data, y.rows * n, y.cols / n, y.rows * n, y.count, y.stride},
      flat_->run(buffers, 0, first_col / n, entries(y));
    else
      all_.run(buffers, first_row, first_col, entries(y));
  }

  Blocks scratch(Index count) const override { return flat_ ? flat_->scratch(count) : all_.scratch(count); }

private:
  const Index rows_;
  EmissionPlan<T> all_;
  std::optional<EmissionPlan<T>> flat_;
  Index flat_columns_ = 0; ///< number of columns that form one column of the flat emission
};

} // namespace

template <class T> std::unique_ptr<Emitter<T>> emitter(const Engine &engine, const Backend &backend, Emission emission,
                                                       const EmissionLimits &limits) {
  return std::make_unique<CudaEmitter<T>>(engine, backend, emission, limits);
}

template std::unique_ptr<Emitter<float>> emitter(const Engine &, const Backend &, Emission, const EmissionLimits &);
template std::unique_ptr<Emitter<double>> emitter(const Engine &, const Backend &, Emission, const EmissionLimits &);

} // namespace kronvec::cuda

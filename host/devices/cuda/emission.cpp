/// Emission on the GPU: launches over terms, for a packed result of few rows those of a result of more rows.

#include "devices/cuda/emission.hpp"

#include "devices/cuda/emission/launches.hpp"
#include "devices/flat_emission.hpp"

namespace kronvec::cuda {
namespace {

/// Columns of fewer bytes are better written as parts of longer ones.
constexpr Index short_column = 1 << 10;

template <class T> class CudaEmitter final : public Emitter<T> {
public:
  CudaEmitter(const Engine &engine, const Backend &backend, const Emission &emission)
      : rows_(emission.rows.size), all_(engine, backend, emission) {
    if (const auto flat = flattened(emission, sizeof(T), short_column)) {
      flat_columns_ = flat->columns;
      flat_.emplace(engine, backend, flat->emission);
    }
  }

  void run(std::span<const T *const> buffers, Index first_row, Index first_col, MatrixView<T> y) const override {
    const Index n = flat_columns_;
    if (flat_ && y.rows() == rows_ && y.packed() && first_col % n == 0 && y.cols() % n == 0)
      flat_->run(buffers, 0, first_col / n, {y.data(), y.rows() * n, y.cols() / n, y.rows() * n, 1, 0});
    else
      all_.run(buffers, first_row, first_col, {y.data(), y.rows(), y.cols(), y.ld(), 1, 0});
  }

private:
  const Index rows_;
  Launches<T> all_;
  std::optional<Launches<T>> flat_;
  Index flat_columns_ = 0; ///< columns that are one of the flat emission's
};

} // namespace

template <class T>
std::unique_ptr<Emitter<T>> emitter(const Engine &engine, const Backend &backend, Emission emission) {
  return std::make_unique<CudaEmitter<T>>(engine, backend, emission);
}

template std::unique_ptr<Emitter<float>> emitter(const Engine &, const Backend &, Emission);
template std::unique_ptr<Emitter<double>> emitter(const Engine &, const Backend &, Emission);

} // namespace kronvec::cuda

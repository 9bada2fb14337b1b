#pragma once
/// An emission's terms in device memory, and the kernel launches that process them.

#include "devices/cuda/emission/columns.hpp"
#include "devices/cuda/engine.hpp"

#include <optional>

namespace kronvec::cuda {

/// Y = Σ products, by `emit_columns` if possible, otherwise by `emit` and `emit_long`.
template <class T> class Launches {
public:
  /// Must not outlive the backend.
  Launches(const Engine &engine, const Backend &backend, const Emission &emission);
  /// Writes the window of Y at this position, for all items of a batch.
  void run(std::span<const Buffer<T>> buffers, Index first_row, Index first_col, kernels::Entries<T> y) const;

private:
  /// Consecutive terms for `emit` or `emit_long`.
  struct TermRange {
    bool long_products = false;
    Index first = 0, count = 0;
    LaunchBuffers buffers = {};
  };

  void plan_tiles(const std::vector<Product> &products, std::vector<kernels::EmissionTerm> &terms);
  void append(std::vector<kernels::EmissionTerm> &all, std::vector<kernels::EmissionTerm> terms);
  void run_columns(std::span<const Buffer<T>> buffers, const kernels::EmissionSide (&side)[2],
                   kernels::Entries<T> y) const;
  void run_tiles(std::span<const Buffer<T>> buffers, const kernels::EmissionSide (&side)[2],
                 kernels::Entries<T> y) const;
  const kernels::EmissionTerm *terms() const { return static_cast<const kernels::EmissionTerm *>(terms_.data()); }

  const Engine &engine_;
  Index triangles_[2];
  std::optional<Columns<T>> columns_;
  std::vector<TermRange> ranges_;
  Pool::Block terms_;
};

} // namespace kronvec::cuda

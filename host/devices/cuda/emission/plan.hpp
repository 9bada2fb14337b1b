#pragma once
/// An emission on the GPU. cuBLAS computes long sums in slices that stay in the second-level cache; kernels write the
/// part of Y that needs these slices.
///
///   factors ──launches──▶ tables ──cuBLAS──▶ slices of C ─┐
///   other factors ────────────────────────────────────────┴─launches──▶ rows or columns of Y, once

#include "devices/cuda/emission.hpp"
#include "devices/cuda/emission/contraction.hpp"
#include "devices/cuda/emission/launches.hpp"

namespace kronvec::cuda {

template <class T> class EmissionPlan {
public:
  /// Must not outlive the backend.
  EmissionPlan(const Engine &engine, const Backend &backend, const Emission &emission, const EmissionLimits &limits);
  /// Writes the window of Y at this position, for all items of a batch.
  void run(std::span<const Buffer<T>> buffers, Index first_row, Index first_col, kernels::Entries<T> y) const;
  /// Pool blocks that a run takes for `count` items of Y.
  Blocks scratch(Index count) const;

private:
  struct ContractedSum {
    Contraction contraction;
    Index room = 1; ///< number of slices of C in memory
    std::array<std::optional<Launches<T>>, 2> table = {};
    Index entries() const { return room * contraction.slice_size(); }
    std::size_t table_bytes(std::size_t s) const {
      return static_cast<std::size_t>(table[s] ? contraction.side[s].table.rows.size : 0) * sizeof(T);
    }
  };
  /// The state of a contraction during a run.
  struct Running {
    std::array<Pool::Block, 2> tables;
    std::array<const T *, 2> side;
    Pool::Block result;
    Contraction::SliceRange slices = {};
  };

  std::vector<Product> contract_sums(const Emission &emission);
  bool loops(Index count) const;
  void run_item(std::span<const Buffer<T>> buffers, Index first_row, Index first_col, kernels::Entries<T> y) const;
  void choose_width();
  Index room(const Contraction &c) const;
  Index end_of_slices(Index position) const;
  Running start(const ContractedSum &sum, std::span<const Buffer<T>> buffers) const;
  const T *multiply(const ContractedSum &sum, Running &running, Contraction::SliceRange slices) const;

  const Engine &engine_;
  const Backend &backend_;
  const EmissionLimits limits_;
  std::vector<ContractedSum> sums_;
  int first_result_ = 0; ///< number of the first contraction's result among the buffers
  int axis_ = 0;         ///< whether slices belong to rows (0) or columns (1)
  Axis sliced_;
  /// Indices along the axis are written width_ at a time, from origin_ + k·width_ on.
  Index origin_ = 0, width_ = 0;
  std::optional<Launches<T>> launches_;
  std::optional<Launches<T>> loops_; ///< sums as loops: one launch for many small items
};

} // namespace kronvec::cuda

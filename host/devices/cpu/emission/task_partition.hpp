#pragma once
/// The tasks of one run of an emission.

#include "devices/cpu/emission/axis.hpp"
#include "devices/cpu/emission/tables.hpp"

#include <algorithm>

namespace kronvec::cpu {

/// Cuts a nonempty window of Y into tasks.
class TaskPartition {
public:
  /// A piece of the rows, and in every period `width` columns from `first` on.
  struct TaskBounds {
    Index piece, first, width;
  };

  TaskPartition(const Plan &plan, Index first_row, Index first_col, Shape window)
      : plan_(plan), window_(window), rows_(index_range(plan.rows, first_row, window.rows)),
        cols_(index_range(plan.cols, first_col, window.cols)) {
    const Tiling &t = plan.tiling;
    const auto floor_div = [](Index a, Index b) { return a >= 0 ? a / b : -((b - 1 - a) / b); };
    first_piece_ = rows_.begin / t.height, pieces_ = (rows_.end - 1) / t.height + 1 - first_piece_;
    first_span_ = floor_div(cols_.begin - t.origin, span());
    spans_ = floor_div(cols_.end - 1 - t.origin, span()) + 1 - first_span_;
    across_ = (t.bound + t.width - 1) / t.width, blocks_ = t.period / t.bound * across_;
  }

  IndexRange rows() const { return rows_; }
  IndexRange cols() const { return cols_; }
  Index tasks() const { return blocks_ * spans_ * pieces_; }
  TaskBounds bounds(Index task) const {
    const Tiling &t = plan_.tiling;
    const Index block = task / pieces_ / spans_, within = block % across_ * t.width;
    return {first_piece_ + task % pieces_,
            t.origin + (first_span_ + task / pieces_ % spans_) * span() + block / across_ * t.bound + within,
            std::min(t.width, t.bound - within)};
  }
  /// The amount of work, in entries.
  Index worth() const {
    Index result = window_.size();
    for (const Contraction &c : plan_.contractions)
      result += c.size * c.k / products_per_entry;
    return result;
  }

private:
  Index span() const { return plan_.tiling.period * plan_.tiling.periods; }

  const Plan &plan_;
  const Shape window_;
  const IndexRange rows_, cols_;
  Index first_piece_, pieces_, first_span_, spans_;
  Index across_, blocks_; ///< blocks of columns per bound, and per span
};

} // namespace kronvec::cpu

#pragma once
/// Running the steps of a program: for several tangents at one point, or at many points at once.

#include "calculus/program.hpp"
#include "calculus/recordings.hpp"

#include <span>

namespace kronvec::detail {

/// Which slots differ from point to point, those that depend on a symbol with a value for each, and where their values
/// lie: one after the other, point by point, in memory of their own.
class Varying {
public:
  Varying(const Program &program, const std::vector<SlotId> &symbols);
  bool has(SlotId u) const { return varies_[static_cast<std::size_t>(u)]; }
  bool has(const Step &step) const { return has(step.out[0]); }
  /// Elements of the values at one point.
  Index per_point() const { return per_point_; }
  /// Places the values at so many points.
  void place(const Program &program, Index points);
  Index elements() const { return elements_; }
  /// The first element of a slot.
  Index offset(SlotId u) const { return offset_[static_cast<std::size_t>(u)]; }

private:
  std::vector<bool> varies_;
  std::vector<Index> offset_;
  Index per_point_ = 0, elements_ = 0;
};

/// The memory that steps work in: for `count` tangents at one point, or for `count` points, those from `first` on.
template <class T> struct Memory {
  T *arena = nullptr;     ///< constants and values; of many points those that all share
  T *once = nullptr;      ///< slots of dense steps that all points share
  T *workspace = nullptr; ///< other slots of dense and batched stages, of `count` items
  Index count = 1;
  BatchView<const T> input = {}; ///< of a batched stage
  BatchView<T> output = {};
  std::span<const std::unique_ptr<Emitter<T>>> emitters = {}; ///< of the dense steps
  const Varying *varying = nullptr;                           ///< of many points
  T *values = nullptr;                                        ///< where `varying` has them
  Index first = 0;
  const Recordings *recordings = nullptr; ///< of the point, or the points; null: steps are done one by one

  /// A slot's matrices.
  BatchView<T> slot(const Program &program, SlotId u) const;
};

/// The steps of a stage that are run.
enum class Part { all, shared, varying };

template <class T>
void run(const Program &program, Stage stage, const Backend &backend, const Memory<T> &memory, Part part = Part::all);

} // namespace kronvec::detail

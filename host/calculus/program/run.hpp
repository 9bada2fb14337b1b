#pragma once
/// Runs the steps of a program, for several tangents at one point or for many points at once.

#include "calculus/program/program.hpp"
#include "calculus/program/recordings.hpp"

#include <array>
#include <span>

namespace kronvec::detail {

/// Buffers of an emission. A small number of buffers needs no heap memory.
template <class T> class Buffers {
public:
  /// Adds the items of a batch as one buffer.
  void push_back(const BatchView<const T> &items) {
    const Buffer<T> buffer(items.data, items.count == 1 ? 0 : items.stride);
    if (size_ == few_.size()) many_.assign(few_.begin(), few_.end());
    size_ < few_.size() ? void(few_[size_] = buffer) : many_.push_back(buffer);
    ++size_;
  }
  std::span<const Buffer<T>> span() const { return {many_.empty() ? few_.data() : many_.data(), size_}; }

private:
  std::array<Buffer<T>, 24> few_{};
  std::vector<Buffer<T>> many_;
  std::size_t size_ = 0;
};

/// The slots that differ from point to point (they depend on a symbol with one value per point), and where their values
/// lie: point after point, in separate memory.
class Varying {
public:
  Varying(const Program &program, const std::vector<SlotId> &symbols);
  bool has(SlotId u) const { return varies_[static_cast<std::size_t>(u)]; }
  bool has(const Step &step) const { return has(step.out[0]); }
  /// Elements of the values at one point.
  Index per_point() const { return per_point_; }
  /// Assigns memory to the values at `points` points.
  void place(const Program &program, Index points);
  Index elements() const { return elements_; }
  /// The offset of a slot's first element.
  Index offset(SlotId u) const { return offset_[static_cast<std::size_t>(u)]; }

private:
  std::vector<bool> varies_;
  std::vector<Index> offset_;
  Index per_point_ = 0, elements_ = 0;
};

/// The memory that steps work in: for `count` tangents at one point, or for `count` points from `first` on.
template <class T> struct RunMemory {
  T *arena = nullptr;     ///< constants and values; for many points, those that all points share
  T *once = nullptr;      ///< slots of dense steps that all points share
  T *workspace = nullptr; ///< the other slots of dense and batched stages, for `count` items
  Index count = 1;
  BatchView<const T> input = {}; ///< of a batched stage
  BatchView<T> output = {};
  std::span<const std::unique_ptr<Emitter<T>>> emitters = {}; ///< of the dense steps
  const Varying *varying = nullptr;                           ///< for many points, otherwise null
  T *values = nullptr;                                        ///< memory of the varying slots
  Index first = 0;
  const Recordings *recordings = nullptr; ///< of the point or points; null: steps run one by one

  /// The matrices of a slot.
  BatchView<T> slot(const Program &program, SlotId u) const;
};

/// Which steps of a stage run.
enum class StepSelection { all, shared, varying };

template <class T> void run(const Program &program, Stage stage, const Backend &backend, const RunMemory<T> &memory,
                            StepSelection selection = StepSelection::all);

} // namespace kronvec::detail

#pragma once
/// A Jacobian before and at a point: the plan (program and symbols, no numbers) and the point (arena, numbers).

#include "calculus/differential.hpp"
#include "calculus/run.hpp"
#include "calculus/terms/dense_plan.hpp"
#include "devices/backend.hpp"

#include <mutex>
#include <span>

namespace kronvec::detail {

/// Max number of terms that a node of a differential keeps. If it has more, they are joined even at a cost.
constexpr int usual_term_cap = 8;

struct JacobianPlan {
  /// With a term cap of 0 the plan does not support `structured`.
  JacobianPlan(const Expression &f, std::vector<Symbol> variables, Structure structure, int term_cap = usual_term_cap);

  Expression f;
  std::vector<Symbol> variables;
  Structure structure;
  /// The shape of a tangent: that of X for one general variable, otherwise a column.
  Shape seed_shape;
  Program program;
  SlotId value = no_slot;
  struct Input {
    NodePtr symbol;
    SlotId slot;
  };
  std::vector<Input> inputs; ///< every symbol of F, and X
  DensePlan dense;
  /// Predictions for `structured` (if it exists), `forward` and `reverse`, fastest first.
  std::vector<Prediction> predictions;

  void lower(Stage stage, const Differential &df, Shape seed);
  Index rows() const { return f.shape().size(); }
  Index cols() const { return seed_shape.size(); }
  Shape input_shape(Stage stage) const { return stage == Stage::forward ? seed_shape : f.shape(); }
  Shape output_shape(Stage stage) const { return stage == Stage::forward ? f.shape() : seed_shape; }

  /// An entry of a variable, counted along its vec.
  struct Entry {
    std::size_t variable;
    Index index;
  };
  /// The entries of the variables that column j of J belongs to: one, or for a symmetric variable two mirror images.
  std::vector<Entry> entries(Index j) const;
};

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

/// Emitters on one device: for the dense steps of a plan (null for steps without an emitter) and for J in either
/// layout.
template <class T> struct Emitters {
  Emitters(const JacobianPlan &plan, Device device);
  std::vector<std::unique_ptr<Emitter<T>>> steps;
  std::unique_ptr<Emitter<T>> jacobian[2];
};

/// Emitters that are made when they are first needed.
template <class T> class OnFirstUse {
public:
  const Emitters<T> &get(const JacobianPlan &plan, Device device) const {
    std::call_once(once_, [&] { emitters_ = std::make_unique<const Emitters<T>>(plan, device); });
    return *emitters_;
  }

private:
  mutable std::once_flag once_;
  mutable std::unique_ptr<const Emitters<T>> emitters_;
};

/// Throws DomainError if a symbol that has entries has no value.
template <class T> void require_values(const JacobianPlan &plan, const Values<T> &values);

/// The numbers of a plan at one point, on a device.
template <class T> class Point {
public:
  Point(std::shared_ptr<const JacobianPlan> plan, const Values<T> &values, Device device);

  const JacobianPlan &plan() const { return *plan_; }
  const std::shared_ptr<const JacobianPlan> &plan_ptr() const { return plan_; }
  Device device() const { return device_; }
  void update(const Values<T> &values);

  /// The matrix of a slot, in device memory.
  MatrixView<T> matrix(SlotId slot) const;
  /// J or Jᵀ (by the stage) times the columns of x, k tangents or cotangents; writes the columns of y.
  void apply(Stage stage, MatrixView<const T> x, MatrixView<T> y) const;
  /// Bytes that `apply` takes from the device's pool per column.
  std::size_t workspace_bytes(Stage stage) const;

  /// Runs the steps that compute F and all coefficients from the symbols' slots.
  void evaluate() const;

  /// Runs the dense steps, which compute the arrays that J is written from, in `workspace`
  /// (`workspace_bytes(Stage::dense)` bytes). Returns those arrays.
  Buffers<T> run_dense(T *workspace) const;
  const Emitters<T> &emitters() const { return emitters_.get(*plan_, device_); }
  /// Writes J in this layout from the buffers of `run_dense`.
  const Emitter<T> &emitter(Layout layout) const { return *emitters().jacobian[static_cast<int>(layout)]; }

private:
  void bind(const Binding<T> &binding);

  std::shared_ptr<const JacobianPlan> plan_;
  Device device_;
  Pool::Block arena_;
  OnFirstUse<T> emitters_;
  Recordings recordings_; ///< declared last: destroyed before the memory and the emitters that it uses
};

/// Predictions for forward, reverse and, if J has terms, structured; fastest first.
std::vector<Prediction> predict(const JacobianPlan &plan);

/// Max number of elements per item that a primitive of the stage takes from the pool, beside its operands.
Index most_scratch(const Program &program, Stage stage);
/// Pool blocks that the primitives of a stage take for k items, one step at a time.
template <class T> Blocks scratch(const Program &program, Stage stage, Index k);

/// Number of columns that one pass computes together: as many as keep the workspace within a few MiB.
Index columns_per_pass(const JacobianPlan &plan, Stage stage, std::size_t element);

/// Pool blocks for `count` local Jacobians, by columns, of a plan of one variable.
template <class T> Blocks local_scratch(const JacobianPlan &plan, Index count, Device device);
/// Bytes of a dense J with elements of this size, plus what the method holds beside it on the CPU.
double predicted_bytes(const JacobianPlan &plan, Method method, std::size_t element);
/// The method that `automatic` means here; any other method itself.
Method chosen(const JacobianPlan &plan, Method method);
/// Throws OutOfMemory, with both numbers, if the predicted bytes exceed the free memory of the point's device.
template <class T> void require_memory(const Point<T> &point, const DenseOptions &options);
/// Explains the plan: how J is written, from which arrays, at what cost, and why.
std::string explain(const JacobianPlan &plan, Layout layout, std::size_t element);

/// The dense Jacobian of a point by `options.method`.
template <class T> void assemble(const Point<T> &point, MatrixView<T> out, const DenseOptions &options);

} // namespace kronvec::detail

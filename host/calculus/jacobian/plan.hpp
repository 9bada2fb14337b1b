#pragma once
/// A Jacobian before it has numbers: its function, its variables, its program, and what each method will cost.

#include "calculus/jacobian/coefficients.hpp"
#include "calculus/jacobian/dense_plan.hpp"
#include "calculus/jacobian/emitters.hpp"
#include "calculus/program/evaluation.hpp"

namespace kronvec::detail {

/// Max number of terms that a node of a differential keeps. If it has more, they are joined even at a cost.
constexpr int usual_term_cap = 8;

/// The predicted cost of a method for J, before any work.
struct Prediction {
  Method method = Method::structured;
  double flops_per_entry = 0;
  double over_floor = 0; ///< time relative to writing J once
  friend bool operator<(const Prediction &a, const Prediction &b) { return a.over_floor < b.over_floor; }
};

struct JacobianPlan : FunctionPlan {
  /// With a term cap of 0 the plan does not support `structured`.
  JacobianPlan(const Expression &f, Variables variables, int term_cap = usual_term_cap);

  Variables variables;
  /// The shape of a tangent: that of X for one variable that is not symmetric, otherwise a column.
  Shape seed_shape;
  DensePlan dense;
  Emitters emitters{*this};
  std::vector<Coefficient> coefficients;
  /// Predictions for `structured` (if it exists), `forward` and `reverse`, fastest first.
  std::vector<Prediction> predictions;

  Index rows() const { return f.shape().size(); }
  Index cols() const { return seed_shape.size(); }
  Shape input_shape(Stage stage) const { return stage == Stage::forward ? seed_shape : f.shape(); }
  Shape output_shape(Stage stage) const { return stage == Stage::forward ? f.shape() : seed_shape; }

  /// An entry of a variable, counted along its vec.
  struct VariableEntry {
    std::size_t variable;
    Index index;
  };
  /// The entries of the variables that column j of J belongs to: one, or for a symmetric variable two mirror images.
  std::vector<VariableEntry> entries(Index j) const;

private:
  /// Adds the steps of a batched stage: the differential, applied to the stage's tangents or cotangents.
  void lower(Stage stage, const Differential &df, Shape seed);
};

/// Throws DomainError if a symmetric variable has a value, or one of several values side by side, that is not
/// symmetric. Checks values for devices of the host only: other devices would have to be waited for.
template <class T> void require_symmetric(const JacobianPlan &plan, const Values<T> &values, Device device);

/// Predictions for forward, reverse and, if J has terms, structured; fastest first.
std::vector<Prediction> predict(const JacobianPlan &plan);

/// The method that `automatic` means here; any other method itself.
Method chosen(const JacobianPlan &plan, Method method);
/// Explains the plan: how J is written, from which arrays, at what cost, and why.
template <class T> std::string explain(const JacobianPlan &plan, Layout layout, Device device);

} // namespace kronvec::detail

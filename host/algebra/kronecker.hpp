#pragma once
/// F₁ ⊗ … ⊗ F_N of any operators.

#include "algebra/composed.hpp"

namespace kronvec::algebra {

/// Applies its factors one by one, in the order that takes the fewest flops. Consecutive matrices and identities go
/// through the device's primitive in one call. Every other factor is applied along its own dimension, which is
/// transposed to the front, and back, if it is not there already.
template <class T> class Kronecker final : public Combined<T> {
public:
  using Combined<T>::parts;
  using typename Node<T>::In;
  using typename Node<T>::Out;
  Kronecker(std::vector<NodePtr<T>> factors, Device device, Precision precision = Precision::full);

  void apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const override;
  Index workspace(Index columns, bool adds) const override;
  NodePtr<T> transposed() const override;
  NodePtr<T> conjugated() const override;
  NodePtr<T> rounded() const override;
  std::string text() const override;
  OperatorPrecedence precedence() const override { return OperatorPrecedence::kronecker; }
  double flops() const override;
  T entry(Index i, Index j) const override;
  Matrix<T> diagonal() const override;
  T trace() const override;
  double squared_norm() const override;
  CooMatrix<T> coo() const override;
  bool draft(Draft<T> &draft) const override;

private:
  /// Either several factors, applied by the primitive with identities for the others; or, if `direct` is empty, one
  /// factor along its dimension, with `inner` faster and `outer` slower entries around it.
  struct FactorStep {
    std::vector<KroneckerFactor<T>> direct;
    std::size_t factor = 0;
    Index inner = 1, outer = 1;
    Index rows = 0; ///< entries per column after the step
  };
  /// Entries of an intermediate result, for all columns of x.
  std::size_t half_of(In x) const { return static_cast<std::size_t>(tallest_ * x.cols()); }
  /// The factors that are not identities, in the order that takes the fewest flops.
  std::vector<std::size_t> order() const;
  void plan();
  /// Applies one factor to all columns of a packed x, with `room` as workspace.
  void apply_along(const FactorStep &step, In x, Out y, std::span<T> room) const;
  /// Applies the last step, with α and β.
  void finish(const FactorStep &step, T alpha, In from, T beta, Out y, T *half, std::span<T> room) const;

  std::vector<FactorStep> steps_;
  Index tallest_ = 0;  ///< entries of the tallest column, before, between or after the steps
  bool turns_ = false; ///< whether some factor's dimension must be transposed to the front
};

} // namespace kronvec::algebra

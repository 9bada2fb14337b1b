#pragma once
/// F₁ ⊗ … ⊗ F_N of any operators.

#include "algebra/composed.hpp"

namespace kronvec::algebra {

/// Factors are applied one by one, those first that leave the least work. Matrices and identities that follow one
/// another go through the device's primitive at once; every other factor is applied along its own dimension, which is
/// turned to the front and back if it is not there.
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
  Binding binding() const override { return Binding::kronecker; }
  double flops() const override;
  T entry(Index i, Index j) const override;
  Matrix<T> diagonal() const override;
  T trace() const override;
  double squared_norm() const override;
  CooMatrix<T> coo() const override;
  bool draft(Draft<T> &draft) const override;

private:
  /// Some factors by the primitive, with identities for the others; or, where `direct` is empty, one factor along its
  /// dimension, with the entries of faster and slower dimensions around it.
  struct Step {
    std::vector<KroneckerFactor<T>> direct;
    std::size_t factor = 0;
    Index inner = 1, outer = 1;
    Index rows = 0; ///< entries of a column that it leaves
  };
  /// Entries of a result between steps, for all columns of x.
  std::size_t half_of(In x) const { return static_cast<std::size_t>(tallest_ * x.cols()); }
  /// The factors that are no identities, those first that leave the least work.
  std::vector<std::size_t> order() const;
  void plan();
  /// Applies one factor to all columns of a packed x. `room` is what it may use.
  void apply_along(const Step &step, In x, Out y, std::span<T> room) const;
  /// The last of several steps: α and β are applied here.
  void finish(const Step &step, T alpha, In from, T beta, Out y, T *half, std::span<T> room) const;

  std::vector<Step> steps_;
  Index tallest_ = 0;  ///< entries of the largest column, between steps or at the ends
  bool turns_ = false; ///< whether a factor is turned to the front
};

} // namespace kronvec::algebra

#pragma once
/// F₁ ⊗ … ⊗ F_N of any operators.

#include "algebra/node.hpp"

namespace kronvec::algebra {

/// Matrices and identities among the factors go through the device's primitive, all at once; every other factor is
/// applied along its own dimension, which is turned to the front and back if it is not there: before the primitive if
/// it shrinks what it is applied to, and otherwise after it.
template <class T> class Kronecker final : public Node<T> {
public:
  using typename Node<T>::In;
  using typename Node<T>::Out;
  Kronecker(std::vector<NodePtr<T>> factors, Device device);
  const std::vector<NodePtr<T>> &factors() const { return factors_; }

  void apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const override;
  Index workspace(Index columns, bool adds) const override;
  NodePtr<T> transposed() const override;
  NodePtr<T> conjugated() const override;
  std::string text() const override;
  Binding binding() const override { return Binding::kronecker; }
  Index size() const override;
  double flops() const override;
  std::size_t bytes() const override;
  T entry(Index i, Index j) const override;
  Matrix<T> diagonal() const override;
  T trace() const override;
  double squared_norm() const override;
  CooMatrix<T> coo() const override;
  bool draft(Draft<T> &draft) const override;

private:
  /// A factor that the primitive does not take, with the entries of faster and slower dimensions around it.
  struct Along {
    std::size_t factor;
    Index inner, outer;
  };
  bool all_square() const;
  Index rows_of(const Along &along) const {
    return Shape{Shape{along.inner, along.outer}.size(), factors_[along.factor]->rows()}.size();
  }
  /// Applies one of them to all columns of a packed x. `room` is what it may use.
  void apply_along(const Along &along, In x, Out y, std::span<T> room) const;

  std::vector<NodePtr<T>> factors_;
  std::vector<KroneckerFactor<T>> direct_; ///< those of the primitive, with identities for the others
  std::vector<Along> before_, after_;      ///< the primitive
  bool any_direct_;
  Index tallest_; ///< entries of the largest intermediate column
};

} // namespace kronvec::algebra

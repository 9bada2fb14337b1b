#pragma once
/// The Khatri–Rao product A ∗ B and its transpose. Column j of A ∗ B is a_j ⊗ b_j.

#include "algebra/node.hpp"

namespace kronvec::algebra {

template <class T> class KhatriRao final : public Node<T> {
public:
  using typename Node<T>::In;
  using typename Node<T>::Out;
  using Shared = std::shared_ptr<const Matrix<T>>;
  KhatriRao(Shared a, Shared b, std::string name_a, std::string name_b, bool transposed,
            Precision precision = Precision::full);

  void apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const override;
  Index workspace(Index columns, bool adds) const override;
  NodePtr<T> transposed() const override;
  NodePtr<T> conjugated() const override;
  NodePtr<T> rounded() const override {
    return std::make_shared<KhatriRao>(a_, b_, name_a_, name_b_, transposed_, Precision::tf32);
  }
  std::string text() const override;
  OperatorPrecedence precedence() const override {
    return transposed_ ? OperatorPrecedence::atom : OperatorPrecedence::kronecker;
  }
  double flops() const override;
  std::size_t bytes() const override {
    return static_cast<std::size_t>(a_->shape().size() + b_->shape().size()) * sizeof(T);
  }
  T entry(Index i, Index j) const override;
  bool draft(Draft<T> &draft) const override;

private:
  Shared a_, b_; ///< m×n and p×n
  std::string name_a_, name_b_;
  bool transposed_;
};

} // namespace kronvec::algebra

#pragma once
/// Operators made of operators by products, sums, multiples and direct sums.

#include "algebra/node.hpp"

namespace kronvec::algebra {

/// F₁·F₂·…, applied from the right.
template <class T> class Composition final : public Node<T> {
public:
  using typename Node<T>::In;
  using typename Node<T>::Out;
  explicit Composition(std::vector<NodePtr<T>> factors);
  const std::vector<NodePtr<T>> &factors() const { return factors_; }

  void apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const override;
  Index workspace(Index columns, bool adds) const override;
  NodePtr<T> transposed() const override;
  NodePtr<T> conjugated() const override;
  std::string text() const override;
  Binding binding() const override { return Binding::product; }
  Index size() const override;
  double flops() const override;
  std::size_t bytes() const override;
  void window(Index i, Index j, Out out) const override;
  CooMatrix<T> coo() const override;

private:
  std::vector<NodePtr<T>> factors_;
  Index widest_; ///< rows of the largest intermediate result
};

/// A + B + ….
template <class T> class Sum final : public Node<T> {
public:
  using typename Node<T>::In;
  using typename Node<T>::Out;
  explicit Sum(std::vector<NodePtr<T>> terms);
  const std::vector<NodePtr<T>> &terms() const { return terms_; }

  void apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const override;
  Index workspace(Index columns, bool adds) const override;
  NodePtr<T> transposed() const override;
  NodePtr<T> conjugated() const override;
  std::string text() const override;
  Binding binding() const override { return Binding::sum; }
  Index size() const override;
  double flops() const override;
  std::size_t bytes() const override;
  T entry(Index i, Index j) const override;
  Matrix<T> diagonal() const override;
  T trace() const override;
  CooMatrix<T> coo() const override;
  bool draft(Draft<T> &draft) const override;

private:
  std::vector<NodePtr<T>> terms_;
};

/// α·A.
template <class T> class Scaled final : public Node<T> {
public:
  using typename Node<T>::In;
  using typename Node<T>::Out;
  Scaled(T scale, NodePtr<T> a) : Node<T>(a->shape(), a->device()), scale_(scale), a_(std::move(a)) {}
  T scale() const { return scale_; }
  const NodePtr<T> &a() const { return a_; }

  void apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const override {
    a_->apply(alpha * scale_, x, beta, y, workspace);
  }
  Index workspace(Index columns, bool adds) const override { return a_->workspace(columns, adds); }
  NodePtr<T> transposed() const override { return std::make_shared<Scaled>(scale_, a_->transposed()); }
  NodePtr<T> conjugated() const override { return std::make_shared<Scaled>(conjugated_scale(), a_->conjugated()); }
  std::string text() const override;
  Binding binding() const override { return Binding::product; }
  Index size() const override { return 1 + a_->size(); }
  double flops() const override { return a_->flops(); }
  std::size_t bytes() const override { return a_->bytes(); }
  T entry(Index i, Index j) const override { return scale_ * a_->entry(i, j); }
  Matrix<T> diagonal() const override;
  T trace() const override { return scale_ * a_->trace(); }
  double squared_norm() const override { return squared(scale_) * a_->squared_norm(); }
  CooMatrix<T> coo() const override;
  bool draft(Draft<T> &draft) const override;

private:
  T conjugated_scale() const { return kronvec::conjugated(scale_); }
  T scale_;
  NodePtr<T> a_;
};

/// A ⊕ B ⊕ …: block-diagonal.
template <class T> class DirectSum final : public Node<T> {
public:
  using typename Node<T>::In;
  using typename Node<T>::Out;
  DirectSum(std::vector<NodePtr<T>> blocks, Device device);
  const std::vector<NodePtr<T>> &blocks() const { return blocks_; }

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
  bool all_square() const;
  std::vector<NodePtr<T>> blocks_;
};

/// Every operator of a list, transposed, or conjugate.
template <class T> std::vector<NodePtr<T>> each_transposed(const std::vector<NodePtr<T>> &nodes) {
  std::vector<NodePtr<T>> result;
  result.reserve(nodes.size());
  for (const NodePtr<T> &node : nodes)
    result.push_back(node->transposed());
  return result;
}
template <class T> std::vector<NodePtr<T>> each_conjugated(const std::vector<NodePtr<T>> &nodes) {
  std::vector<NodePtr<T>> result;
  result.reserve(nodes.size());
  for (const NodePtr<T> &node : nodes)
    result.push_back(node->conjugated());
  return result;
}

template <class T> Index size_of(const std::vector<NodePtr<T>> &nodes) {
  Index total = 1;
  for (const NodePtr<T> &node : nodes)
    total += node->size();
  return total;
}
template <class T> double flops_of(const std::vector<NodePtr<T>> &nodes) {
  double total = 0;
  for (const NodePtr<T> &node : nodes)
    total += node->flops();
  return total;
}
template <class T> std::size_t bytes_of(const std::vector<NodePtr<T>> &nodes) {
  std::size_t total = 0;
  for (const NodePtr<T> &node : nodes)
    total += node->bytes();
  return total;
}
/// The most that one of them needs.
template <class T> Index workspace_of(const std::vector<NodePtr<T>> &nodes, Index columns, bool adds) {
  Index most = 0;
  for (const NodePtr<T> &node : nodes)
    most = std::max(most, node->workspace(columns, adds));
  return most;
}
/// "A + B", each wrapped where it binds less tightly than `at_least`.
template <class T> std::string joined(const std::vector<NodePtr<T>> &nodes, const std::string &sign, Binding at_least) {
  std::string text;
  for (const NodePtr<T> &node : nodes)
    text += (text.empty() ? "" : sign) + wrapped(*node, at_least);
  return text;
}

} // namespace kronvec::algebra

#pragma once
/// Operators composed of others: products, sums, multiples and direct sums.

#include "algebra/node.hpp"

#include <algorithm>

namespace kronvec::algebra {

/// Base of operators that combine a list of operators.
template <class T> class Combined : public Node<T> {
public:
  const std::vector<NodePtr<T>> &parts() const { return parts_; }
  Index size() const final {
    return sum_over(Index(1), [](const Node<T> &part) { return part.size(); });
  }
  double flops() const override {
    return sum_over(0.0, [](const Node<T> &part) { return part.flops(); });
  }
  std::size_t bytes() const final {
    return sum_over(std::size_t(0), [](const Node<T> &part) { return part.bytes(); });
  }

protected:
  Combined(Shape shape, Device device, std::vector<NodePtr<T>> &&parts, Precision precision = Precision::full)
      : Node<T>(shape, device, precision), parts_(std::move(parts)) {}

  /// Appends parts of the same device.
  void append(const std::vector<NodePtr<T>> &parts) {
    (void)common_device<T>({parts_.front(), parts.front()});
    parts_.insert(parts_.end(), parts.begin(), parts.end());
  }
  template <class Number> Number sum_over(Number sum, const auto &of) const {
    for (const NodePtr<T> &part : parts_)
      sum += of(*part);
    return sum;
  }
  bool all_square() const {
    return std::all_of(parts_.begin(), parts_.end(),
                       [](const NodePtr<T> &part) { return part->rows() == part->cols(); });
  }
  /// The largest workspace that one of the parts needs.
  Index workspace_of_parts(Index columns, bool adds) const {
    Index most = 0;
    for (const NodePtr<T> &part : parts_)
      most = std::max(most, part->workspace(columns, adds));
    return most;
  }
  std::vector<NodePtr<T>> transposed_parts() const {
    return each([](const Node<T> &part) { return part.transposed(); });
  }
  std::vector<NodePtr<T>> conjugated_parts() const {
    return each([](const Node<T> &part) { return part.conjugated(); });
  }
  std::vector<NodePtr<T>> rounded_parts() const {
    return each([](const Node<T> &part) { return part.rounded(); });
  }
  /// "A ⊗ B", with parentheses around each part that is not an atom.
  std::string joined(const std::string &sign) const {
    std::string text;
    for (const NodePtr<T> &part : parts_)
      text += (text.empty() ? "" : sign) + wrapped(*part, OperatorPrecedence::atom);
    return text;
  }

private:
  std::vector<NodePtr<T>> each(const auto &of) const {
    std::vector<NodePtr<T>> result;
    result.reserve(parts_.size());
    for (const NodePtr<T> &part : parts_)
      result.push_back(of(*part));
    return result;
  }
  std::vector<NodePtr<T>> parts_;
};

/// F₁·F₂·…, applied from the right.
template <class T> class Composition final : public Combined<T> {
public:
  using Combined<T>::parts;
  using typename Node<T>::In;
  using typename Node<T>::Out;
  explicit Composition(std::vector<NodePtr<T>> factors);
  /// Multiplies by further factors at the right. Only for an operator that nobody else has.
  void extend(const std::vector<NodePtr<T>> &factors);

  void apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const override;
  Index workspace(Index columns, bool adds) const override;
  NodePtr<T> transposed() const override;
  NodePtr<T> conjugated() const override;
  NodePtr<T> rounded() const override;
  std::string text() const override;
  OperatorPrecedence precedence() const override { return OperatorPrecedence::product; }
  void window(Index i, Index j, Out out) const override;
  CooMatrix<T> coo() const override;

private:
  Index widest_; ///< rows of the tallest intermediate result
};

/// A + B + ….
template <class T> class Sum final : public Combined<T> {
public:
  using Combined<T>::parts;
  using typename Node<T>::In;
  using typename Node<T>::Out;
  explicit Sum(std::vector<NodePtr<T>> terms);
  /// Adds further terms. Only for an operator that nobody else has.
  void extend(const std::vector<NodePtr<T>> &terms) { this->append(terms); }

  void apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const override;
  Index workspace(Index columns, bool adds) const override;
  NodePtr<T> transposed() const override;
  NodePtr<T> conjugated() const override;
  NodePtr<T> rounded() const override;
  std::string text() const override;
  OperatorPrecedence precedence() const override { return OperatorPrecedence::sum; }
  double flops() const override;
  T entry(Index i, Index j) const override;
  Matrix<T> diagonal() const override;
  T trace() const override;
  CooMatrix<T> coo() const override;
  bool draft(Draft<T> &draft) const override;
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
  NodePtr<T> rounded() const override { return std::make_shared<Scaled>(scale_, a_->rounded()); }
  std::string text() const override;
  OperatorPrecedence precedence() const override { return OperatorPrecedence::product; }
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
template <class T> class DirectSum final : public Combined<T> {
public:
  using Combined<T>::parts;
  using typename Node<T>::In;
  using typename Node<T>::Out;
  DirectSum(std::vector<NodePtr<T>> blocks, Device device);

  void apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const override;
  Index workspace(Index columns, bool adds) const override;
  NodePtr<T> transposed() const override;
  NodePtr<T> conjugated() const override;
  NodePtr<T> rounded() const override;
  std::string text() const override;
  OperatorPrecedence precedence() const override { return OperatorPrecedence::kronecker; }
  T entry(Index i, Index j) const override;
  Matrix<T> diagonal() const override;
  T trace() const override;
  double squared_norm() const override;
  CooMatrix<T> coo() const override;
  bool draft(Draft<T> &draft) const override;
};

/// a·b and a + b. If nobody else has a, its list of parts grows, so that n parts one after the other take time in
/// proportion to n.
template <class T> Operator<T> times(Operator<T> &&a, const Operator<T> &b);
template <class T> Operator<T> plus(Operator<T> &&a, const Operator<T> &b);

} // namespace kronvec::algebra

#pragma once
/// Operators that are a dense or a diagonal matrix.

#include "algebra/node.hpp"

namespace kronvec::algebra {

template <class T> class Dense final : public Node<T> {
public:
  using typename Node<T>::In;
  using typename Node<T>::Out;

  Dense(std::shared_ptr<const Matrix<T>> matrix, std::string name, Op op = Op::none,
        Precision precision = Precision::full)
      : Node<T>(op == Op::none ? matrix->shape() : Shape{matrix->cols(), matrix->rows()}, matrix->device(), precision),
        matrix_(std::move(matrix)), name_(std::move(name)), op_(op) {}
  Dense(Matrix<T> matrix, std::string name)
      : Dense(std::make_shared<const Matrix<T>>(std::move(matrix)), std::move(name)) {}

  /// Whether both are the same matrix object, with the same transposition.
  bool is(const Dense &other) const { return matrix_ == other.matrix_ && op_ == other.op_; }
  const Matrix<T> *matrix() const { return matrix_.get(); }

  void apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const override;
  NodePtr<T> transposed() const override;
  NodePtr<T> conjugated() const override;
  NodePtr<T> rounded() const override { return std::make_shared<Dense>(matrix_, name_, op_, Precision::tf32); }
  std::string text() const override;
  double flops() const override { return 2 * static_cast<double>(this->rows()) * static_cast<double>(this->cols()); }
  std::size_t bytes() const override { return static_cast<std::size_t>(matrix_->shape().size()) * sizeof(T); }
  T entry(Index i, Index j) const override;
  Matrix<T> diagonal() const override;
  double squared_norm() const override;
  void window(Index i, Index j, Out out) const override;
  std::optional<KroneckerFactor<T>> factor() const override { return {{matrix_->view(), op_, 0}}; }
  bool draft(Draft<T> &draft) const override;

private:
  std::shared_ptr<const Matrix<T>> matrix_;
  std::string name_;
  Op op_;
};

/// Diag(d), n×n for d n×1.
template <class T> class Diagonal final : public WritingNode<T> {
public:
  using typename Node<T>::In;
  using typename Node<T>::Out;

  Diagonal(std::shared_ptr<const Matrix<T>> d, std::string name)
      : WritingNode<T>({d->rows(), d->rows()}, d->device()), d_(std::move(d)), name_(std::move(name)) {}
  const Matrix<T> &entries() const { return *d_; }
  const std::string &name() const { return name_; }

  NodePtr<T> transposed() const override { return this->shared_from_this(); }
  NodePtr<T> conjugated() const override;
  std::string text() const override { return "Diag(" + name_ + ")"; }
  double flops() const override { return static_cast<double>(this->rows()); }
  std::size_t bytes() const override { return static_cast<std::size_t>(d_->rows()) * sizeof(T); }
  T entry(Index i, Index j) const override;
  Matrix<T> diagonal() const override { return d_->clone(); }
  double squared_norm() const override;
  CooMatrix<T> coo() const override;
  bool draft(Draft<T> &draft) const override;

private:
  void write(In x, Out y) const override { this->primitives().hadamard(d_->view(), x, y); }
  std::shared_ptr<const Matrix<T>> d_;
  std::string name_;
};

/// `name`, or "[3×4]" for a matrix without a name.
inline std::string name_or_shape(std::string name, Shape shape) {
  return name.empty() ? fmt::format("[{}]", to_string(shape)) : name;
}

/// X̄, on the device of X.
template <class T> Matrix<T> conjugate_of(const Matrix<T> &x) {
  auto y = Matrix<T>::uninitialized(x.rows(), x.cols(), x.device());
  x.device().backend().primitives(T{}).conjugate(x.view(), y.view());
  return y;
}

/// Σ |xᵢⱼ|².
template <class T> double squared_norm_of(const Matrix<T> &x);

} // namespace kronvec::algebra

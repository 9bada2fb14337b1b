#pragma once
/// Operators given by structure alone: identities, zeros, and operators that move entries by index.

#include "algebra/node.hpp"

#include <numeric>

namespace kronvec::algebra {

/// The diagonal of an operator whose entries are cheap to compute.
template <class T> Matrix<T> diagonal_by_entries(const Node<T> &node) {
  auto diagonal = Matrix<T>::uninitialized(node.rows(), 1);
  for (Index i = 0; i < node.rows(); ++i)
    diagonal(i, 0) = node.entry(i, i);
  return node.device() == Device::cpu() ? std::move(diagonal) : diagonal.to(node.device());
}

template <class T> class Identity final : public Node<T> {
public:
  using typename Node<T>::In;
  using typename Node<T>::Out;
  Identity(Index n, Device device) : Node<T>({n, n}, device) {}
  void apply(T alpha, In x, T beta, Out y, std::span<T>) const override {
    this->primitives().combine(alpha, x, beta, y);
  }
  NodePtr<T> transposed() const override { return this->shared_from_this(); }
  std::string text() const override;
  T entry(Index i, Index j) const override { return T(i == j ? 1 : 0); }
  Matrix<T> diagonal() const override { return diagonal_by_entries(*this); }
  double squared_norm() const override { return static_cast<double>(this->rows()); }
  T trace() const override { return static_cast<decltype(std::real(T{}))>(this->rows()); }
  CooMatrix<T> coo() const override;
  std::optional<KroneckerFactor<T>> factor() const override { return KroneckerFactor<T>::identity(this->rows()); }
  bool draft(Draft<T> &draft) const override;
};

template <class T> class Zero final : public Node<T> {
public:
  using typename Node<T>::In;
  using typename Node<T>::Out;
  Zero(Shape shape, Device device) : Node<T>(shape, device) {}
  void apply(T, In, T beta, Out y, std::span<T>) const override {
    this->primitives().combine(T(0), BatchView<T>(y), beta, y);
  }
  NodePtr<T> transposed() const override {
    return std::make_shared<Zero>(Shape{this->cols(), this->rows()}, this->device());
  }
  std::string text() const override { return "0[" + to_string(this->shape()) + "]"; }
  T entry(Index, Index) const override { return 0; }
  Matrix<T> diagonal() const override { return Matrix<T>(this->rows(), 1, this->device()); }
  T trace() const override { return 0; }
  double squared_norm() const override { return 0; }
  CooMatrix<T> coo() const override { return {this->rows(), this->cols(), {}, {}, {}}; }
  bool draft(Draft<T> &) const override { return true; }
};

/// K[m,n]·vec A = vec Aᵀ for A m×n.
template <class T> class Commutation final : public WritingNode<T> {
public:
  using typename Node<T>::In;
  using typename Node<T>::Out;
  Commutation(Index m, Index n, Device device)
      : WritingNode<T>({Shape{m, n}.size(), Shape{m, n}.size()}, device), m_(m), n_(n) {}
  Index m() const { return m_; }
  Index n() const { return n_; }
  NodePtr<T> transposed() const override { return std::make_shared<Commutation>(n_, m_, this->device()); }
  std::string text() const override;
  T entry(Index i, Index j) const override { return T(i / n_ == j % m_ && i % n_ == j / m_ ? 1 : 0); }
  Matrix<T> diagonal() const override { return diagonal_by_entries(*this); }
  /// Entry i + m·j is fixed if i·(n − 1) = j·(m − 1): gcd(m − 1, n − 1) + 1 entries (Magnus & Neudecker, ch. 3.7).
  T trace() const override {
    return this->rows() == 0 ? T(0) : T(static_cast<decltype(std::real(T{}))>(std::gcd(m_ - 1, n_ - 1) + 1));
  }
  double squared_norm() const override { return static_cast<double>(this->rows()); }
  CooMatrix<T> coo() const override;
  bool draft(Draft<T> &draft) const override;

private:
  void write(In x, Out y) const override;
  Index m_, n_;
};

/// N = (I + K[n,n])/2.
template <class T> class Symmetrizer final : public WritingNode<T> {
public:
  using typename Node<T>::In;
  using typename Node<T>::Out;
  Symmetrizer(Index n, Device device) : WritingNode<T>({Shape{n, n}.size(), Shape{n, n}.size()}, device), n_(n) {}
  Index n() const { return n_; }
  NodePtr<T> transposed() const override { return this->shared_from_this(); }
  std::string text() const override;
  double flops() const override { return static_cast<double>(this->rows()); }
  T entry(Index i, Index j) const override;
  Matrix<T> diagonal() const override { return diagonal_by_entries(*this); }
  double squared_norm() const override { return 0.5 * static_cast<double>(n_) * (static_cast<double>(n_) + 1); }
  CooMatrix<T> coo() const override;
  bool draft(Draft<T> &draft) const override;

private:
  void write(In x, Out y) const override;
  Index n_;
};

/// Maps vec A to the entries of a triangle: L takes a_ij, Dᵀ takes a_ij + a_ji, D⁺ takes their mean. The transposes Lᵀ,
/// D and (D⁺)ᵀ map back.
template <class T> class Triangular final : public WritingNode<T> {
public:
  enum class Kind { elimination, duplication_transpose, pseudoinverse };
  using typename Node<T>::In;
  using typename Node<T>::Out;
  Triangular(Kind kind, Index n, Triangle triangle, bool transposed, Device device);
  Kind kind() const { return kind_; }
  Index n() const { return n_; }
  Triangle triangle() const { return triangle_; }
  bool is_transposed() const { return transposed_; }

  NodePtr<T> transposed() const override {
    return std::make_shared<Triangular>(kind_, n_, triangle_, !transposed_, this->device());
  }
  std::string text() const override;
  double flops() const override;
  T entry(Index i, Index j) const override;
  CooMatrix<T> coo() const override;
  double squared_norm() const override;

private:
  void write(In x, Out y) const override;
  T near() const { return T(kind_ == Kind::pseudoinverse ? 0.5 : 1); }
  T mirrored() const { return kind_ == Kind::elimination ? T(0) : near(); }
  Kind kind_;
  Index n_;
  Triangle triangle_;
  bool transposed_;
};

/// Row i of the result is row index[i] of X; or the transpose. Permutations are the square selections.
template <class T> class Selection final : public WritingNode<T> {
public:
  using typename Node<T>::In;
  using typename Node<T>::Out;
  Selection(std::vector<Index> index, Index cols, bool permutes, Device device);
  /// The same rows as `other`, transposed or not.
  Selection(const Selection &other, bool transposed);

  const std::vector<Index> &index() const { return rows_->host; }
  bool permutes() const { return permutes_; }
  bool is_transposed() const { return transposed_; }

  NodePtr<T> transposed() const override;
  std::string text() const override;
  std::size_t bytes() const override { return rows_->host.size() * sizeof(Index); }
  T entry(Index i, Index j) const override;
  Matrix<T> diagonal() const override { return diagonal_by_entries(*this); }
  CooMatrix<T> coo() const override;
  double squared_norm() const override { return static_cast<double>(rows_->host.size()); }

private:
  /// The indices, on the host and on the device.
  struct RowIndices {
    RowIndices(std::vector<Index> index, Device device);
    ~RowIndices();
    std::vector<Index> host;
    Device device;
    Index *there = nullptr;
  };
  void write(In x, Out y) const override;
  std::shared_ptr<const RowIndices> rows_;
  bool permutes_, transposed_ = false;
};

} // namespace kronvec::algebra

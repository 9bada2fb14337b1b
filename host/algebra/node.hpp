#pragma once
/// The implementation of `Operator`: one class per kind, with all its operations in one place. Callers have checked
/// shapes and devices.

#include "devices/backend.hpp"
#include "kronvec/operators.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <span>

namespace kronvec::algebra {

/// How tightly a kind binds when it prints, loosest first.
enum class OperatorPrecedence { sum, product, kronecker, atom };

/// The dense form as an emission (devices/emission.hpp) of real arrays.
template <class T> struct Draft {
  std::vector<Product> products;
  std::vector<Buffer<T>> buffers;
};

template <class T> class Node;
template <class T> using NodePtr = std::shared_ptr<const Node<T>>;

template <class T> class Node : public std::enable_shared_from_this<Node<T>> {
public:
  using In = MatrixView<const T>;
  using Out = MatrixView<T>;

  /// Each side must be a valid length. Their product, the size of the dense form, may be arbitrarily large.
  Node(Shape shape, Device device, Precision precision = Precision::full)
      : shape_(shape), device_(device), precision_(precision) {
    if (shape.rows < 0 || shape.cols < 0) throw ShapeError("an operator cannot be " + to_string(shape));
  }
  virtual ~Node() = default;
  Node(const Node &) = delete;
  Node &operator=(const Node &) = delete;
  Shape shape() const { return shape_; }
  Index rows() const { return shape_.rows; }
  Index cols() const { return shape_.cols; }
  Device device() const { return device_; }

  /// Y = α·this·X + β·Y. If β = 0, Y is not read.
  virtual void apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const = 0;
  /// Entries of workspace that `apply` needs. `adds`: whether β may be nonzero.
  virtual Index workspace(Index columns, bool adds) const { return (void)columns, (void)adds, 0; }
  virtual NodePtr<T> transposed() const = 0;
  /// The operator with conjugate entries; itself if its entries are real.
  virtual NodePtr<T> conjugated() const { return this->shared_from_this(); }

  /// The same operator, whose matrix products may round operands to TF32; itself if it has none.
  virtual NodePtr<T> rounded() const { return this->shared_from_this(); }

  virtual std::string text() const = 0;
  virtual OperatorPrecedence precedence() const { return OperatorPrecedence::atom; }
  /// The number of operators that it consists of, itself included.
  virtual Index size() const { return 1; }
  /// Flops for one column.
  virtual double flops() const { return 0; }
  virtual std::size_t bytes() const { return 0; }
  virtual T entry(Index i, Index j) const;
  /// For a square operator: the diagonal, n×1, and its sum.
  virtual Matrix<T> diagonal() const;
  virtual T trace() const;
  /// ‖·‖²_F.
  virtual double squared_norm() const;
  /// Writes the window of out's shape whose first entry is (i, j).
  virtual void window(Index i, Index j, Out out) const;
  virtual CooMatrix<T> coo() const;
  /// The operator as a factor of the primitive for Kronecker products (a matrix or an identity), if it is one.
  virtual std::optional<KroneckerFactor<T>> factor() const { return std::nullopt; }
  /// Appends the emission of the dense form. Returns false if there is none.
  virtual bool draft(Draft<T> &draft) const { return (void)draft, false; }

  const auto &primitives() const {
    const Backend &backend = device_.backend();
    if constexpr (std::is_same_v<T, float>)
      if (precision_ == Precision::tf32) return backend.tf32_primitives();
    return backend.primitives(T{});
  }
  Precision precision() const { return precision_; }

protected:
  /// For a product that takes one more factor.
  void set_cols(Index cols) { shape_.cols = cols; }

private:
  Shape shape_;
  Device device_;
  Precision precision_;
};

/// Runs `apply` with a workspace from the pool.
template <class T> void apply(const Node<T> &node, T alpha, MatrixView<const T> x, T beta, MatrixView<T> y);

/// Base of kinds that can only write Y = this·X. This class applies α and β.
template <class T> class WritingNode : public Node<T> {
public:
  using typename Node<T>::In;
  using typename Node<T>::Out;
  using Node<T>::Node;
  void apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const final {
    if (alpha == T(0)) return this->primitives().combine(alpha, x, beta, y);
    if (beta == T(0)) {
      write(x, y);
      if (alpha != T(1)) this->primitives().scale(alpha, BatchView<T>(y), y);
      return;
    }
    const Out product(workspace.data(), this->rows(), x.cols());
    write(x, product);
    this->primitives().combine(alpha, product, beta, y);
  }
  Index workspace(Index columns, bool adds) const final { return adds ? Shape{this->rows(), columns}.size() : 0; }

private:
  /// Y = this·X.
  virtual void write(In x, Out y) const = 0;
};

/// "A" or "(A + B)": adds parentheses if the node binds less tightly than `at_least`.
template <class T> std::string wrapped(const Node<T> &node, OperatorPrecedence at_least) {
  return node.precedence() < at_least ? fmt::format("({})", node.text()) : node.text();
}

template <class T> constexpr bool is_complex = false;
template <class R> constexpr bool is_complex<std::complex<R>> = true;

/// The squared magnitude.
template <class T> double squared(T x) { return static_cast<double>(std::norm(x)); }

/// Throws ShapeError unless the operator is square.
template <class T> void require_square(const Node<T> &node, const char *what) {
  if (node.rows() != node.cols())
    throw ShapeError(std::string(what) + " is for square operators; " + node.text() + " is " + to_string(node.shape()));
}

/// One entry of a matrix on a device.
template <class T> T entry_of(Device device, const T *at) {
  T value{};
  kronvec::transfer<T>(device.backend(), {at, 1, 1}, {&value, 1, 1});
  return value;
}

/// The device of all parts. Throws DeviceError if they lie on several devices.
template <class T> Device common_device(const std::vector<NodePtr<T>> &parts) {
  for (const NodePtr<T> &part : parts)
    if (!(part->device() == parts[0]->device()))
      throw DeviceError(parts[0]->text() + " lies on " + parts[0]->device().name() + ", " + part->text() + " on " +
                        part->device().name());
  return parts.empty() ? Device::cpu() : parts[0]->device();
}

} // namespace kronvec::algebra

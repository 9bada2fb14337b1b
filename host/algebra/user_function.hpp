#pragma once
/// User-defined operators.

#include "algebra/node.hpp"

namespace kronvec::algebra {

template <class T> class UserFunction final : public WritingNode<T> {
public:
  using typename Node<T>::In;
  using typename Node<T>::Out;
  UserFunction(Shape shape, Functions<T> functions, std::string name, Device device, bool transposed = false)
      : WritingNode<T>(shape, device), functions_(std::move(functions)), name_(std::move(name)),
        transposed_(transposed) {
    if (name_.empty()) name_ = "F[" + to_string(transposed ? Shape{shape.cols, shape.rows} : shape) + "]";
  }
  NodePtr<T> transposed() const override {
    return std::make_shared<UserFunction>(Shape{this->cols(), this->rows()},
                                          Functions<T>{functions_.apply_transpose, functions_.apply}, name_,
                                          this->device(), !transposed_);
  }
  /// Ā·x is the conjugate of A·x̄.
  NodePtr<T> conjugated() const override {
    if constexpr (!is_complex<T>) return this->shared_from_this();
    return std::make_shared<UserFunction>(
        this->shape(), Functions<T>{conjugate(functions_.apply), conjugate(functions_.apply_transpose)},
        "conj(" + name_ + ")", this->device(), transposed_);
  }
  /// As for a dense matrix: the true number is unknown.
  double flops() const override { return 2 * static_cast<double>(this->rows()) * static_cast<double>(this->cols()); }
  std::string text() const override { return transposed_ ? name_ + "ᵀ" : name_; }

private:
  void write(In x, Out y) const override {
    if (!functions_.apply) throw Error(name_ + " has no function for its " + (transposed_ ? "transpose" : "products"));
    functions_.apply(x, y);
  }
  auto conjugate(std::function<void(In, Out)> f) const {
    if (!f) return f;
    return std::function<void(In, Out)>([f, device = this->device()](In x, Out y) {
      const auto &primitives = device.backend().primitives(T{});
      auto turned = Matrix<T>::uninitialized(x.rows(), x.cols(), device);
      primitives.conjugate(x, turned.view());
      f(turned, y);
      primitives.conjugate(y, y);
    });
  }
  Functions<T> functions_;
  std::string name_;
  bool transposed_;
};

} // namespace kronvec::algebra

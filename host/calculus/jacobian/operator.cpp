/// The Jacobian at a point as an operator that combines with others.

#include "algebra/node.hpp"
#include "calculus/jacobian/methods.hpp"
#include "calculus/program/cost.hpp"

namespace kronvec::inline KRONVEC_ABI {

using detail::Point;

namespace {

template <class T> class JacobianOperator final : public algebra::WritingNode<T> {
public:
  using typename algebra::Node<T>::In;
  using typename algebra::Node<T>::Out;

  JacobianOperator(std::shared_ptr<const Point<T>> point, bool transposed)
      : algebra::WritingNode<T>(shape_of(point->plan(), transposed), point->device()), point_(std::move(point)),
        transposed_(transposed) {}
  algebra::NodePtr<T> transposed() const override { return std::make_shared<JacobianOperator>(point_, !transposed_); }
  std::string text() const override { return transposed_ ? "Jᵀ" : "J"; }
  double flops() const override { return cost_of(point_->plan().program, stage()).flops; }

  /// All of J by the method predicted to be the fastest; a part of J from its terms, if there are any.
  void window(Index i, Index j, Out out) const override {
    const Layout layout = transposed_ ? Layout::denominator : Layout::numerator;
    if (out.shape().size() == 0) return;
    if (out.shape() == this->shape()) return assemble(*point_, out, {.layout = layout});
    if (!point_->plan().dense.exists) return algebra::Node<T>::window(i, j, out);
    const auto terms = detail::factored(point_);
    if (!transposed_) return terms.block(i, j, out);
    auto turned = Matrix<T>::uninitialized(out.cols(), out.rows(), this->device());
    terms.block(j, i, turned);
    this->primitives().transpose(turned.view(), out);
  }
  CooMatrix<T> coo() const override {
    if (!point_->plan().dense.exists) return algebra::Node<T>::coo();
    CooMatrix<T> j = detail::factored(point_).to_coo();
    if (transposed_) std::swap(j.rows, j.cols), std::swap(j.row, j.col);
    return j;
  }

private:
  static Shape shape_of(const detail::JacobianPlan &plan, bool transposed) {
    return transposed ? Shape{plan.cols(), plan.rows()} : Shape{plan.rows(), plan.cols()};
  }
  Stage stage() const { return transposed_ ? Stage::reverse : Stage::forward; }
  void write(In x, Out y) const override { point_->apply(stage(), x, y); }

  std::shared_ptr<const Point<T>> point_;
  bool transposed_;
};

} // namespace

template <class T> Operator<T> JacobianAt<T>::as_operator() const {
  return Operator<T>(std::make_shared<JacobianOperator<T>>(point_, false));
}

template Operator<float> JacobianAt<float>::as_operator() const;
template Operator<double> JacobianAt<double>::as_operator() const;

} // namespace kronvec

/// The public interface of Jacobians: checks its arguments, then calls the plan and its point.

#include "calculus/jacobian/methods.hpp"
#include "calculus/jacobian/packed.hpp"
#include "calculus/rewriting/rewriter.hpp"
#include "core/free_memory.hpp"
#include "devices/operands.hpp"

namespace kronvec::inline KRONVEC_ABI {
using detail::JacobianPlan;
using detail::Packed;
using detail::Point;

Jacobian::Jacobian(std::shared_ptr<const JacobianPlan> plan) : plan_(std::move(plan)) {}
bool Jacobian::has_terms() const { return plan_->dense.exists; }
template <class T> std::string Jacobian::explain(Layout layout, Device device) const {
  return detail::explain<T>(*plan_, layout, device);
}
template <class T> double Jacobian::dense_bytes(const DenseOptions &options, Device device) const {
  return detail::bytes_of<T>(*plan_) +
         static_cast<double>(detail::held_by_assembly<T>(*plan_, device, options).bytes());
}
template std::string Jacobian::explain<float>(Layout, Device) const;
template std::string Jacobian::explain<double>(Layout, Device) const;
template double Jacobian::dense_bytes<float>(const DenseOptions &, Device) const;
template double Jacobian::dense_bytes<double>(const DenseOptions &, Device) const;
Index Jacobian::rows() const { return plan_->rows(); }
Index Jacobian::cols() const { return plan_->cols(); }

namespace {
template <class T> auto point_at(std::shared_ptr<const JacobianPlan> plan, const Values<T> &values, Device device) {
  detail::require_symmetric(*plan, values, device);
  return std::make_shared<Point<T>>(std::move(plan), values, device);
}
} // namespace

template <class T>
JacobianAt<T>::JacobianAt(std::shared_ptr<const JacobianPlan> plan, const Values<T> &values, Device device)
    : point_(point_at(std::move(plan), values, device)) {}
template <class T> JacobianAt<T>::JacobianAt(JacobianAt &&) noexcept = default;
template <class T> JacobianAt<T> &JacobianAt<T>::operator=(JacobianAt &&) noexcept = default;
template <class T> JacobianAt<T>::~JacobianAt() = default;

template <class T> Index JacobianAt<T>::rows() const { return point_->plan().rows(); }
template <class T> Index JacobianAt<T>::cols() const { return point_->plan().cols(); }
template <class T> void JacobianAt<T>::update(const Values<T> &values) {
  detail::require_symmetric(point_->plan(), values, point_->device());
  point_->update(values);
}
template <class T> MatrixView<const T> JacobianAt<T>::value() const { return point_->value(); }

namespace {

/// Returns 1 if `got` is one item of shape `item`; the number of columns if each column is the vec of an item.
Index count(const char *what, Shape got, Shape item) {
  if (got == item) return 1;
  if (got.rows == item.size()) return got.cols;
  throw ShapeError(std::string(what) + " is " + to_string(got) + "; it must be " + to_string(item) + ", or " +
                   std::to_string(item.size()) + "×k with one vec per column");
}

/// The shape of the results for tangents of shape `got`.
Shape result_shape(Shape got, Shape item, Shape result) {
  return got == item ? result : Shape{result.size(), got.cols};
}

template <class T> MatrixView<T> as_columns(MatrixView<T> m, Shape item, Index k) {
  return {m.data(), item.size(), k, m.shape() == item ? item.size() : m.ld()};
}

template <class T> void apply_checked(const Point<T> &point, Stage stage, MatrixView<const T> x, MatrixView<T> y) {
  const Shape in = point.plan().input_shape(stage), out = point.plan().output_shape(stage);
  const Index k = count(stage == Stage::forward ? "the tangent" : "the cotangent", x.shape(), in);
  const Shape expected = result_shape(x.shape(), in, out);
  if (y.shape() != expected && !(k == 1 && y.shape() == Shape{out.size(), 1}))
    throw ShapeError("the result is " + to_string(expected) + ", the matrix given for it " + to_string(y.shape()));
  const Backend &backend = point.device().backend();
  require_apart<T>("what is multiplied", x, y);
  require_on(backend, stage == Stage::forward ? "the tangent" : "the cotangent", x);
  require_on(backend, "the matrix for the result", y);
  const Packed<const T> from(backend, x, x.shape() == in);
  const Packed<T> to(backend, y, y.shape() == out);
  point.apply(stage, as_columns(from.view(), in, k), as_columns(to.view(), out, k));
  to.deliver();
}

template <class T> Matrix<T> applied(const Point<T> &point, Stage stage, MatrixView<const T> x) {
  const Shape in = point.plan().input_shape(stage), out = point.plan().output_shape(stage);
  const Shape shape = result_shape(x.shape(), in, out);
  auto y = Matrix<T>::uninitialized(shape.rows, shape.cols, point.device());
  apply_checked<T>(point, stage, x, y);
  return y;
}

/// Throws OutOfMemory if J and what is held beside it exceed the free memory of the device.
template <class T> void require_memory(const Point<T> &point, const DenseOptions &options) {
  const JacobianPlan &plan = point.plan();
  const double j = detail::bytes_of<T>(plan), free = static_cast<double>(point.device().bytes_free()),
               beside = static_cast<double>(detail::held_by_assembly<T>(plan, point.device(), options).bytes());
  if (j + beside > free)
    throw out_of_memory("J is " + to_string(Shape{plan.rows(), plan.cols()}) + " and", j, free, beside);
}

} // namespace

template <class T> void JacobianAt<T>::apply(MatrixView<const T> x, MatrixView<T> y) const {
  apply_checked(*point_, Stage::forward, x, y);
}
template <class T> Matrix<T> JacobianAt<T>::apply(MatrixView<const T> x) const {
  return applied(*point_, Stage::forward, x);
}
template <class T> void JacobianAt<T>::apply_transpose(MatrixView<const T> x, MatrixView<T> y) const {
  apply_checked(*point_, Stage::reverse, x, y);
}
template <class T> Matrix<T> JacobianAt<T>::apply_transpose(MatrixView<const T> x) const {
  return applied(*point_, Stage::reverse, x);
}

template <class T> FactoredJacobian<T> JacobianAt<T>::factored() const { return detail::factored<T>(point_); }

template <class T> void JacobianAt<T>::to_dense(MatrixView<T> out, const DenseOptions &options) const {
  detail::assemble(*point_, out, options);
}

template <class T> Matrix<T> JacobianAt<T>::to_dense(const DenseOptions &options) const {
  require_memory(*point_, options);
  const bool numerator = options.layout == Layout::numerator;
  const Shape shape{numerator ? rows() : cols(), numerator ? cols() : rows()};
  auto out = Matrix<T>::uninitialized(shape.rows, shape.cols, point_->device());
  to_dense(out, options);
  return out;
}

} // namespace kronvec

namespace kronvec::detail {
Jacobian jacobian_of(std::shared_ptr<const JacobianPlan> plan) { return Jacobian(std::move(plan)); }
template <class T> const Point<T> &point_of(const JacobianAt<T> &j) { return *j.point_; }
template const Point<float> &point_of(const JacobianAt<float> &);
template const Point<double> &point_of(const JacobianAt<double> &);
} // namespace kronvec::detail

namespace kronvec::inline KRONVEC_ABI {

template class JacobianAt<float>;
template class JacobianAt<double>;

namespace {
void require_scalar(const Expression &f, const char *what) {
  if (!f.is_scalar()) throw ShapeError(std::string(what) + " is of a scalar, not of " + to_string(f.shape()));
}
} // namespace

Jacobian jacobian(const Expression &f, std::span<const Variable> variables) {
  return detail::jacobian_of(
      std::make_shared<const JacobianPlan>(rewritten(f), detail::Variables(variables.begin(), variables.end())));
}

Expression gradient(const Expression &f, std::span<const Variable> variables) {
  require_scalar(f, "a gradient");
  const detail::Variables all(variables.begin(), variables.end());
  detail::require_variables(all);
  return applied(transposed(differential(rewritten(f), detail::seeded(all, false)), detail::seed_shape(all)), 1);
}

Jacobian hessian(const Expression &f, std::span<const Variable> variables) {
  require_scalar(f, "a Hessian");
  auto plan = std::make_shared<JacobianPlan>(rewritten(gradient(f, variables)),
                                             detail::Variables(variables.begin(), variables.end()));
  for (const NodePtr &node : topological_order(f.node())) // the gradient may lack some of them
    if (node->kind == Kind::symbol) plan->others.push_back(node);
  return detail::jacobian_of(std::move(plan));
}

} // namespace kronvec

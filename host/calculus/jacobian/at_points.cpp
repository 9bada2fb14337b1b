/// The public interface of Jacobians at many points: checks its arguments.

#include "kronvec/jacobian_at_points.hpp"

#include "calculus/jacobian/packed.hpp"
#include "calculus/jacobian/points.hpp"
#include "core/free_memory.hpp"
#include "devices/operands.hpp"

#include <fmt/format.h>

namespace kronvec::inline KRONVEC_ABI {
using detail::Packed;
using detail::Points;

namespace {

const char *name_of(Stage stage) { return stage == Stage::forward ? "the tangents" : "the cotangents"; }

/// Whether the items of a product are the columns of a matrix, one vec each, rather than matrices side by side.
bool are_columns(Stage stage, Shape got, Shape item, Index count) {
  const Shape columns{item.size(), count}, side_by_side{item.rows, item.cols * count};
  if (got != side_by_side && got != columns)
    throw ShapeError(fmt::format("{} are {}; they must be {}, side by side, or {}, one vec per column", name_of(stage),
                                 to_string(got), to_string(side_by_side), to_string(columns)));
  return got != side_by_side;
}

Shape shape_of_all(Shape item, Index count, bool columns) {
  return columns ? Shape{item.size(), count} : Shape{item.rows, item.cols * count};
}

/// The matrix as a batch of items. Items that are read or written as a vec must be packed.
template <class T> BatchView<T> as_items(MatrixView<T> m, Shape item, Index count, bool columns) {
  return {m.data(), item.rows, item.cols, item.rows, count, columns ? m.ld() : item.size()};
}

template <class T> void apply_checked(const Points<T> &points, Stage stage, MatrixView<const T> x, MatrixView<T> y) {
  const Shape in = points.plan().input_shape(stage), out = points.plan().output_shape(stage);
  const Index count = points.count();
  const bool columns = are_columns(stage, x.shape(), in, count);
  const Shape expected = shape_of_all(out, count, columns);
  if (y.shape() != expected)
    throw ShapeError("the results are " + to_string(expected) + ", the matrix given for them " + to_string(y.shape()));
  const Backend &backend = points.device().backend();
  require_apart<T>("what is multiplied", x, y);
  require_on(backend, name_of(stage), x);
  require_on(backend, "the matrix for the results", y);
  const Packed<const T> from(backend, x, !columns);
  const Packed<T> to(backend, y, !columns);
  points.apply(stage, as_items(from.view(), in, count, columns), as_items(to.view(), out, count, columns));
  to.deliver();
}

template <class T> Matrix<T> applied(const Points<T> &points, Stage stage, MatrixView<const T> x) {
  const Shape in = points.plan().input_shape(stage), out = points.plan().output_shape(stage);
  const bool columns = are_columns(stage, x.shape(), in, points.count());
  const Shape shape = shape_of_all(out, points.count(), columns);
  auto y = Matrix<T>::uninitialized(shape.rows, shape.cols, points.device());
  apply_checked<T>(points, stage, x, y);
  return y;
}

/// Throws OutOfMemory if the Jacobians and what is held beside them do not fit.
template <class T> void require_memory(const Points<T> &points, const DenseOptions &options) {
  const Shape each{points.plan().rows(), points.plan().cols()};
  const double all = static_cast<double>(each.rows) * static_cast<double>(each.cols) *
                     static_cast<double>(points.count()) * sizeof(T),
               beside = static_cast<double>(points.held_beside(options.method, options.layout).bytes()),
               free = static_cast<double>(points.device().bytes_free());
  if (all + beside > free)
    throw out_of_memory(fmt::format("J is {} at each of {} points, which", to_string(each), points.count()), all, free,
                        beside);
}

template <class T>
auto points_at(std::shared_ptr<const detail::JacobianPlan> plan, const Values<T> &values, Index points, Device device) {
  detail::require_symmetric(*plan, values, device);
  return std::make_shared<Points<T>>(std::move(plan), values, points, device);
}

} // namespace

template <class T> JacobianAtPoints<T>::JacobianAtPoints(std::shared_ptr<const detail::JacobianPlan> plan,
                                                         const Values<T> &values, Index points, Device device)
    : points_(points_at(std::move(plan), values, points, device)) {}

template <class T> Index JacobianAtPoints<T>::size() const { return points_->count(); }
template <class T> Index JacobianAtPoints<T>::rows() const { return points_->plan().rows(); }
template <class T> Index JacobianAtPoints<T>::cols() const { return points_->plan().cols(); }
template <class T> void JacobianAtPoints<T>::update(const Values<T> &values) {
  detail::require_symmetric(points_->plan(), values, points_->device());
  points_->update(values);
}
template <class T> MatrixView<const T> JacobianAtPoints<T>::value() const {
  const BatchView<const T> all = points_->value();
  return {all.data, all.rows, all.cols * points_->count()};
}

template <class T> void JacobianAtPoints<T>::apply(MatrixView<const T> x, MatrixView<T> y) const {
  apply_checked(*points_, Stage::forward, x, y);
}
template <class T> Matrix<T> JacobianAtPoints<T>::apply(MatrixView<const T> x) const {
  return applied(*points_, Stage::forward, x);
}
template <class T> void JacobianAtPoints<T>::apply_transpose(MatrixView<const T> x, MatrixView<T> y) const {
  apply_checked(*points_, Stage::reverse, x, y);
}
template <class T> Matrix<T> JacobianAtPoints<T>::apply_transpose(MatrixView<const T> x) const {
  return applied(*points_, Stage::reverse, x);
}

template <class T> void JacobianAtPoints<T>::to_dense(MatrixView<T> out, const DenseOptions &options) const {
  points_->assemble(out, options);
}

template <class T> Matrix<T> JacobianAtPoints<T>::to_dense(const DenseOptions &options) const {
  require_memory(*points_, options);
  const bool numerator = options.layout == Layout::numerator;
  const Shape each{numerator ? rows() : cols(), numerator ? cols() : rows()};
  auto out = Matrix<T>::uninitialized(each.rows, each.cols * size(), points_->device());
  to_dense(out, options);
  return out;
}

template <class T> JacobianAtPoints<T> Jacobian::at_points(const Values<std::type_identity_t<T>> &values, Index points,
                                                           Device device) const {
  return JacobianAtPoints<T>(plan_, values, points, device);
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template class JacobianAtPoints<T>;                                                                                  \
  template JacobianAtPoints<T> Jacobian::at_points<T>(const Values<T> &, Index, Device) const;
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)

} // namespace kronvec

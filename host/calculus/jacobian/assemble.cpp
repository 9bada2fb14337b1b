/// Dense Jacobians in memory.

#include "calculus/jacobian/methods.hpp"
#include "calculus/program/scratch.hpp"
#include "devices/operands.hpp"

#include <algorithm>

namespace kronvec::inline KRONVEC_ABI {
namespace {

constexpr std::pair<Method, std::string_view> method_names[] = {
    {Method::automatic, "auto"},     {Method::structured, "structured"}, {Method::forward, "forward"},
    {Method::reverse, "reverse"},    {Method::numeric, "numeric"},       {Method::complex_step, "complex"},
    {Method::reference, "reference"}};

} // namespace

std::string_view name(Method method) {
  return std::find_if(std::begin(method_names), std::end(method_names), [&](auto &m) { return m.first == method; })
      ->second;
}

Method method_named(std::string_view name) {
  for (const auto &[method, text] : method_names)
    if (text == name) return method;
  throw Error("no method '" + std::string(name) +
              "'; there are auto, structured, forward, reverse, numeric, complex and reference");
}

} // namespace kronvec

namespace kronvec::detail {
namespace {

/// Fills all of J by `method`, pass by pass. If the caller wants the other layout, each pass is transposed into place.
template <class T> void by_passes(const Point<T> &point, DenseMethod<T> &method, MatrixView<T> out, Layout layout,
                                  const Progress &progress) {
  const bool transposed = method.layout != layout;
  const Index length = transposed ? out.cols() : out.rows(), total = transposed ? out.rows() : out.cols();
  const Backend &backend = point.device().backend();
  const std::size_t bytes = transposed ? static_cast<std::size_t>(length * method.pass) * sizeof(T) : 0;
  const Pool::Block scratch = backend.pool().take(bytes);
  for (Index first = 0; first < total; first += method.pass) {
    const Index k = std::min(method.pass, total - first);
    if (!transposed) {
      method.fill(first, out.block(0, first, length, k));
    } else {
      const MatrixView<T> columns(static_cast<T *>(scratch.data()), length, k);
      method.fill(first, columns);
      backend.primitives(T{}).transpose(BatchView<T>(columns), out.block(first, 0, k, length));
    }
    if (progress) progress(static_cast<double>(first + k) / static_cast<double>(total));
  }
}

/// Max number of columns that a method fills at once.
Index most_columns(const JacobianPlan &plan) { return std::max(plan.rows(), plan.cols()); }

} // namespace

template <class T> void assemble(const Point<T> &point, MatrixView<T> out, const DenseOptions &options) {
  const JacobianPlan &plan = point.plan();
  const Shape j{plan.rows(), plan.cols()}, jt{plan.cols(), plan.rows()};
  const Shape expected = options.layout == Layout::numerator ? j : jt;
  if (out.shape() != expected)
    throw ShapeError("the Jacobian is " + to_string(expected) + ", the matrix given for it " + to_string(out.shape()));
  require_on(point.device().backend(), "the matrix for the Jacobian", out);
  if (j.rows == 0 || j.cols == 0) return;
  const auto work = [&](DenseMethod<T> &method) { by_passes(point, method, out, options.layout, options.progress); };
  with_method(point, options, most_columns(plan), std::cref(work));
}

/// The method's blocks, and if each pass is transposed into place, the pass before that.
template <class T> Blocks held_by_assembly(const JacobianPlan &plan, Device device, const DenseOptions &options) {
  const Method method = chosen(plan, options.method);
  const Blocks held = held_by_method<T>(plan, device, method, options.layout, most_columns(plan));
  const Layout filled = natural_layout(method, options.layout);
  if (filled == options.layout) return held;
  const Index length = filled == Layout::numerator ? plan.rows() : plan.cols();
  return held + blocks<T>(length * columns_per_pass(plan, method, sizeof(T)));
}

template void assemble(const Point<float> &, MatrixView<float>, const DenseOptions &);
template void assemble(const Point<double> &, MatrixView<double>, const DenseOptions &);

template Blocks held_by_assembly<float>(const JacobianPlan &, Device, const DenseOptions &);
template Blocks held_by_assembly<double>(const JacobianPlan &, Device, const DenseOptions &);

} // namespace kronvec::detail

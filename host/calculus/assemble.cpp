/// Dense Jacobians: from terms, by columns (forward), by rows (reverse), by central differences, by the element method.

#include "calculus/element_method.hpp"
#include "calculus/jacobian_plan.hpp"
#include "devices/operands.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kronvec {
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

namespace detail {
namespace {

/// J in the layout in which a method produces it, `count` columns at a time: columns of J in numerator layout (forward,
/// numeric), columns of Jᵀ (reverse). Where the caller wants the other layout each block is transposed into place.
template <class T, class Fill> void by_columns(const Point<T> &point, MatrixView<T> out, bool transposed, Index total,
                                               Index per_pass, const Progress &progress, Fill fill) {
  const Index length = transposed ? out.cols() : out.rows();
  const Backend &backend = point.device().backend();
  const std::size_t bytes = transposed ? static_cast<std::size_t>(length * per_pass) * sizeof(T) : 0;
  const Pool::Block scratch = backend.pool().take(bytes);
  for (Index first = 0; first < total; first += per_pass) {
    const Index k = std::min(per_pass, total - first);
    if (!transposed) {
      fill(first, out.block(0, first, length, k));
    } else {
      const MatrixView<T> columns(static_cast<T *>(scratch.data()), length, k);
      fill(first, columns);
      backend.primitives(T{}).transpose(BatchView<T>(columns), out.block(first, 0, k, length));
    }
    if (progress) progress(static_cast<double>(first + k) / static_cast<double>(total));
  }
}

/// Through products with unit vectors (ledger M2, M3).
template <class T> void by_unit_vectors(const Point<T> &point, Stage stage, MatrixView<T> out, const DenseOptions &o) {
  const Index size = point.plan().input_shape(stage).size();
  const Index per_pass = columns_per_pass(point.plan(), stage, sizeof(T));
  const Backend &backend = point.device().backend();
  const Pool::Block block = backend.pool().take(static_cast<std::size_t>(size * per_pass) * sizeof(T));
  const bool natural = (stage == Stage::forward) == (o.layout == Layout::numerator);
  by_columns(point, out, !natural, size, per_pass, o.progress, [&](Index first, MatrixView<T> columns) {
    const MatrixView<T> units(static_cast<T *>(block.data()), size, columns.cols());
    backend.primitives(T{}).unit_columns(first, units);
    point.apply(stage, units, columns);
  });
}

/// From the terms (ledger M5).
template <class T> void by_terms(const Point<T> &point, MatrixView<T> out, const DenseOptions &o) {
  if (!point.plan().dense.exists)
    throw Error(std::string("the Jacobian cannot be structured: ") + point.plan().dense.why_not);
  const Pool::Block workspace = point.device().backend().pool().take(point.workspace_bytes(Stage::dense));
  const auto buffers = point.run_dense(static_cast<T *>(workspace.data()));
  const Index columns_per_report = (Index(1) << 23) / std::max<Index>(1, out.rows()) + 1;
  const Index per_pass = o.progress ? columns_per_report : out.cols();
  for (Index first = 0; first < out.cols(); first += per_pass) {
    const Index k = std::min(per_pass, out.cols() - first);
    point.emitter(o.layout).run(buffers.span(), 0, first, out.block(0, first, out.rows(), k));
    if (o.progress) o.progress(static_cast<double>(first + k) / static_cast<double>(out.cols()));
  }
}

/// Central differences of a point of their own (ledger M4).
template <class T> class Differences {
public:
  explicit Differences(const Point<T> &point)
      : plan_(point.plan()), backend_(point.device().backend()), primitives_(backend_.primitives(T{})),
        moved_(point.plan_ptr(), values_at(point), point.device()) {
    for (const Symbol &x : plan_.variables) {
      x_.push_back(moved_.matrix(plan_.program.symbol(x.node().get())));
      transfer<T>(backend_, x_.back(), start_.emplace_back(x.rows(), x.cols()));
    }
    const MatrixView<T> f = moved_.matrix(plan_.value);
    value_ = {f.data(), plan_.rows(), 1};
  }

  /// h = ∛u · max(1, |xⱼ|), at which truncation and rounding err about equally.
  T step(Index j) const {
    const auto [variable, index] = plan_.entries(j)[0];
    return std::cbrt(std::numeric_limits<T>::epsilon()) * std::max(T(1), std::abs(start_[variable].data()[index]));
  }

  /// (F(x + h) − F(x − h)) / 2h by the variable of column j.
  void column(Index j, T h, MatrixView<T> out) {
    const auto [variable, index] = plan_.entries(j)[0]; // its mirror image has the same value
    const T at = start_[variable].data()[index], above = at + h, below = at - h;
    move(j, above);
    primitives_.copy(BatchView<const T>(value_), out);
    move(j, below);
    primitives_.add(1 / (above - below), BatchView<T>(out), -1 / (above - below), value_, out);
    set(j, at);
  }

  /// max |F|.
  T size_of_value() {
    moved_.evaluate();
    return largest(value_);
  }
  T largest(MatrixView<const T> column) const {
    Matrix<T> host(column.rows(), 1);
    transfer<T>(backend_, column, host);
    T size = 0;
    for (Index i = 0; i < column.rows(); ++i)
      size = std::max(size, std::abs(host.data()[i]));
    return size;
  }

private:
  static Values<T> values_at(const Point<T> &point) {
    Values<T> values;
    for (const auto &input : point.plan().inputs)
      values.push_back({Symbol(Expression(input.symbol)), point.matrix(input.slot)});
    return values;
  }
  void set(Index j, T value) {
    for (const auto &[variable, index] : plan_.entries(j))
      primitives_.fill(value, MatrixView<T>(x_[variable].data() + index, 1, 1));
  }
  void move(Index j, T value) { set(j, value), moved_.evaluate(); }

  const JacobianPlan &plan_;
  const Backend &backend_;
  const Primitives<T> &primitives_;
  Point<T> moved_;
  std::vector<MatrixView<T>> x_;
  std::vector<Matrix<T>> start_;
  MatrixView<T> value_;
};

template <class T> void by_differences(const Point<T> &point, MatrixView<T> out, const DenseOptions &o) {
  const JacobianPlan &plan = point.plan();
  const Backend &backend = point.device().backend();
  Differences<T> differences(point);
  auto wider = Matrix<T>::uninitialized(o.implied_error ? plan.rows() : 0, 1, point.device());
  const double u = std::numeric_limits<T>::epsilon();
  const double size = o.implied_error ? static_cast<double>(differences.size_of_value()) : 0;
  double error = 0;
  by_columns(point, out, o.layout != Layout::numerator, plan.cols(), 1, o.progress, [&](Index j, MatrixView<T> column) {
    const T h = differences.step(j);
    differences.column(j, h, column);
    if (!o.implied_error) return;
    // D(2h) errs by four times as much as D(h), so their difference is three times the error of D(h).
    differences.column(j, 2 * h, wider);
    backend.primitives(T{}).add(1, BatchView<T>(wider.view()), -1, column, wider.view());
    const double truncation = static_cast<double>(differences.largest(wider.view())) / 3;
    error = std::max(error, truncation + u * (size / static_cast<double>(h) + 1));
  });
  if (o.implied_error) *o.implied_error = error;
}

/// Entry by entry in double, on the host: by the element method (ledger M6) or the complex step.
template <class T>
void by_elements(const Point<T> &point, MatrixView<T> out, const DenseOptions &o, decltype(element_method) method) {
  const Backend &backend = point.device().backend();
  const JacobianPlan &plan = point.plan();
  ElementValues values;
  for (const auto &input : plan.inputs) {
    Matrix<T> m(input.symbol->shape.rows, input.symbol->shape.cols);
    transfer<T>(backend, point.matrix(input.slot), m);
    values[input.symbol.get()].assign(m.data(), m.data() + m.shape().size());
  }
  auto copy = backend.is_host() ? Matrix<T>() : Matrix<T>::uninitialized(out.rows(), out.cols());
  const MatrixView<T> host = backend.is_host() ? out : copy.view();
  method(plan, values, o.progress, [&](Index i, Index j, double derivative) {
    (o.layout == Layout::numerator ? host(i, j) : host(j, i)) = static_cast<T>(derivative);
  });
  if (!backend.is_host()) transfer<T>(backend, host, out);
}

} // namespace

template <class T> void assemble(const Point<T> &point, MatrixView<T> out, const DenseOptions &options) {
  const JacobianPlan &plan = point.plan();
  const Shape j{plan.rows(), plan.cols()}, jt{plan.cols(), plan.rows()};
  const Shape expected = options.layout == Layout::numerator ? j : jt;
  if (out.shape() != expected)
    throw ShapeError("the Jacobian is " + to_string(expected) + ", the matrix given for it " + to_string(out.shape()));
  require_on(point.device().backend(), "the matrix for the Jacobian", out);
  if (j.rows == 0 || j.cols == 0) return;
  switch (chosen(plan, options.method)) {
  case Method::automatic:
  case Method::structured:
    return by_terms(point, out, options);
  case Method::forward:
    return by_unit_vectors(point, Stage::forward, out, options);
  case Method::reverse:
    return by_unit_vectors(point, Stage::reverse, out, options);
  case Method::numeric:
    return by_differences(point, out, options);
  case Method::complex_step:
    return by_elements(point, out, options, complex_step);
  case Method::reference:
    return by_elements(point, out, options, element_method);
  }
}

template void assemble(const Point<float> &, MatrixView<float>, const DenseOptions &);
template void assemble(const Point<double> &, MatrixView<double>, const DenseOptions &);

} // namespace detail
} // namespace kronvec

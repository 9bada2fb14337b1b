#include "calculus/jacobian_plan.hpp"

#include "calculus/terms/cost.hpp"
#include "devices/operands.hpp"

#include <algorithm>
#include <tuple>

namespace kronvec {
namespace detail {

namespace {

Shape seed_shape_of(const std::vector<Symbol> &variables, Structure structure) {
  if (structure == Structure::symmetric) return {triangle(variables[0].rows()), 1};
  if (variables.size() == 1) return variables[0].shape();
  Index total = 0;
  for (const Symbol &x : variables)
    total += x.shape().size();
  return {total, 1};
}

} // namespace

std::vector<std::pair<Symbol, Differential>> seeded(const std::vector<Symbol> &variables, Structure structure,
                                                    bool square) {
  if (structure == Structure::symmetric) {
    const Differential lower = square ? seed(variables[0].shape()) : unvech(seed(seed_shape_of(variables, structure)));
    return {{variables[0], lower + transpose(lower) - hadamard(eye(variables[0].rows()), lower)}};
  }
  const Differential all = seed(seed_shape_of(variables, structure));
  if (variables.size() == 1) return {{variables[0], all}};
  std::vector<std::pair<Symbol, Differential>> parts;
  Index offset = 0;
  for (const Symbol &x : variables) {
    const Index size = x.shape().size();
    parts.emplace_back(x, reshape(extract(all, {offset, size}, {size, 1}), x.shape()));
    offset += size;
  }
  return parts;
}

namespace {

/// The ways to J that work for every expression, and its terms where there are any; the fastest first.
std::vector<Prediction> predict(const JacobianPlan &plan) {
  const double rows = static_cast<double>(plan.rows()), cols = static_cast<double>(plan.cols()), entries = rows * cols;
  if (entries == 0) return {};
  std::vector<Prediction> all;
  for (const auto &[method, stage, passes] :
       {std::tuple(Method::forward, Stage::forward, cols), std::tuple(Method::reverse, Stage::reverse, rows)}) {
    const Cost one = cost_of(plan.program, stage);
    const double unit_vector = entries / passes; // is written, read and left behind
    all.push_back({method, passes * one.flops / entries, 1 + passes * (one.time + unit_vector) / entries});
  }
  if (plan.dense.exists) {
    const Cost steps = cost_of(plan.program, Stage::dense), last = cost_of(plan.dense.emission);
    all.push_back({Method::structured, (steps.flops + last.flops) / entries, (steps.time + last.time) / entries});
  }
  std::stable_sort(all.begin(), all.end());
  return all;
}

void require_variables(const std::vector<Symbol> &variables, Structure structure) {
  if (variables.empty()) throw Error("a Jacobian needs a variable");
  for (std::size_t i = 0; i < variables.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (variables[i].node() == variables[k].node())
        throw Error("variable '" + variables[i].name() + "' is named twice");
  if (structure == Structure::symmetric && variables[0].rows() != variables[0].cols())
    throw ShapeError("a symmetric variable is square, not " + to_string(variables[0].shape()));
}

} // namespace

JacobianPlan::JacobianPlan(const Expression &function, std::vector<Symbol> xs, Structure kind, int term_cap)
    : f(function), variables(std::move(xs)), structure(kind) {
  require_variables(variables, structure);
  seed_shape = seed_shape_of(variables, structure);
  const Differential df = differential(f, seeded(variables, structure, false));
  program.keep(value = program.value(f));
  lower(Stage::forward, df, seed_shape);
  lower(Stage::reverse, transposed(df, seed_shape), f.shape());
  for (const NodePtr &node : topological_order(f.node()))
    if (node->kind == Kind::symbol) inputs.push_back({node, program.symbol(node.get())});
  for (const Symbol &x : variables)
    if (program.symbol(x.node().get()) == no_slot) inputs.push_back({x.node(), program.value(x)});
  if (term_cap > 0 && rows() > 0 && cols() > 0) dense = DensePlan(program, f, variables, structure, term_cap);
  program.allocate();
  predictions = predict(*this);
}

/// Adds the steps of a batched stage: the differential, applied to the stage's tangents or cotangents.
void JacobianPlan::lower(Stage stage, const Differential &df, Shape seed) {
  if (df.is_zero()) return;
  const Symbol symbol("d", seed.rows, seed.cols);
  program.seed(stage, symbol);
  program.finish(stage, program.value(applied(df, symbol)));
}

std::vector<JacobianPlan::Entry> JacobianPlan::entries(Index j) const {
  if (structure == Structure::symmetric) {
    const Index n = variables[0].rows();
    Index column = 0;
    while (j >= n - column)
      j -= n - column++;
    const Index row = column + j;
    if (row == column) return {{0, row + row * n}};
    return {{0, row + column * n}, {0, column + row * n}};
  }
  std::size_t variable = 0;
  while (j >= variables[variable].shape().size())
    j -= variables[variable++].shape().size();
  return {{variable, j}};
}

template <class T> Point<T>::Point(std::shared_ptr<const JacobianPlan> plan, const Values<T> &values, Device device)
    : plan_(std::move(plan)), device_(device) {
  for (const auto &input : plan_->inputs) {
    const auto bound = [&](const Binding<T> &b) { return b.symbol.node() == input.symbol; };
    const bool empty = input.symbol->shape.size() == 0;
    if (!empty && std::none_of(values.begin(), values.end(), bound))
      throw DomainError("symbol '" + input.symbol->name + "' has no value");
  }
  const Program &program = plan_->program;
  arena_ = device_.backend().pool().take(static_cast<std::size_t>(program.elements(Stage::values)) * sizeof(T));
  run<T>(program, Stage::constants, device_.backend(), static_cast<T *>(arena_.data()), {});
  update(values);
}

template <class T> MatrixView<T> Point<T>::matrix(SlotId id) const {
  const Slot &slot = plan_->program.slots()[id];
  return {static_cast<T *>(arena_.data()) + slot.offset, slot.shape.rows, slot.shape.cols};
}

template <class T> void Point<T>::bind(const Binding<T> &binding) {
  for (const auto &input : plan_->inputs) {
    if (input.symbol != binding.symbol.node()) continue;
    if (binding.value.shape() != input.symbol->shape)
      throw ShapeError("symbol '" + binding.symbol.name() + "' is " + to_string(input.symbol->shape) +
                       ", its value is " + to_string(binding.value.shape()));
    transfer<T>(device_.backend(), binding.value, matrix(input.slot));
  }
}

template <class T> void Point<T>::update(const Values<T> &values) {
  for (const Binding<T> &binding : values)
    bind(binding);
  evaluate();
}

template <class T> void Point<T>::evaluate() const {
  run<T>(plan_->program, Stage::values, device_.backend(), static_cast<T *>(arena_.data()), {});
}

template <class T> std::size_t Point<T>::workspace_bytes(Stage stage) const {
  return static_cast<std::size_t>(plan_->program.elements(stage)) * sizeof(T);
}

template <class T> void Point<T>::apply(Stage stage, MatrixView<const T> x, MatrixView<T> y) const {
  const Program &program = plan_->program;
  const Backend &backend = device_.backend();
  if (program.output(stage) == no_slot) return backend.primitives(T{}).fill(0, y);
  const Shape in = plan_->input_shape(stage), out = plan_->output_shape(stage);
  const Index k = x.cols();
  const Pool::Block workspace = backend.pool().take(workspace_bytes(stage) * static_cast<std::size_t>(k));
  const Batch<T> batch{static_cast<T *>(workspace.data()), k,
                       BatchView<const T>(x.data(), in.rows, in.cols, in.rows, k, x.ld()),
                       BatchView<T>(y.data(), out.rows, out.cols, out.rows, k, y.ld())};
  run<T>(program, stage, backend, static_cast<T *>(arena_.data()), batch);
}

namespace {

/// The dense Jacobian of a plan of one variable, which is the buffer that it reads.
template <class T> class LocalJacobian final : public Emitter<T> {
public:
  LocalJacobian(std::shared_ptr<const JacobianPlan> plan, Device device) : plan_(std::move(plan)), device_(device) {}
  void run(std::span<const T *const> buffers, Index, Index, MatrixView<T> y) const override {
    const Symbol &x = plan_->variables[0];
    const MatrixView<const T> value(buffers[0], x.rows(), x.cols());
    const Point<T> point(plan_, {{x, value}}, device_);
    assemble(point, MatrixView<T>(y.data(), plan_->rows(), plan_->cols()), {.method = Method::forward});
  }

private:
  std::shared_ptr<const JacobianPlan> plan_;
  Device device_;
};

} // namespace

template <class T> const typename Point<T>::Prepared &Point<T>::prepare() const {
  std::call_once(prepared_->once, [&] {
    const Primitives<T> &primitives = device_.backend().primitives(T{});
    for (const Step &step : plan_->program.steps(Stage::dense)) {
      auto &emitter = prepared_->steps.emplace_back();
      if (step.opcode == Opcode::emit) emitter = primitives.emitter(*step.emission);
      if (step.opcode == Opcode::jacobian) emitter = std::make_unique<LocalJacobian<T>>(step.plan, device_);
    }
    for (const Layout layout : {Layout::numerator, Layout::denominator}) {
      Emission emission = plan_->dense.emission;
      if (layout == Layout::denominator) {
        std::swap(emission.rows, emission.cols);
        for (Product &product : emission.products)
          std::swap(product.row, product.col);
      }
      prepared_->jacobian[static_cast<int>(layout)] = primitives.emitter(std::move(emission));
    }
  });
  return *prepared_;
}

template <class T> Addresses<T> Point<T>::run_dense(T *workspace) const {
  const Program &program = plan_->program;
  Batch<T> batch;
  batch.workspace = workspace;
  batch.emitters = prepare().steps;
  run<T>(program, Stage::dense, device_.backend(), static_cast<T *>(arena_.data()), batch);
  Addresses<T> buffers;
  for (const SlotId u : plan_->dense.buffers) {
    const Slot &slot = program.slots()[u];
    buffers.push_back((slot.stage == Stage::dense ? workspace : static_cast<const T *>(arena_.data())) + slot.offset);
  }
  return buffers;
}

Index columns_per_pass(const JacobianPlan &plan, Stage stage, std::size_t element) {
  constexpr Index target = 8 << 20; // bytes
  const Shape in = plan.input_shape(stage), out = plan.output_shape(stage);
  const Index elements = plan.program.elements(stage) + in.size() + out.size() + 1;
  return std::clamp<Index>(target / (elements * static_cast<Index>(element)), 1, std::max<Index>(in.size(), 1));
}

template class Point<float>;
template class Point<double>;

} // namespace detail

using detail::JacobianPlan;
using detail::Point;

Jacobian::Jacobian(const Expression &f, const Symbol &x, Structure structure)
    : plan_(std::make_shared<const JacobianPlan>(f, std::vector{x}, structure)) {}
Jacobian::Jacobian(const Expression &f, const std::vector<Symbol> &variables)
    : plan_(std::make_shared<const JacobianPlan>(f, variables, Structure::general)) {}
std::string Jacobian::explain(Layout layout, std::size_t element) const {
  return detail::explain(*plan_, layout, element);
}
bool Jacobian::has_terms() const { return plan_->dense.exists; }
double Jacobian::dense_bytes(Method method, std::size_t element) const {
  return detail::predicted_bytes(*plan_, detail::chosen(*plan_, method), element);
}
Index Jacobian::rows() const { return plan_->rows(); }
Index Jacobian::cols() const { return plan_->cols(); }

template <class T>
JacobianAt<T>::JacobianAt(std::shared_ptr<const JacobianPlan> plan, const Values<T> &values, Device device)
    : point_(std::make_shared<Point<T>>(std::move(plan), values, device)) {}
template <class T> JacobianAt<T>::JacobianAt(JacobianAt &&) noexcept = default;
template <class T> JacobianAt<T> &JacobianAt<T>::operator=(JacobianAt &&) noexcept = default;
template <class T> JacobianAt<T>::~JacobianAt() = default;

template <class T> Index JacobianAt<T>::rows() const { return point_->plan().rows(); }
template <class T> Index JacobianAt<T>::cols() const { return point_->plan().cols(); }
template <class T> void JacobianAt<T>::update(const Values<T> &values) { point_->update(values); }
template <class T> MatrixView<const T> JacobianAt<T>::value() const { return point_->matrix(point_->plan().value); }

namespace {

/// One item of shape `item`, or several as columns: the k of the latter.
Index count(const char *what, Shape got, Shape item) {
  if (got == item) return 1;
  if (got.rows == item.size()) return got.cols;
  throw ShapeError(std::string(what) + " is " + to_string(got) + "; it must be " + to_string(item) + ", or " +
                   std::to_string(item.size()) + "×k with one vec per column");
}

/// The shape of the results that belong to tangents of shape `got`.
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
  const Primitives<T> &primitives = backend.primitives(T{});
  const bool pack_x = x.shape() == in && !x.packed(), pack_y = y.shape() == out && !y.packed();
  const auto block = [&](bool needed, Shape s) {
    const std::size_t bytes = needed ? static_cast<std::size_t>(s.size()) * sizeof(T) : 0;
    return backend.pool().take(bytes);
  };
  const Pool::Block x_block = block(pack_x, in), y_block = block(pack_y, out);
  if (pack_x) {
    const MatrixView<T> packed(static_cast<T *>(x_block.data()), in.rows, in.cols);
    primitives.copy(x, packed);
    x = packed;
  }
  const MatrixView<T> target = pack_y ? MatrixView<T>(static_cast<T *>(y_block.data()), out.rows, out.cols) : y;
  point.apply(stage, as_columns(x, in, k), as_columns(target, out, k));
  if (pack_y) primitives.copy(BatchView<T>(target), y);
}

template <class T> Matrix<T> applied(const Point<T> &point, Stage stage, MatrixView<const T> x) {
  const Shape in = point.plan().input_shape(stage), out = point.plan().output_shape(stage);
  const Shape shape = result_shape(x.shape(), in, out);
  auto y = Matrix<T>::uninitialized(shape.rows, shape.cols, point.device());
  apply_checked<T>(point, stage, x, y);
  return y;
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

template <class T> void JacobianAt<T>::to_dense(MatrixView<T> out, const DenseOptions &options) const {
  detail::assemble(*point_, out, options);
}

template <class T> Matrix<T> JacobianAt<T>::to_dense(const DenseOptions &options) const {
  detail::require_memory(point_->plan(), options.method, sizeof(T), point_->device().bytes_free());
  const bool numerator = options.layout == Layout::numerator;
  const Shape shape{numerator ? rows() : cols(), numerator ? cols() : rows()};
  auto out = Matrix<T>::uninitialized(shape.rows, shape.cols, point_->device());
  to_dense(out, options);
  return out;
}

template class JacobianAt<float>;
template class JacobianAt<double>;

Expression gradient(const Expression &f, const Symbol &x) {
  if (!f.is_scalar()) throw ShapeError("a gradient is of a scalar, not of " + to_string(f.shape()));
  return applied(transposed(differential(f, {{x, seed(x.shape())}}), x.shape()), 1);
}

template <class T>
Matrix<T> evaluate(const Expression &f, const Values<std::type_identity_t<T>> &values, Device device) {
  const Jacobian nothing(f, Symbol("", 0, 0)); // a plan without a derivative
  const JacobianAt<T> point = nothing.at<T>(values, device);
  auto result = Matrix<T>::uninitialized(f.rows(), f.cols(), device);
  device.backend().primitives(T{}).copy(point.value(), result.view());
  return result;
}

template Matrix<float> evaluate<float>(const Expression &, const Values<float> &, Device);
template Matrix<double> evaluate<double>(const Expression &, const Values<double> &, Device);

} // namespace kronvec

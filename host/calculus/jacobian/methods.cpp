/// The methods: from terms, by columns (forward), by rows (reverse), by central differences, by the element method or
/// the complex step.

#include "calculus/jacobian/methods.hpp"

#include "calculus/jacobian/element_method.hpp"
#include "calculus/program/scratch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kronvec::detail {

Index columns_per_pass(const JacobianPlan &plan, Stage stage, std::size_t element) {
  constexpr Index target = 8 << 20; // bytes
  const Shape in = plan.input_shape(stage), out = plan.output_shape(stage);
  const Index elements = plan.program.elements(stage) + max_scratch(plan.program, stage) + in.size() + out.size() + 1;
  return std::clamp<Index>(target / (elements * static_cast<Index>(element)), 1, std::max<Index>(in.size(), 1));
}

Index columns_per_pass(const JacobianPlan &plan, Method method, std::size_t element) {
  if (method == Method::forward) return columns_per_pass(plan, Stage::forward, element);
  if (method == Method::reverse) return columns_per_pass(plan, Stage::reverse, element);
  return 1;
}

namespace {

/// By products with unit vectors (ledger M2, M3).
template <class T> class UnitVectors final : public DenseMethod<T> {
public:
  UnitVectors(const Point<T> &point, Stage stage, Index most)
      : DenseMethod<T>(stage == Stage::forward ? Layout::numerator : Layout::denominator,
                       std::min(columns_per_pass(point.plan(), stage, sizeof(T)), most)),
        point_(point), stage_(stage), size_(point.plan().input_shape(stage).size()),
        block_(point.device().backend().pool().take(static_cast<std::size_t>(size_ * this->pass) * sizeof(T))) {}

  void fill(Index first, MatrixView<T> out) override {
    for (Index done = 0; done < out.cols(); done += this->pass) {
      const Index k = std::min(this->pass, out.cols() - done);
      const MatrixView<T> units(static_cast<T *>(block_.data()), size_, k);
      point_.device().backend().primitives(T{}).unit_columns(first + done, units);
      point_.apply(stage_, units, out.block(0, done, out.rows(), k));
    }
  }

  /// The unit vectors, and in each pass a workspace. The last pass of a call, and of the last call, may be shorter.
  static Blocks held(const JacobianPlan &plan, Stage stage, Index most) {
    const Index size = plan.input_shape(stage).size(), k = std::min(columns_per_pass(plan, stage, sizeof(T)), most);
    const auto pass = [&](Index columns) {
      return blocks<T>(plan.program.elements(stage) * columns) + scratch<T>(plan.program, stage, columns);
    };
    const Index end = most < size ? most % k : 0, last = most < size ? size % most % k : size % k;
    return blocks<T>(size * k) + (pass(k) | pass(end) | pass(last));
  }

private:
  const Point<T> &point_;
  const Stage stage_;
  const Index size_;
  const Pool::Block block_;
};

/// From the terms (ledger M5).
template <class T> class FromTerms final : public DenseMethod<T> {
public:
  FromTerms(const Point<T> &point, Layout wanted, Index columns)
      : DenseMethod<T>(wanted, columns), emitter_(point.emitter(wanted)), workspace_(point.dense_workspace()),
        buffers_(point.run_dense(workspace_)) {}

  void fill(Index first, MatrixView<T> out) override { emitter_.run(buffers_.span(), 0, first, out); }

  /// The workspace, and the largest of what the dense steps and J's emission take one after another.
  static Blocks held(const JacobianPlan &plan, Device device, Layout layout) {
    Blocks in_turn = scratch<T>(plan.program, Stage::dense, 1);
    for (const auto &emitter : plan.emitters.steps<T>(device))
      if (emitter) in_turn = in_turn | emitter->scratch(1);
    in_turn = in_turn | plan.emitters.jacobian<T>(layout, device).scratch(1);
    return blocks<T>(plan.program.elements(Stage::dense)) + in_turn;
  }

private:
  const Emitter<T> &emitter_; ///< made first, since that may wait for the device
  const Pool::Block workspace_;
  const Buffers<T> buffers_;
};

/// Central differences, at a point of its own (ledger M4).
template <class T> class Differences {
public:
  explicit Differences(const Point<T> &point)
      : plan_(point.plan()), backend_(point.device().backend()), primitives_(backend_.primitives(T{})),
        moved_(point.plan_ptr(), values_at(point), point.device()) {
    for (const Variable &variable : plan_.variables) {
      const Symbol &x = variable.symbol();
      x_.push_back(moved_.matrix(plan_.program.symbol(x.node().get())));
      transfer<T>(backend_, x_.back(), start_.emplace_back(x.rows(), x.cols()));
    }
    const MatrixView<T> f = moved_.matrix(plan_.value);
    value_ = {f.data(), plan_.rows(), 1};
  }

  /// h = ∛u · max(1, |xⱼ|), at which truncation and rounding errors are about equal.
  T step(Index j) const {
    const auto [variable, index] = plan_.entries(j)[0];
    return std::cbrt(std::numeric_limits<T>::epsilon()) * std::max(T(1), std::abs(start_[variable].data()[index]));
  }

  /// (F(x + h) − F(x − h)) / 2h, where x is the variable that column j stands for.
  void column(Index j, T h, MatrixView<T> out) {
    const auto [variable, index] = plan_.entries(j)[0]; // a mirror image has the same value
    const T at = start_[variable].data()[index], above = at + h, below = at - h;
    move(j, above);
    primitives_.copy(BatchView<const T>(value_), out);
    move(j, below);
    primitives_.add(1 / (above - below), BatchView<T>(out), -1 / (above - below), value_, out);
    set(j, at);
  }

  /// The arena of the second point, and the variables' original values.
  static Blocks held(const JacobianPlan &plan) {
    Blocks all = blocks<T>(plan.program.elements(Stage::values)) + scratch<T>(plan.program, Stage::values, 1);
    for (const Variable &variable : plan.variables)
      all = all + blocks<T>(variable.symbol().shape().size());
    return all;
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

template <class T> class ByDifferences final : public DenseMethod<T> {
public:
  ByDifferences(const Point<T> &point, double *error)
      : DenseMethod<T>(Layout::numerator, 1), primitives_(point.device().backend().primitives(T{})),
        differences_(point), wider_(Matrix<T>::uninitialized(error ? point.plan().rows() : 0, 1, point.device())),
        error_(error) {
    if (error) *error = 0, size_ = static_cast<double>(differences_.size_of_value());
  }

  void fill(Index first, MatrixView<T> out) override {
    for (Index j = 0; j < out.cols(); ++j)
      column(first + j, out.block(0, j, out.rows(), 1));
  }

private:
  void column(Index j, MatrixView<T> out) {
    const T h = differences_.step(j);
    differences_.column(j, h, out);
    if (!error_) return;
    // The error of D(2h) is four times that of D(h), so their difference is three times the error of D(h).
    differences_.column(j, 2 * h, wider_);
    primitives_.add(1, BatchView<T>(wider_.view()), -1, out, wider_.view());
    const double truncation = static_cast<double>(differences_.largest(wider_.view())) / 3;
    const double u = std::numeric_limits<T>::epsilon();
    *error_ = std::max(*error_, truncation + u * (size_ / static_cast<double>(h) + 1));
  }

  const Primitives<T> &primitives_;
  Differences<T> differences_;
  Matrix<T> wider_;
  double *const error_;
  double size_ = 0; ///< max |F|
};

/// Entry by entry in double, on the host: by the element method (ledger M6) or the complex step.
template <class T> class ByElements final : public DenseMethod<T> {
public:
  ByElements(const Point<T> &point, decltype(element_method) method)
      : DenseMethod<T>(Layout::numerator, 1), backend_(point.device().backend()), host_(point.plan().rows(), 1),
        column_(method(point.plan(), values_at(point))) {}

  void fill(Index first, MatrixView<T> out) override {
    for (Index j = 0; j < out.cols(); ++j) {
      const std::vector<double> column = column_(first + j);
      std::transform(column.begin(), column.end(), host_.data(), [](double entry) { return static_cast<T>(entry); });
      transfer<T>(backend_, host_, out.block(0, j, out.rows(), 1));
    }
  }

private:
  static ElementValues values_at(const Point<T> &point) {
    ElementValues values;
    for (const auto &input : point.plan().inputs) {
      Matrix<T> m(input.symbol->shape.rows, input.symbol->shape.cols);
      transfer<T>(point.device().backend(), point.matrix(input.slot), m);
      values[input.symbol.get()].assign(m.data(), m.data() + m.shape().size());
    }
    return values;
  }

  const Backend &backend_;
  Matrix<T> host_;
  const ColumnOfJ column_;
};

} // namespace

Layout natural_layout(Method method, Layout wanted) {
  if (method == Method::structured || method == Method::automatic) return wanted;
  return method == Method::reverse ? Layout::denominator : Layout::numerator;
}

template <class T> void with_method(const Point<T> &point, const DenseOptions &options, Index most,
                                    std::type_identity_t<const std::function<void(DenseMethod<T> &)> &> work) {
  const JacobianPlan &plan = point.plan();
  const auto with = [&](auto &&method) { work(method); };
  switch (point.chosen(options.method)) {
  case Method::automatic:
  case Method::structured: {
    if (!plan.dense.exists) throw Error(std::string("the Jacobian cannot be structured: ") + plan.dense.why_not);
    const Index length = options.layout == Layout::numerator ? plan.rows() : plan.cols();
    const Index columns_per_report = (Index(1) << 23) / std::max<Index>(1, length) + 1;
    return with(FromTerms<T>(point, options.layout, options.progress ? columns_per_report : most));
  }
  case Method::forward:
    return with(UnitVectors<T>(point, Stage::forward, most));
  case Method::reverse:
    return with(UnitVectors<T>(point, Stage::reverse, most));
  case Method::numeric:
    return with(ByDifferences<T>(point, options.implied_error));
  case Method::complex_step:
    return with(ByElements<T>(point, complex_step));
  case Method::reference:
    return with(ByElements<T>(point, element_method));
  }
}

template <class T>
Blocks held_by_method(const JacobianPlan &plan, Device device, Method method, Layout layout, Index most) {
  if (plan.rows() == 0 || plan.cols() == 0) return {};
  switch (chosen(plan, method)) {
  case Method::automatic: // only of a J without entries
    return {};
  case Method::structured:
    return plan.dense.exists ? FromTerms<T>::held(plan, device, layout) : Blocks();
  case Method::forward:
    return UnitVectors<T>::held(plan, Stage::forward, most);
  case Method::reverse:
    return UnitVectors<T>::held(plan, Stage::reverse, most);
  case Method::numeric:
    return Differences<T>::held(plan);
  case Method::complex_step:
  case Method::reference:
    return {}; // a column in host memory
  }
  return {};
}

template void with_method(const Point<float> &, const DenseOptions &, Index,
                          const std::function<void(DenseMethod<float> &)> &);
template void with_method(const Point<double> &, const DenseOptions &, Index,
                          const std::function<void(DenseMethod<double> &)> &);

template Blocks held_by_method<float>(const JacobianPlan &, Device, Method, Layout, Index);
template Blocks held_by_method<double>(const JacobianPlan &, Device, Method, Layout, Index);

} // namespace kronvec::detail

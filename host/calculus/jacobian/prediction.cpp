/// Predicts the time and the memory that each method takes for a dense J.

#include "calculus/jacobian/prediction.hpp"

#include "calculus/jacobian/methods.hpp"
#include "calculus/jacobian/points.hpp"
#include "calculus/program/cost.hpp"
#include "core/free_memory.hpp"
#include "devices/expm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace kronvec::detail {

std::vector<Prediction> predict(const JacobianPlan &plan) {
  const double rows = static_cast<double>(plan.rows()), cols = static_cast<double>(plan.cols()), entries = rows * cols;
  if (entries == 0) return {};
  std::vector<Prediction> all;
  for (const auto &[method, stage, passes] :
       {std::tuple(Method::forward, Stage::forward, cols), std::tuple(Method::reverse, Stage::reverse, rows)}) {
    const Cost one = cost_of(plan.program, stage);
    const double unit_vector = entries / passes; // each unit vector is written, read and discarded
    all.push_back({method, passes * one.flops / entries, 1 + passes * (one.time + unit_vector) / entries});
  }
  if (plan.dense.exists) {
    const Cost steps = cost_of(plan.program, Stage::dense), last = cost_of(plan.dense.emission);
    all.push_back({Method::structured, (steps.flops + last.flops) / entries, (steps.time + last.time) / entries});
  }
  std::stable_sort(all.begin(), all.end());
  return all;
}

namespace {

/// Elements per item that a step's primitive takes from the pool, beside its operands.
Index scratch_elements(const Program &program, const Step &step) {
  return step.opcode == Opcode::expm ? expm_scratch(program.slots()[step.out[0]].shape.rows) : 0;
}

} // namespace

Index max_scratch(const Program &program, Stage stage) {
  Index most = 0;
  for (const Step &step : program.steps(stage))
    most = std::max(most, scratch_elements(program, step));
  return most;
}

Index columns_per_pass(const JacobianPlan &plan, Stage stage, std::size_t element) {
  constexpr Index target = 8 << 20; // bytes
  const Shape in = plan.input_shape(stage), out = plan.output_shape(stage);
  const Index elements = plan.program.elements(stage) + max_scratch(plan.program, stage) + in.size() + out.size() + 1;
  return std::clamp<Index>(target / (elements * static_cast<Index>(element)), 1, std::max<Index>(in.size(), 1));
}

namespace {

double bytes_of_j(const JacobianPlan &plan, std::size_t element) {
  return static_cast<double>(plan.rows()) * static_cast<double>(plan.cols()) * static_cast<double>(element);
}

template <class T> Blocks blocks(Index elements) { return Blocks(static_cast<std::size_t>(elements) * sizeof(T)); }

} // namespace

template <class T> Blocks scratch(const Program &program, Stage stage, Index k) {
  Blocks all;
  for (const Step &step : program.steps(stage))
    all = all | blocks<T>(scratch_elements(program, step) * k);
  return all;
}

namespace {

/// What `UnitVectors` holds: the unit vectors, and in each pass a workspace. The last pass of a range, and of all
/// columns, may be shorter.
template <class T>
Blocks held_by_passes(const JacobianPlan &plan, Stage stage, Index most = std::numeric_limits<Index>::max()) {
  const Index size = plan.input_shape(stage).size(), k = std::min(columns_per_pass(plan, stage, sizeof(T)), most);
  const auto pass = [&](Index columns) {
    return blocks<T>(plan.program.elements(stage) * columns) + scratch<T>(plan.program, stage, columns);
  };
  const Index end = most < size ? most % k : 0, last = most < size ? size % most % k : size % k;
  return blocks<T>(size * k) + (pass(k) | pass(end) | pass(last));
}

/// Rows of J that wait to be transposed.
template <class T> Blocks held_by_turning(const JacobianPlan &plan) {
  return blocks<T>(plan.cols() * columns_per_pass(plan, Stage::reverse, sizeof(T)));
}

/// What `FromTerms` holds: a workspace, plus the largest of what the dense steps and J's emission take one after
/// another.
template <class T> Blocks held_by_terms(const JacobianPlan &plan, const Emitters<T> &emitters, Layout layout) {
  Blocks in_turn = scratch<T>(plan.program, Stage::dense, 1);
  for (const auto &emitter : emitters.steps)
    if (emitter) in_turn = in_turn | emitter->scratch(1);
  in_turn = in_turn | emitters.jacobian[static_cast<int>(layout)]->scratch(1);
  return blocks<T>(plan.program.elements(Stage::dense)) + in_turn;
}

/// Bytes of J and of what is held beside it. `emitters()` returns the plan's emitters.
template <class T>
double predicted_bytes(const JacobianPlan &plan, Method method, Layout layout, const auto &emitters) {
  Blocks beside;
  if (method == Method::forward) beside = held_by_passes<T>(plan, Stage::forward);
  if (method == Method::reverse) beside = held_by_passes<T>(plan, Stage::reverse) + held_by_turning<T>(plan);
  if (method == Method::structured && plan.dense.exists) beside = held_by_terms<T>(plan, emitters(), layout);
  return bytes_of_j(plan, sizeof(T)) + static_cast<double>(beside.bytes());
}

} // namespace

template <class T> Blocks local_scratch(const JacobianPlan &plan, Index count, Device device) {
  const Program &program = plan.program;
  const Blocks point = blocks<T>(program.elements(Stage::values));
  if (count == 1) return point + (scratch<T>(program, Stage::values, 1) | held_by_passes<T>(plan, Stage::forward));
  const auto at_once = [&](Stage stage) { return points_at_once(plan, stage, sizeof(T), count, device); };
  const auto by_parts = [&](Stage stage) { // the last part may be smaller
    return scratch<T>(program, stage, at_once(stage)) | scratch<T>(program, stage, count % at_once(stage));
  };
  const auto by_cores = [&](Stage stage, const Blocks &part) {
    Blocks all;
    const Index parts = PointParts{count, at_once(stage)}.size();
    for (Index k = 0; k < device.backend().parts_at_once(parts); ++k)
      all = all + part;
    return all;
  };
  const Blocks pass = blocks<T>(plan.cols()) + blocks<T>(program.elements(Stage::forward) * at_once(Stage::forward)) +
                      by_parts(Stage::forward);
  return point + blocks<T>(program.elements(Stage::values) * count) +
         (by_cores(Stage::values, by_parts(Stage::values)) | by_cores(Stage::forward, pass));
}

double predicted_bytes(const JacobianPlan &plan, Method method, std::size_t element) {
  const auto in = [&]<class T>(T) {
    return predicted_bytes<T>(plan, method, Layout::numerator, [&] { return Emitters<T>(plan, Device::cpu()); });
  };
  return element == sizeof(float) ? in(float()) : in(double());
}

Method chosen(const JacobianPlan &plan, Method method) {
  if (method != Method::automatic || plan.predictions.empty()) return method;
  return plan.predictions.front().method;
}

template <class T> void require_memory(const Point<T> &point, const DenseOptions &options) {
  const JacobianPlan &plan = point.plan();
  const double bytes = predicted_bytes<T>(plan, chosen(plan, options.method), options.layout,
                                          [&]() -> const Emitters<T> & { return point.emitters(); });
  const double free = static_cast<double>(point.device().bytes_free());
  const double of_j = bytes_of_j(plan, sizeof(T));
  if (bytes > free)
    throw out_of_memory(fmt::format("J is {} and", to_string(Shape{plan.rows(), plan.cols()})), of_j, free,
                        bytes - of_j);
}

template <class T> Blocks held_by_method(const Point<T> &point, Method method, Layout layout, Index most) {
  const JacobianPlan &plan = point.plan();
  if (method == Method::forward) return held_by_passes<T>(plan, Stage::forward, most);
  if (method == Method::reverse) return held_by_passes<T>(plan, Stage::reverse, most);
  if (method == Method::numeric) // a second point, and the variables' original values
    return blocks<T>(plan.program.elements(Stage::values)) + scratch<T>(plan.program, Stage::values, 1) +
           blocks<T>(2 * plan.cols());
  if (plan.dense.exists) return held_by_terms<T>(plan, point.emitters(), layout);
  return {};
}

template Blocks held_by_method(const Point<float> &, Method, Layout, Index);
template Blocks held_by_method(const Point<double> &, Method, Layout, Index);
template Blocks scratch<float>(const Program &, Stage, Index);
template Blocks scratch<double>(const Program &, Stage, Index);
template Blocks local_scratch<float>(const JacobianPlan &, Index, Device);
template Blocks local_scratch<double>(const JacobianPlan &, Index, Device);
template void require_memory(const Point<float> &, const DenseOptions &);
template void require_memory(const Point<double> &, const DenseOptions &);

} // namespace kronvec::detail

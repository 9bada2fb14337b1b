/// What the ways to a dense J are predicted to take, in time and in memory.

#include "calculus/jacobian_plan.hpp"
#include "calculus/terms/cost.hpp"
#include "core/readable.hpp"

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

Index columns_per_pass(const JacobianPlan &plan, Stage stage, std::size_t element) {
  constexpr Index target = 8 << 20; // bytes
  const Shape in = plan.input_shape(stage), out = plan.output_shape(stage);
  const Index elements = plan.program.elements(stage) + in.size() + out.size() + 1;
  return std::clamp<Index>(target / (elements * static_cast<Index>(element)), 1, std::max<Index>(in.size(), 1));
}

double predicted_bytes(const JacobianPlan &plan, Method method, std::size_t element) {
  const auto block = [&](Index elements) {
    return static_cast<double>(Pool::block_size(static_cast<std::size_t>(elements) * element));
  };
  const double j = static_cast<double>(plan.rows()) * static_cast<double>(plan.cols()) * static_cast<double>(element);
  // The emission's own tables take between nothing and a sixteenth of J (cpu::Limits): the middle errs by 3% at the
  // most.
  if (method == Method::structured) return j * (1 + 1.0 / 32) + block(plan.program.elements(Stage::dense));
  if (method != Method::forward && method != Method::reverse) return j;
  const Stage stage = method == Method::forward ? Stage::forward : Stage::reverse;
  const Index size = plan.input_shape(stage).size(), k = columns_per_pass(plan, stage, element), last = size % k;
  const Index elements =
      plan.program.elements(stage); // of a tangent; the last, shorter pass has a workspace of its own
  const Index turned = method == Method::reverse ? plan.cols() * k : 0; // rows of J before they are transposed
  return j + block(size * k) + block(elements * k) + block(elements * last) + block(turned);
}

Method chosen(const JacobianPlan &plan, Method method) {
  if (method != Method::automatic || plan.predictions.empty()) return method;
  return plan.predictions.front().method;
}

void require_memory(const JacobianPlan &plan, Method method, std::size_t element, std::size_t limit) {
  const double bytes = predicted_bytes(plan, chosen(plan, method), element);
  if (bytes <= static_cast<double>(limit)) return;
  const double j = static_cast<double>(plan.rows()) * static_cast<double>(plan.cols()) * static_cast<double>(element);
  throw OutOfMemory(fmt::format("J is {} and would take {}, {} with what is held beside it; {} are free",
                                to_string(Shape{plan.rows(), plan.cols()}), readable_bytes(j), readable_bytes(bytes),
                                readable_bytes(static_cast<double>(limit))));
}

} // namespace kronvec::detail

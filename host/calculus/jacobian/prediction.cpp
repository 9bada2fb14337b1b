/// Predicts the time that each method takes for a dense J.

#include "calculus/jacobian/plan.hpp"
#include "calculus/program/cost.hpp"

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

Method chosen(const JacobianPlan &plan, Method method) {
  if (method != Method::automatic || plan.predictions.empty()) return method;
  return plan.predictions.front().method;
}

} // namespace kronvec::detail

/// Explains dense plans in words.

#include "calculus/jacobian/methods.hpp"
#include "core/readable.hpp"
#include "emission/print.hpp"

#include <fmt/format.h>

namespace kronvec::detail {
namespace {

class Explainer {
public:
  explicit Explainer(const JacobianPlan &plan) : plan_(plan) {}

  /// "  J[…] = …" for every product, and "  where …" for each buffer that they read.
  std::string terms(const Emission &emission, const std::vector<SlotId> &buffers) {
    std::string text = lines("J", emission, buffers);
    while (!waiting_.empty()) {
      const SlotId u = waiting_.front();
      waiting_.erase(waiting_.begin());
      text += definition(u);
    }
    return text;
  }

private:
  std::string lines(const std::string &result, const Emission &emission, const std::vector<SlotId> &buffers) {
    return in_index_notation(result, emission, [&](int b) { return name(buffers[static_cast<std::size_t>(b)]); });
  }

  /// A symbol's own name, or a letter that is explained further down.
  const std::string &name(SlotId u) {
    const auto [entry, fresh] = names_.try_emplace(u);
    if (!fresh) return entry->second;
    const auto meaning = plan_.dense.meanings.find(u);
    if (meaning != plan_.dense.meanings.end() && meaning->second.node()->kind == Kind::symbol)
      return entry->second = meaning->second.node()->name;
    waiting_.push_back(u);
    return entry->second = fmt::format("T{}", ++made_);
  }

  std::string definition(SlotId u) {
    constexpr std::size_t most = 60;
    if (const auto meaning = plan_.dense.meanings.find(u); meaning != plan_.dense.meanings.end()) {
      const std::string text = first_bytes(to_string(meaning->second), most);
      const Shape shape = plan_.program.slots()[u].shape;
      return fmt::format("  {} = {}, {}\n", names_.at(u), text, to_string(shape));
    }
    for (const Step &step : plan_.program.steps(Stage::dense))
      if (step.out[0] == u && step.emission) return lines(names_.at(u), *step.emission, step.in);
    return fmt::format("  {} = an intermediate value\n", names_.at(u));
  }

  const JacobianPlan &plan_;
  std::map<SlotId, std::string> names_;
  std::vector<SlotId> waiting_;
  int made_ = 0;
};

std::string why(const JacobianPlan &plan) {
  const Prediction &best = plan.predictions.front();
  if (!plan.dense.exists) return fmt::format("there are no terms: {}", plan.dense.why_not);
  std::string text;
  for (const Prediction &other : plan.predictions)
    if (other.method != best.method)
      text += fmt::format("{}{} would take {:.3g} times as long", text.empty() ? "" : ", ", name(other.method),
                          other.over_floor / best.over_floor);
  return text;
}

} // namespace

template <class T> std::string explain(const JacobianPlan &plan, Layout layout, Device device) {
  const double bytes = bytes_of<T>(plan);
  const bool numerator = layout == Layout::numerator;
  std::string text =
      fmt::format("J is {}, {}, {} layout\n",
                  to_string(numerator ? Shape{plan.rows(), plan.cols()} : Shape{plan.cols(), plan.rows()}),
                  readable_bytes(bytes), numerator ? "numerator" : "denominator");
  if (plan.predictions.empty()) return text + "  it has no entries\n";
  const Prediction &best = plan.predictions.front();
  if (plan.dense.exists)
    text += "terms, at column-major indices:\n" + Explainer(plan).terms(plan.dense.emission, plan.dense.buffers);
  text += fmt::format("method: {}, since {}\n", name(best.method), why(plan));
  text += fmt::format("{:.3g} flops per entry of J; predicted time over writing J once: {:.3g}\n", best.flops_per_entry,
                      best.over_floor);
  const Blocks beside = held_by_assembly<T>(plan, device, {.layout = layout});
  text += fmt::format("{} at most at once, J among it\n", readable_bytes(bytes + static_cast<double>(beside.bytes())));
  return text;
}

template std::string explain<float>(const JacobianPlan &, Layout, Device);
template std::string explain<double>(const JacobianPlan &, Layout, Device);

} // namespace kronvec::detail

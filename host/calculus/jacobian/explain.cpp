/// Explains dense plans in words.

#include "calculus/jacobian/methods.hpp"
#include "core/readable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace kronvec::detail {
namespace {

/// Letters for the labels of a product: i, j, … for labels that move along rows only; k, l, … along columns; u, v, …
/// for summed labels.
std::vector<std::string> label_names(const Product &p) {
  static constexpr const char *letters[] = {"ijabcdefgh", "klmnopqrst", "uvwxyz"};
  std::vector<int> order(static_cast<std::size_t>(p.labels));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return std::pair(p.col.stride[a], p.row.stride[a]) < std::pair(p.col.stride[b], p.row.stride[b]);
  });
  std::vector<std::string> names(static_cast<std::size_t>(p.labels));
  std::size_t used[3] = {};
  for (const int q : order) {
    if (p.extent[q] == 1) continue;
    const std::size_t kind = p.summed(q) ? 2 : p.col.stride[q] ? 1 : 0, number = used[kind]++;
    const std::size_t letters_of_kind = std::string_view(letters[kind]).size();
    names[static_cast<std::size_t>(q)] = letters[kind][number % letters_of_kind];
    if (number >= letters_of_kind) names[static_cast<std::size_t>(q)] += std::to_string(number / letters_of_kind);
  }
  return names;
}

std::string affine(const AffineMap &map, const std::vector<std::string> &names) {
  std::vector<std::pair<Index, std::string>> parts;
  for (std::size_t q = 0; q < names.size(); ++q)
    if (map.stride[q]) parts.emplace_back(map.stride[q], names[q]);
  std::sort(parts.begin(), parts.end());
  std::string text;
  for (const auto &[stride, name] : parts)
    text += fmt::format("{}{}{}", text.empty() ? "" : " + ", stride == 1 ? "" : fmt::format("{}·", stride), name);
  if (map.offset || text.empty()) text += fmt::format("{}{}", text.empty() ? "" : " + ", map.offset);
  return text;
}

/// Explains the index of J along a side that is a vech.
std::string side(std::string_view what, const Axis &axis) {
  const Index n = axis.triangle;
  return n ? fmt::format("  {} count along vec of {}, of whose entries J has the lower triangle, as in vech\n", what,
                         to_string(Shape{n, n}))
           : "";
}

class Explainer {
public:
  explicit Explainer(const JacobianPlan &plan) : plan_(plan) {}

  /// "  J[…] = …" for every product, and "  where …" for each buffer that they read.
  std::string terms(const Emission &emission, const std::vector<SlotId> &buffers) {
    std::string text = lines("J", emission, buffers) + side("rows", emission.rows) + side("columns", emission.cols);
    while (!waiting_.empty()) {
      const SlotId u = waiting_.front();
      waiting_.erase(waiting_.begin());
      text += definition(u);
    }
    return text;
  }

private:
  std::string lines(const std::string &result, const Emission &emission, const std::vector<SlotId> &buffers) {
    if (emission.products.empty()) return fmt::format("  {} = 0\n", result);
    std::string text;
    const bool matrix = emission.cols.size > 1 || result == "J";
    for (std::size_t n = 0; n < emission.products.size(); ++n) {
      const Product &p = emission.products[n];
      const auto names = label_names(p);
      const std::string place =
          matrix ? fmt::format("{}, {}", affine(p.row, names), affine(p.col, names)) : affine(p.row, names);
      text += fmt::format("  {}[{}] {} {}\n", result, place, n == 0 ? "=" : "+=", factors(p, names, buffers));
    }
    return text;
  }

  std::string factors(const Product &p, const std::vector<std::string> &names, const std::vector<SlotId> &buffers) {
    std::string text, sums;
    if (p.scale != 1 || p.factors.empty()) text = fmt::format("{}", p.scale);
    for (int q = 0; q < p.labels; ++q)
      if (p.summed(q) && p.extent[q] > 1) sums += names[static_cast<std::size_t>(q)];
    for (const Product::Factor &f : p.factors)
      text += fmt::format("{}{}[{}]", text.empty() ? "" : " · ", name(buffers[static_cast<std::size_t>(f.buffer)]),
                          affine(f.map, names));
    return sums.empty() ? text : fmt::format("Σ_{} {}", sums, text);
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

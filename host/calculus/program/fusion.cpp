/// Fuses emissions whose result only one other emission reads.

#include "calculus/program/fusion.hpp"

#include "emission/labels.hpp"

#include <algorithm>
#include <bit>
#include <optional>

namespace kronvec::inline KRONVEC_ABI {
namespace {

/// Max number of factors of a fused product. With more factors, saving a pass gains nothing.
constexpr std::size_t max_factors = 6;

/// The label of `outer` that corresponds to each label of `inner`, if `outer` reads at `read` exactly the places that
/// `inner` writes. Labels that `inner` sums come after those of `outer`.
std::optional<std::vector<int>> labels_of_inner(const Product &outer, const AffineMap &read, const Product &inner) {
  std::vector<int> known;
  int next = outer.labels;
  std::uint32_t unmatched = 0;
  for (int q = 0; q < outer.labels; ++q)
    if (read.stride[q] != 0 && outer.extent[q] > 1) unmatched |= 1u << q;
  for (int q = 0; q < inner.labels; ++q) {
    if (inner.extent[q] == 1 || inner.summed(q)) {
      known.push_back(next++);
      continue;
    }
    int same = 0;
    while (same < outer.labels && !(unmatched >> same & 1 && read.stride[same] == inner.row.stride[q] &&
                                    outer.extent[same] == inner.extent[q]))
      ++same;
    if (same == outer.labels) return std::nullopt;
    unmatched &= ~(1u << same);
    known.push_back(same);
  }
  if (unmatched || read.offset != inner.row.offset || next > max_labels) return std::nullopt;
  return known;
}

/// outer · inner, where `inner` computes factor `f` of `outer`. Buffers are slots.
std::optional<Product> joined(const Product &outer, std::size_t f, const Product &inner) {
  const auto labels = labels_of_inner(outer, outer.factors[f].map, inner);
  if (!labels || outer.factors.size() + inner.factors.size() > max_factors + 1) return std::nullopt;
  Product result = outer;
  result.scale *= inner.scale;
  result.factors.erase(result.factors.begin() + static_cast<std::ptrdiff_t>(f));
  for (std::size_t q = 0; q < labels->size(); ++q)
    if ((*labels)[q] >= outer.labels) {
      result.extent[static_cast<std::size_t>((*labels)[q])] = inner.extent[q];
      result.labels = std::max(result.labels, (*labels)[q] + 1);
    }
  for (const Product::Factor &factor : inner.factors) {
    Product::Factor moved{factor.buffer, {factor.map.offset, {}}};
    for (std::size_t q = 0; q < labels->size(); ++q)
      moved.map.stride[static_cast<std::size_t>((*labels)[q])] += factor.map.stride[q];
    result.factors.push_back(moved);
  }
  return result;
}

/// The product of a step, if it has exactly one. Slots are its buffers.
std::optional<Product> only_product(const Step &step) {
  if (!step.emission || step.emission->products.size() != 1) return std::nullopt;
  Product p = step.emission->products[0];
  for (Product::Factor &f : p.factors)
    f.buffer = step.in[static_cast<std::size_t>(f.buffer)];
  return p;
}

class Fusion {
public:
  Fusion(std::vector<Step> &steps, const std::vector<SlotId> &roots) : steps_(steps) {
    for (std::size_t s = 0; s < steps.size(); ++s)
      makers_[steps[s].out[0]] = s;
    for (const Step &step : steps)
      for (const SlotId u : step.in)
        ++readers_[u];
    for (const SlotId u : roots)
      readers_[u] += 2;
  }

  /// Fuses into `step` one array that only this step reads. Returns whether it did.
  bool join_into(Step &step) {
    const auto outer = only_product(step);
    if (!outer || sums(*outer)) return false;
    for (std::size_t f = 0; f < outer->factors.size(); ++f) {
      const SlotId u = outer->factors[f].buffer;
      const auto maker = makers_.find(u);
      const bool twice =
          std::count_if(outer->factors.begin(), outer->factors.end(), [&](const auto &g) { return g.buffer == u; }) > 1;
      if (maker == makers_.end() || readers_[u] > 1 || twice) continue;
      const auto inner = only_product(steps_[maker->second]);
      const auto product = inner ? joined(*outer, f, *inner) : std::nullopt;
      if (!product) continue;
      Emission emission{step.emission->rows, step.emission->cols, {*product}};
      step.in = number_buffers(emission);
      step.emission = std::make_shared<const Emission>(std::move(emission));
      return true;
    }
    return false;
  }

private:
  std::vector<Step> &steps_;
  std::unordered_map<SlotId, std::size_t> makers_;
  std::unordered_map<SlotId, int> readers_;
};

} // namespace

void join_emissions(std::vector<Step> &steps, const std::vector<SlotId> &roots) {
  Fusion fusion(steps, roots);
  for (Step &step : steps)
    while (fusion.join_into(step)) {
    }
}

} // namespace kronvec

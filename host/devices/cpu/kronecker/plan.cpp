/// Plans sweeps.

#include "devices/cpu/kronecker/plan.hpp"

#include "devices/cpu/blas.hpp"
#include "devices/kronecker.hpp"

#include <algorithm>

namespace kronvec::cpu {
namespace {

/// Max bytes of a slice to which several modes are applied. A slice of strips fits in most of a first-level cache,
/// where vectors are loaded as fast as they are multiplied. Slices of rows may be larger, because each entry takes many
/// multiplications.
constexpr Index fused_bytes = 32 << 10, rows_bytes = 64 << 10;
/// Max bytes of a turned slice of a single mode, which has no alternative: part of a second-level cache.
constexpr Index max_turned_bytes = 1 << 20;
/// Min number of columns of a factor for which pieces of X are copied together before they are multiplied.
constexpr Index worth_copying = 64;
/// Min filled fraction of the vectors along n entries. Turning a slice and back costs about as much as a mode of eight
/// rows that leaves a third of each vector empty.
constexpr double worth_filling = 0.7;
/// Min filled fraction of the lanes of turned slices. Below it, a sweep of fewer modes, with more and smaller slices,
/// is better.
constexpr double worth_turning = 0.85;
/// Constants of the choice between sweeps and BLAS, see `blas_is_better`.
constexpr Index min_uses = 8, uses_for_packing = 100, fit_for_blas = 24;

Index round_up(Index n, Index to) { return (n + to - 1) / to * to; }
double filled(Index n, Index lanes) { return static_cast<double>(n) / static_cast<double>(round_up(n, lanes)); }

/// Whether two neighbours are applied as one factor, which saves a pass over the entries. They are if that takes no
/// more multiplications: 2×2 with 2×2, or 1×1 with a small factor.
bool merge_well(const KroneckerPart &a, const KroneckerPart &b) {
  if (a.is_identity || b.is_identity) return a.is_identity && b.is_identity;
  const bool one = (a.p == 1 && a.q == 1) || (b.p == 1 && b.q == 1);
  return (one && a.p * b.p * a.q * b.q <= 1024) || (a.p * b.p <= 4 && a.q * b.q <= 4);
}

template <class T> std::vector<KroneckerPart> parts_of(std::span<const KroneckerFactor<T>> factors) {
  std::vector<KroneckerPart> parts; // the last factor first
  for (std::size_t f = factors.size(); f-- > 0;) {
    const KroneckerPart part{f, 1, factors[f].rows(), factors[f].cols(), factors[f].is_identity()};
    if (part.is_identity && part.p == 1) continue;
    if (!parts.empty() && parts.back().first == f + 1 && merge_well(part, parts.back())) {
      KroneckerPart &with = parts.back();
      with = {f, with.count + 1, with.p * part.p, with.q * part.q, part.is_identity};
    } else {
      parts.push_back(part);
    }
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

/// The part that shrinks the tensor most goes first, as in `modes::plan`. Among equals, the last factor goes first,
/// because its slices are contiguous.
std::vector<std::size_t> order_of(const std::vector<KroneckerPart> &parts) {
  std::vector<std::size_t> order;
  for (std::size_t f = parts.size(); f-- > 0;)
    if (!parts[f].is_identity) order.push_back(f);
  const auto growth = [&](std::size_t f) { return modes::growth(parts[f].p, parts[f].q); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return growth(a) < growth(b); });
  return order;
}

/// Builds sweeps one by one over a tensor whose extents change.
class SweepPlanner {
public:
  SweepPlanner(const std::vector<KroneckerPart> &parts, Index columns, Index lanes, Index size)
      : parts_(parts), columns_(columns), lanes_(lanes), size_(size) {
    for (const KroneckerPart &part : parts)
      extent_.push_back(part.q);
  }

  /// A sweep of as many of the next modes as can share one, or nothing.
  std::optional<SweepPlan> next(std::span<const std::size_t> &order) {
    std::optional<SweepPlan> best;
    std::size_t count = 0;
    for (std::size_t n = 1; n <= std::min<std::size_t>(order.size(), max_sweep_steps); ++n) {
      const auto sweep = describe(order.first(n));
      if (!sweep) break;
      best = sweep, count = n;
    }
    for (const std::size_t f : order.first(count))
      extent_[f] = parts_[f].p;
    order = order.subspan(count);
    return best;
  }
  Index entries() const { return product(0, extent_.size(), extent_); }

private:
  static Index product(std::size_t first, std::size_t last, const std::vector<Index> &extent) {
    Index n = 1;
    for (std::size_t f = first; f < last; ++f)
      n *= extent[f];
    return n;
  }

  std::optional<SweepPlan> describe(std::span<const std::size_t> modes) {
    const auto [low, high] = std::minmax_element(modes.begin(), modes.end());
    const std::size_t first = *low, last = *high + 1;
    if (last - first != modes.size()) return std::nullopt;
    SweepPlan s{};
    s.slices = product(0, first, extent_), s.inner = product(last, extent_.size(), extent_);
    s.in = product(first, last, extent_);
    Index largest = s.in, between = 0;
    for (const std::size_t f : modes) {
      s.step[static_cast<std::size_t>(s.steps++)] = {f, product(first, f, extent_), product(f + 1, last, extent_)};
      extent_[f] = parts_[f].p;
      const Index left = product(first, last, extent_);
      if (f != modes.back()) between = std::max(between, left);
      largest = std::max(largest, left);
    }
    s.out = product(first, last, extent_);
    for (const std::size_t f : modes) // restore the extents
      extent_[f] = parts_[f].q;
    return choose(s, largest, between) ? std::optional(s) : std::nullopt;
  }

  /// Chooses the way of a sweep, and the sizes that follow from it. `largest`: max entries of a slice; `between`: max
  /// entries of an intermediate result.
  bool choose(SweepPlan &s, Index largest, Index between) const {
    const KroneckerPart &f = parts_[s.step[0].part];
    const bool single = s.steps == 1;
    if (filled(s.inner, lanes_) >= worth_filling && (single || largest * lanes_ * size_ <= fused_bytes)) {
      s.way = SweepWay::strips;
      const bool copies = single && f.q >= worth_copying;
      const Index width = copies ? share(s.inner * s.slices, 3 * lanes_, 12 * lanes_)
                                 : std::max<Index>(fused_bytes / (largest * size_) / lanes_, 1) * lanes_;
      s.width = std::min(width, s.inner);
      s.buffer = copies ? std::min(f.q, sweep_depth) * round_up(s.width, 3 * lanes_) : single ? 0 : between * s.width;
      return true;
    }
    if (s.inner == 1 && s.step[0].runs == 1 && f.q >= 4 && filled(f.p, lanes_) >= worth_filling &&
        (single || largest * size_ <= rows_bytes)) {
      s.way = SweepWay::rows;
      s.width = single ? share(s.slices, 8, 64) : std::max<Index>(rows_bytes / 2 / (largest * size_), 1);
      s.buffer = between * s.width;
      return true;
    }
    const Index bytes = largest * s.inner * lanes_ * size_;
    if (bytes > (single ? max_turned_bytes : fused_bytes)) return false;
    if (!single && filled(s.slices * columns_, lanes_) < worth_turning) return false;
    s.way = SweepWay::turned;
    for (SweepPlan::PlannedStep &step : s.step)
      step.runs *= s.inner;
    s.in *= s.inner, s.out *= s.inner, s.inner = 1;
    s.buffer = bytes / size_;
    return true;
  }

  /// A multiple of `least`, at most `most`, that cuts the n entries of all columns into 16 or more shares.
  Index share(Index n, Index least, Index most) const {
    return std::clamp(n * columns_ / 16 / least * least, least, most);
  }

  const std::vector<KroneckerPart> &parts_;
  Index columns_, lanes_, size_;
  std::vector<Index> extent_;
};

/// BLAS is better if a factor's entries are used too few times to pay for packing it: products of a matrix and a few
/// vectors. A BLAS with kernels for this processor also wins at somewhat more uses, if there are few columns and no
/// factor is too small.
bool blas_is_better(const KroneckerPlan &plan, Index columns, Index vector_bytes) {
  if (plan.min_uses < min_uses) return true;
  const auto large = [](const KroneckerPart &f) { return f.is_identity || std::min(f.p, f.q) >= fit_for_blas; };
  return plan.min_uses < uses_for_packing && columns < 8 && std::all_of(plan.parts.begin(), plan.parts.end(), large) &&
         blas_has_kernels_for(vector_bytes);
}

} // namespace

template <class T>
std::optional<KroneckerPlan> plan_sweeps(std::span<const KroneckerFactor<T>> factors, Index columns) {
  KroneckerPlan plan;
  plan.parts = parts_of(factors);
  const bool empty = std::any_of(plan.parts.begin(), plan.parts.end(), [](auto &f) { return f.p == 0 || f.q == 0; });
  const Index lanes = sweep_lanes(T{});
  if (empty || columns == 0 || lanes == 1) return std::nullopt;
  const std::vector<std::size_t> order = order_of(plan.parts);
  SweepPlanner planner(plan.parts, columns, lanes, sizeof(T));
  for (std::span<const std::size_t> left = order; !left.empty();) {
    const auto sweep = planner.next(left);
    if (!sweep) return std::nullopt;
    Index &half = plan.sweeps.size() % 2 ? plan.second_half : plan.first_half;
    if (!left.empty()) half = std::max(half, planner.entries());
    plan.buffer = std::max(plan.buffer, 2 * sweep->buffer);
    plan.sweeps.push_back(*sweep);
    for (const auto &[part, outer, runs] : std::span(sweep->step).first(static_cast<std::size_t>(sweep->steps))) {
      const KroneckerPart &f = plan.parts[part];
      const Index of_a_column = sweep->slices * outer * runs * sweep->inner; // number of vectors
      plan.min_uses = std::min(plan.min_uses, columns * of_a_column);
      plan.flops += 2.0 * static_cast<double>(f.p * f.q) * static_cast<double>(of_a_column);
      plan.packed += round_up(f.p, lanes) * f.q;
    }
  }
  if (plan.sweeps.empty() || blas_is_better(plan, columns, lanes * static_cast<Index>(sizeof(T)))) return std::nullopt;
  return plan;
}

template std::optional<KroneckerPlan> plan_sweeps(std::span<const KroneckerFactor<float>>, Index);
template std::optional<KroneckerPlan> plan_sweeps(std::span<const KroneckerFactor<double>>, Index);

} // namespace kronvec::cpu

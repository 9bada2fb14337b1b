/// Joins the entrywise steps of a program to chains.

#include "calculus/program/chains.hpp"

#include <algorithm>

namespace kronvec::inline KRONVEC_ABI {
namespace {

/// How many steps back the search for a chain goes. The limit keeps the time linear in the number of steps.
constexpr std::size_t window = 64;

/// The steps of one stage, joined as they are added.
class Joiner {
public:
  /// `readers`: how often each slot is read, by all steps of the program and from outside.
  Joiner(std::vector<Slot> &slots, const std::vector<int> &readers) : slots_(slots), readers_(readers) {}

  void add(Step step) {
    const std::size_t at = step.opcode == Opcode::chain ? host_of(step) : steps_.size();
    if (at < steps_.size()) {
      join(steps_[at], step);
    } else {
      steps_.push_back(std::move(step));
    }
    for (const SlotId u : steps_[at].out)
      position_[u] = at;
  }

  std::vector<Step> finish() {
    for (Step &step : steps_)
      if (step.opcode == Opcode::chain) keep_results(step, read_elsewhere(step));
    std::erase_if(steps_, [](const Step &step) { return step.out.empty(); });
    return std::move(steps_);
  }

private:
  SlotId memory(SlotId u) const { return slots_[u].memory_of == no_slot ? u : slots_[u].memory_of; }

  /// The index of the step that this one can join, or the number of steps if there is none.
  std::size_t host_of(const Step &step) const {
    std::size_t earliest = 0; // the latest step that computes an operand of this one
    bool as_computed = true;  // whether this one reads that step's result as it is, not reshaped
    for (const SlotId u : step.in)
      if (const auto known = position_.find(memory(u)); known != position_.end()) {
        if (known->second > earliest) earliest = known->second, as_computed = true;
        if (known->second == earliest && u != memory(u)) as_computed = false;
      }
    const auto can_join = [&](std::size_t s) { return saves(steps_[s], step) && fits(steps_[s], step); };
    const std::size_t first = earliest + !as_computed, n = steps_.size();
    if (first < n && can_join(first)) return first;
    for (std::size_t s = std::max(first, n - std::min(n, window)); s < n; ++s)
      if (can_join(s)) return s;
    return n;
  }

  /// Whether both steps read the same matrix, or one reads what the other computes.
  bool saves(const Step &host, const Step &step) const {
    if (host.opcode != Opcode::chain || slots_[host.out[0]].shape != slots_[step.out[0]].shape) return false;
    return std::any_of(step.in.begin(), step.in.end(), [&](SlotId u) {
      return slots_[u].shape == slots_[step.out[0]].shape && (contains(host.in, u) || contains(host.out, u));
    });
  }

  bool fits(const Step &host, const Step &step) const {
    using ChainLimits = Chain<double>;
    Step joined = host;
    join(joined, step);
    return joined.in.size() <= ChainLimits::max_inputs && joined.links.size() <= ChainLimits::max_links &&
           read_elsewhere(joined).size() <= ChainLimits::max_outputs;
  }

  static bool contains(const std::vector<SlotId> &slots, SlotId u) {
    return std::find(slots.begin(), slots.end(), u) != slots.end();
  }
  static int index_in(const std::vector<SlotId> &slots, SlotId u) {
    return static_cast<int>(std::find(slots.begin(), slots.end(), u) - slots.begin());
  }

  /// Appends the link of `step` to the chain `host`. For now, every link's result is kept.
  static void join(Step &host, const Step &step) {
    const int inputs = static_cast<int>(host.in.size());
    for (const SlotId u : step.in)
      if (!contains(host.in, u) && !contains(host.out, u)) host.in.push_back(u);
    const int shift = static_cast<int>(host.in.size()) - inputs;
    const auto moved = [&](int reg) { return reg < inputs ? reg : reg + shift; };
    for (Link<double> &link : host.links)
      link.a = moved(link.a), link.b = moved(link.b);
    std::transform(host.results.begin(), host.results.end(), host.results.begin(), moved);
    const auto reg = [&](SlotId u) {
      return contains(host.in, u) ? index_in(host.in, u)
                                  : host.results[static_cast<std::size_t>(index_in(host.out, u))];
    };
    Link<double> link = step.links[0];
    link.a = reg(step.in.front()), link.b = reg(step.in.back());
    host.links.push_back(link);
    host.out.push_back(step.out[0]);
    host.results.push_back(static_cast<int>(host.in.size() + host.links.size()) - 1);
  }

  /// The results of a chain that are read outside of it.
  std::vector<std::size_t> read_elsewhere(const Step &chain) const {
    std::vector<int> read_inside(chain.in.size() + chain.links.size());
    for (const Link<double> &link : chain.links) {
      ++read_inside[static_cast<std::size_t>(link.a)];
      if (two_operands(link)) ++read_inside[static_cast<std::size_t>(link.b)];
    }
    std::vector<std::size_t> outer;
    for (std::size_t r = 0; r < chain.out.size(); ++r)
      if (readers_[static_cast<std::size_t>(chain.out[r])] > read_inside[static_cast<std::size_t>(chain.results[r])])
        outer.push_back(r);
    return outer;
  }

  void keep_results(Step &chain, const std::vector<std::size_t> &kept) {
    for (const SlotId u : chain.out)
      slots_[u].stored = false;
    std::vector<SlotId> out;
    std::vector<int> results;
    for (const std::size_t r : kept) {
      slots_[chain.out[r]].stored = true;
      out.push_back(chain.out[r]), results.push_back(chain.results[r]);
    }
    chain.out = std::move(out), chain.results = std::move(results);
  }

  static bool two_operands(const Link<double> &link) {
    return link.kind == Link<double>::Kind::add || link.kind == Link<double>::Kind::binary;
  }

  std::vector<Slot> &slots_;
  const std::vector<int> &readers_;
  std::vector<Step> steps_;
  std::unordered_map<SlotId, std::size_t> position_;
};

} // namespace

void join_chains(std::array<std::vector<Step>, stage_count> &steps, std::vector<Slot> &slots,
                 const std::vector<SlotId> &read_outside) {
  std::vector<int> readers(slots.size());
  const auto memory = [&](SlotId u) { return slots[u].memory_of == no_slot ? u : slots[u].memory_of; };
  const auto read = [&](SlotId u) { ++readers[static_cast<std::size_t>(memory(u))]; };
  for (const auto &stage : steps)
    for (const Step &step : stage)
      std::for_each(step.in.begin(), step.in.end(), read);
  std::for_each(read_outside.begin(), read_outside.end(), read);
  for (auto &stage : steps) {
    Joiner joiner(slots, readers);
    for (Step &step : stage)
      joiner.add(std::move(step));
    stage = joiner.finish();
  }
}

} // namespace kronvec

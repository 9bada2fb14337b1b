/// Places the slots of a program in memory.

#include "calculus/program/chains.hpp"
#include "calculus/program/program.hpp"
#include "core/readable.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace kronvec::inline KRONVEC_ABI {

void Program::allocate() {
  join_chains(steps_, slots_, read_outside_);
  allocate_arena();
  allocate_workspace(Stage::dense);
  allocate_workspace(Stage::forward);
  allocate_workspace(Stage::reverse);
}

void Program::allocate_arena() {
  Index &end = elements_[static_cast<int>(Stage::values)];
  for (Slot &slot : slots_)
    if (slot.stage <= Stage::values && slot.memory_of == no_slot && slot.stored) {
      slot.offset = end;
      end += aligned(slot.shape.size());
    }
  for (Slot &slot : slots_)
    if (slot.memory_of != no_slot) slot.offset = slots_[slot.memory_of].offset;
}

namespace {

/// A workspace with free stretches. It grows if no stretch is long enough.
class Stretches {
public:
  Index take(Index length) {
    const auto gap = std::find_if(gaps_.begin(), gaps_.end(), [&](const auto &g) { return g.second >= length; });
    if (gap == gaps_.end()) return std::exchange(end_, end_ + length);
    const auto [offset, room] = *gap;
    gaps_.erase(gap);
    if (room > length) gaps_[offset + length] = room - length;
    return offset;
  }
  void give_back(Index offset, Index length) {
    if (const auto next = gaps_.find(offset + length); next != gaps_.end()) {
      length += next->second;
      gaps_.erase(next);
    }
    const auto after = gaps_.lower_bound(offset);
    if (after != gaps_.begin())
      if (const auto before = std::prev(after); before->first + before->second == offset) {
        before->second += length;
        return;
      }
    gaps_[offset] = length;
  }
  Index end() const { return end_; }

private:
  std::map<Index, Index> gaps_; // offset -> length, below `end_`
  Index end_ = 0;
};

} // namespace

void Program::allocate_workspace(Stage stage) {
  const auto &steps = steps_[static_cast<int>(stage)];
  const auto here = [&](SlotId u) { return slots_[u].stage == stage && !slots_[memory(u)].input; };
  std::unordered_map<SlotId, std::size_t> last_use;
  for (std::size_t s = 0; s < steps.size(); ++s)
    for (const auto *slots : {&steps[s].out, &steps[s].in})
      for (const SlotId u : *slots)
        if (here(u)) last_use[memory(u)] = s;

  if (stage == Stage::dense)
    for (const SlotId u : dense_roots_)
      last_use[memory(u)] = steps.size(); // read after all steps are done

  Stretches stretches;
  for (std::size_t s = 0; s < steps.size(); ++s) {
    for (const SlotId u : steps[s].out)
      if (u != output(stage)) slots_[u].offset = stretches.take(aligned(slots_[u].shape.size()));
    for (const auto *slots : {&steps[s].out, &steps[s].in})
      for (const SlotId u : *slots)
        if (const auto last = last_use.find(memory(u)); last != last_use.end() && last->second == s) {
          if (memory(u) != output(stage))
            stretches.give_back(slots_[memory(u)].offset, aligned(slots_[memory(u)].shape.size()));
          last_use.erase(last); // an operand may occur twice
        }
  }
  elements_[static_cast<int>(stage)] = stretches.end();
  for (Slot &slot : slots_)
    if (slot.stage == stage && slot.memory_of != no_slot) slot.offset = slots_[slot.memory_of].offset;
}

namespace {

/// What a reader wrote that needs this node: a function whose definition contains the node (but no argument does), or
/// the node itself.
NodePtr as_written(const NodePtr &node, const NodePtr &root) {
  std::unordered_set<const Node *> above{node.get()};
  const auto is_above = [&](const NodePtr &other) { return above.contains(other.get()); };
  for (const NodePtr &next : topological_order(root)) {
    if (std::ranges::none_of(next->operands, is_above)) continue;
    const auto arguments = next->operands.begin() + 1;
    if (next->kind == Kind::named && std::none_of(arguments, next->operands.end(), is_above)) return next;
    above.insert(next.get());
  }
  return node;
}

/// The start of an expression's text.
std::string text_of(const NodePtr &node) { return first_bytes(to_string(Expression(node)), 60); }

} // namespace

NodePtr Program::written(SlotId u) const {
  for (const NodePtr &root : kept_)
    for (const NodePtr &node : topological_order(root))
      if (const auto known = by_node_.find(node.get()); known != by_node_.end() && known->second == u)
        return as_written(node, root);
  return nullptr;
}

std::string Program::text(SlotId u) const {
  const NodePtr node = written(u);
  return node ? text_of(node) : "an intermediate value";
}

std::string Program::largest(Stage stage) const {
  const bool arena = stage <= Stage::values;
  SlotId most = no_slot;
  for (SlotId u = 0; u < static_cast<SlotId>(slots_.size()); ++u) {
    const Slot &slot = slots_[u];
    const bool here = (arena ? slot.stage <= Stage::values : slot.stage == stage) && slot.stored && memory(u) == u;
    if (here && (most == no_slot || slot.shape.size() > slots_[most].shape.size())) most = u;
  }
  if (most == no_slot) return "nothing";
  if (const NodePtr node = written(most)) return text_of(node) + ", " + to_string(node->shape);
  return "an intermediate value, " + to_string(slots_[most].shape);
}

} // namespace kronvec

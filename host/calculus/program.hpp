#pragma once
/// A program: primitive steps over numbered slots, in order, built once and run at many points.
///
/// A step belongs to the earliest stage in which all that it reads is known. The results of `constants` and `values`
/// stay in memory (the arena of a point). `forward` and `reverse` steps work on k tangents or cotangents at once; their
/// slots lie in a workspace that is k times as large and in which slots that are done make room for later ones.

#include "calculus/node.hpp"
#include "devices/primitives.hpp"

#include <array>
#include <map>
#include <tuple>
#include <unordered_map>

namespace kronvec {

enum class Stage { constants, values, forward, reverse };
constexpr int stage_count = 4;

using SlotId = int;
constexpr SlotId no_slot = -1;

struct Slot {
  Shape shape;
  Stage stage;
  bool input = false;         ///< filled from outside: a symbol's value, or the seed of a stage
  SlotId memory_of = no_slot; ///< a reshaped slot lies in another's memory
  Index offset = 0;           ///< in elements; of batched stages, per tangent
};

enum class Opcode { fill, unit, data, copy, transpose, multiply, add, binary, elementwise, inner, inverse };

struct Step {
  Opcode opcode;
  SlotId out = no_slot, a = no_slot, b = no_slot;
  double alpha = 0, beta = 0;
  int variant = 0;                              ///< Binary, Function, or the two bits of multiply's transposes
  const std::vector<double> *entries = nullptr; ///< data: a constant's entries

  bool transpose_a() const { return variant & 1; }
  bool transpose_b() const { return variant & 2; }
};

class Program {
public:
  /// The slot that holds the value of an expression; adds the steps that compute it, once per node.
  SlotId value(const Expression &f);
  /// A matrix as an operand of `multiply`: (true, slot of U) for an expression Uᵀ, which is not formed.
  std::pair<bool, SlotId> factor(const Expression &f);
  /// A symbol's slot, or no_slot if no expression so far reads it.
  SlotId symbol(const Node *node) const;

  /// The seed of a batched stage: dX, or the cotangent of F.
  SlotId seed(Stage stage, Shape shape);
  SlotId copy(SlotId u);
  SlotId transpose(SlotId u);
  SlotId multiply(bool transpose_u, SlotId u, bool transpose_v, SlotId v);
  SlotId add(double alpha, SlotId u, double beta, SlotId v);
  SlotId scale(double alpha, SlotId u);
  SlotId binary(Binary op, SlotId u, SlotId v);
  SlotId elementwise(Function f, double exponent, SlotId u);
  SlotId inner(SlotId u, SlotId v);
  SlotId inverse(SlotId u);
  SlotId reshape(SlotId u, Shape shape);
  SlotId filled(double value, Shape shape);

  /// Ends a batched stage: its result is `root`, in a slot of its own (`output`), which the caller provides.
  void finish(Stage stage, SlotId root);
  SlotId output(Stage stage) const { return outputs_[static_cast<int>(stage)]; }

  /// Places every slot in memory; no steps can be added after it.
  void allocate();
  /// Elements of the arena (of `values`, which holds the constants too) or, per tangent, of a workspace.
  Index elements(Stage stage) const { return elements_[static_cast<int>(stage)]; }

  const std::vector<Slot> &slots() const { return slots_; }
  const std::vector<Step> &steps(Stage stage) const { return steps_[static_cast<int>(stage)]; }
  /// The slot whose memory `u` lies in.
  SlotId memory(SlotId u) const { return slots_[u].memory_of == no_slot ? u : slots_[u].memory_of; }

private:
  using Key = std::tuple<Opcode, SlotId, SlotId, int, double, double, Index, Index, int>;
  SlotId emit(Step step, Shape shape);
  SlotId slot_of(const Node &node);
  SlotId lower(const Node &node);
  void allocate_arena();
  void allocate_workspace(Stage stage);

  std::vector<Slot> slots_;
  std::array<std::vector<Step>, stage_count> steps_;
  std::array<SlotId, stage_count> outputs_{no_slot, no_slot, no_slot, no_slot};
  std::array<Index, stage_count> elements_{};
  std::unordered_map<const Node *, SlotId> by_node_;
  std::vector<NodePtr> kept_; // expressions whose nodes are keys of by_node_
  std::map<Key, SlotId> known_;
};

} // namespace kronvec

#pragma once
/// A program: primitive steps over numbered slots, in order, built once and run at many points.
///
/// A step belongs to the earliest stage in which all that it reads is known. The results of `constants` and `values`
/// stay in memory (the arena of a point). `dense` steps make what a dense Jacobian is written from, when one is asked
/// for. `forward` and `reverse` steps work on k tangents or cotangents at once. Slots of these three lie in a workspace
/// (that is k times as large), in which slots that are done make room for later ones.

#include "calculus/node.hpp"
#include "devices/primitives.hpp"

#include <array>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>

namespace kronvec {

enum class Stage { constants, values, dense, forward, reverse };
constexpr int stage_count = 5;

namespace detail {
struct JacobianPlan; // host/calculus/jacobian_plan.hpp
}

using SlotId = int;
constexpr SlotId no_slot = -1;

struct Slot {
  Shape shape;
  Stage stage;
  bool input = false;         ///< filled from outside: a symbol's value, or the seed of a stage
  bool stored = true;         ///< false: lives inside a chain alone, and has no memory
  SlotId memory_of = no_slot; ///< a reshaped slot lies in another's memory
  Index offset = 0;           ///< in elements; of batched stages, per tangent
};

enum class Opcode {
  fill,
  unit,
  data,
  copy,
  extract,
  embed,
  transpose,
  permute,
  vech,
  unvech,
  multiply,
  chain,
  inner,
  column_max,
  inverse,
  lu,
  lu_solve,
  determinant,
  adjugate,
  cholesky,
  expm,
  emit,
  jacobian,
};

struct Step {
  Opcode opcode;
  std::vector<SlotId> in = {}, out = {};
  double alpha = 0;                             ///< fill: the value; multiply: the factor
  int variant = 0;                              ///< multiply: two bits, lu_solve: one, for transposes; lu: regular;
                                                ///< determinant: its logarithm
  const std::vector<double> *entries = nullptr; ///< data: a constant's entries
  /// chain: registers are those of Chain, over `in`; `out` belongs to the registers of `results`.
  std::vector<Link<double>> links = {};
  std::vector<int> results = {};
  Window window = {};                                         ///< extract: of the operand; embed: of the result
  Middle middle = {};                                         ///< permute
  std::shared_ptr<const Emission> emission = nullptr;         ///< emit: its buffers are `in`
  std::shared_ptr<const detail::JacobianPlan> plan = nullptr; ///< jacobian: of one variable, whose value is `in`

  bool transpose_a() const { return variant & 1; }
  bool transpose_b() const { return variant & 2; }
};

class Program {
public:
  /// The slot that holds the value of an expression; adds the steps that compute it, once per node.
  SlotId value(const Expression &f);
  /// A symbol's slot, or no_slot if no expression so far reads it.
  SlotId symbol(const Node *node) const;

  /// Makes a symbol the seed of a batched stage: dX, or the cotangent of F.
  void seed(Stage stage, const Expression &symbol);
  SlotId copy(SlotId u);
  SlotId transpose(SlotId u);
  SlotId multiply(bool transpose_u, SlotId u, bool transpose_v, SlotId v);
  /// α·U + β in every entry.
  SlotId affine(double alpha, SlotId u, double beta);
  SlotId add(double alpha, SlotId u, double beta, SlotId v);
  SlotId scale(double alpha, SlotId u);
  SlotId binary(Binary op, SlotId u, SlotId v);
  SlotId elementwise(Function f, double exponent, SlotId u);
  SlotId inner(SlotId u, SlotId v);
  SlotId inverse(SlotId u);
  /// The LU factors of U; `regular` where a singular U is an error.
  SlotId lu(SlotId u, bool regular);
  SlotId extract(SlotId u, Window window, Shape shape);
  SlotId embed(SlotId u, Window window, Shape shape);
  SlotId permute(SlotId u, Middle middle, Shape shape);
  SlotId reshape(SlotId u, Shape shape);
  SlotId filled(double value, Shape shape);

  /// What is added from here on runs when a dense Jacobian is asked for, at the earliest.
  void begin_dense() { earliest_ = Stage::dense; }
  /// The column that an emission of one column gives; its factors name slots as their buffers.
  SlotId emission(Emission emission);
  /// The Jacobian of a plan where its one variable has the value of slot u.
  SlotId jacobian(std::shared_ptr<const detail::JacobianPlan> plan, Shape shape, SlotId u);
  /// Drops every dense step that nothing in `roots` depends on; those slots are read from outside.
  void end_dense(const std::vector<SlotId> &roots);

  /// The slot is read from outside: no chain may keep it to itself.
  void keep(SlotId u) { read_outside_.push_back(u); }
  /// Ends a batched stage: its result is `root`, in a slot of its own (`output`), which the caller provides.
  void finish(Stage stage, SlotId root);
  SlotId output(Stage stage) const { return outputs_[static_cast<int>(stage)]; }

  /// Joins entrywise steps to chains and places every slot in memory; no steps can be added after it.
  void allocate();
  /// Elements of the arena (of `values`, which holds the constants too) or, per tangent, of a workspace.
  Index elements(Stage stage) const { return elements_[static_cast<int>(stage)]; }

  const std::vector<Slot> &slots() const { return slots_; }
  const std::vector<Step> &steps(Stage stage) const { return steps_[static_cast<int>(stage)]; }
  /// The slot whose memory `u` lies in.
  SlotId memory(SlotId u) const { return slots_[u].memory_of == no_slot ? u : slots_[u].memory_of; }

private:
  SlotId emit(Step step, Shape shape);
  SlotId link(const Link<double> &link, std::vector<SlotId> in);
  SlotId slot_of(const Node &node);
  SlotId lower(const Node &node);
  /// The value of a slot that is one number, known now.
  std::optional<double> number(SlotId u) const;
  void drop_unused(std::vector<Step> &steps, const std::vector<SlotId> &roots) const;
  void allocate_arena();
  void allocate_workspace(Stage stage);

  using Key = std::tuple<Opcode, std::vector<SlotId>, double, int, Index, Index, int, Link<double>::Kind, Binary,
                         Function, double, double, std::array<Index, 5>>;
  std::vector<Slot> slots_;
  std::array<std::vector<Step>, stage_count> steps_;
  std::array<SlotId, stage_count> outputs_{no_slot, no_slot, no_slot, no_slot, no_slot};
  std::array<Index, stage_count> elements_{};
  std::unordered_map<const Node *, SlotId> by_node_;
  std::vector<NodePtr> kept_; // expressions whose nodes are keys of by_node_
  std::map<Key, SlotId> known_;
  std::map<SlotId, double> numbers_;
  std::map<std::vector<Index>, SlotId> emissions_; // by all that tells those of one column apart
  std::vector<SlotId> read_outside_, dense_roots_;
  Stage earliest_ = Stage::constants;
};

/// Elements up to the next boundary of 64 bytes in both precisions, on which slots begin.
constexpr Index aligned(Index elements) { return (elements + 15) / 16 * 16; }

/// Numbers the buffers of an emission whose factors name slots; the slots in this order.
std::vector<SlotId> number_buffers(Emission &emission);

} // namespace kronvec

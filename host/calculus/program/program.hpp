#pragma once
/// A program: primitive steps over numbered slots, in order, built once and run at many points.
///
/// A step belongs to the earliest stage in which all its operands are known. The results of `constants` and `values`
/// stay in memory (the arena of a point). `dense` steps compute the arrays that a dense Jacobian is written from, on
/// request. `forward` and `reverse` steps work on k tangents or cotangents at once. Slots of these three stages lie in
/// a workspace (k times as large for k tangents), in which later slots reuse the memory of slots that are done.

#include "calculus/expression/node.hpp"
#include "devices/primitives.hpp"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>

namespace kronvec::inline KRONVEC_ABI {

enum class Stage { constants, values, dense, forward, reverse };
constexpr int stage_count = 5;

class LocalJacobian; // local_jacobian.hpp

using SlotId = int;
constexpr SlotId no_slot = -1;

struct Slot {
  Shape shape;
  Stage stage;
  bool input = false;         ///< filled from outside: a symbol's value, or the seed of a stage
  bool stored = true;         ///< false: exists only inside a chain and has no memory
  SlotId memory_of = no_slot; ///< a reshaped slot shares the memory of this slot
  Index offset = 0;           ///< in elements; in batched stages, per tangent
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
  norm2,
  column_shift,
  inverse,
  lu,
  lu_solve,
  determinant,
  adjugate,
  adjugate_factors,
  cholesky,
  expm,
  emit,
  jacobian,
};

struct Step {
  Opcode opcode;
  std::vector<SlotId> in = {}, out = {};
  double alpha = 0; ///< fill: the value; multiply: the factor
  int variant = 0;  ///< multiply: two bits, and lu_solve: one bit, for transposed operands; lu: whether a singular
                    ///< operand is an error; determinant: the Determinant
  const std::vector<double> *entries = nullptr; ///< data: a constant's entries
  /// chain: registers are numbered as in Chain, `in` first; `out` holds the registers named by `results`.
  std::vector<Link<double>> links = {};
  std::vector<int> results = {};
  Window window = {};                                   ///< extract: of the operand; embed: of the result
  MiddleCommutation middle = {};                        ///< permute
  std::shared_ptr<const Emission> emission = nullptr;   ///< emit: `in` are its buffers
  std::shared_ptr<const LocalJacobian> local = nullptr; ///< jacobian: of the value `in`

  bool transpose_a() const { return variant & 1; }
  bool transpose_b() const { return variant & 2; }
};

class Program {
public:
  /// The slot that holds the value of an expression. Adds the steps that compute it, once per node.
  SlotId value(const Expression &f);
  /// A symbol's slot, or no_slot if no expression so far uses the symbol.
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
  /// The LU factors of U; if `regular`, a singular U is an error.
  SlotId lu(SlotId u, bool regular);
  SlotId determinant(Determinant form, SlotId u);
  SlotId extract(SlotId u, Window window, Shape shape);
  SlotId embed(SlotId u, Window window, Shape shape);
  SlotId permute(SlotId u, MiddleCommutation middle, Shape shape);
  SlotId reshape(SlotId u, Shape shape);
  SlotId filled(double value, Shape shape);

  /// Steps added from here on run at the earliest when a dense Jacobian is requested.
  void begin_dense() { earliest_ = Stage::dense; }
  /// The column that an emission of one column writes. The buffers of its factors are slots.
  SlotId emission(Emission emission);
  /// A local Jacobian at the value of slot u.
  SlotId jacobian(std::shared_ptr<const LocalJacobian> local, Shape shape, SlotId u);
  /// Drops every dense step that no slot in `roots` depends on. The roots are read from outside.
  void end_dense(const std::vector<SlotId> &roots);

  /// Marks a slot as read from outside: a chain must store it.
  void keep(SlotId u) { read_outside_.push_back(u); }
  /// Ends a batched stage. Its result `root` goes to a slot of its own (`output`), whose memory the caller provides.
  void finish(Stage stage, SlotId root);
  SlotId output(Stage stage) const { return outputs_[static_cast<int>(stage)]; }

  /// Joins entrywise steps to chains and assigns memory to every slot. No steps can be added afterwards.
  void allocate();
  /// Elements of the arena (stage `values`, constants included) or, per tangent, of a workspace.
  Index elements(Stage stage) const { return elements_[static_cast<int>(stage)]; }
  /// The subexpression with the largest value in a stage (in the arena, for `constants` and `values`), and its shape.
  std::string largest(Stage stage) const;
  /// The subexpression whose value a slot holds, as text.
  std::string text(SlotId u) const;

  const std::vector<Slot> &slots() const { return slots_; }
  const std::vector<Step> &steps(Stage stage) const { return steps_[static_cast<int>(stage)]; }
  /// The slot that owns the memory of `u`.
  SlotId memory(SlotId u) const { return slots_[u].memory_of == no_slot ? u : slots_[u].memory_of; }

private:
  /// What a reader wrote that needs the value of this slot, or null.
  NodePtr written(SlotId u) const;
  SlotId emit(Step step, Shape shape);
  SlotId link(const Link<double> &link, std::vector<SlotId> in);
  SlotId slot_of(const Node &node);
  SlotId lower(const Node &node);
  /// The value of a slot that is a number known at build time.
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
  std::vector<NodePtr> kept_; // keeps alive the nodes that are keys of by_node_
  std::map<Key, SlotId> known_;
  std::map<SlotId, double> numbers_;
  std::map<std::vector<Index>, SlotId> emissions_; // by everything that identifies an emission of one column
  std::vector<SlotId> read_outside_, dense_roots_;
  Stage earliest_ = Stage::constants;
};

/// Elements, rounded up to a multiple of 64 bytes in both precisions; slots begin at such boundaries.
constexpr Index aligned(Index elements) { return (elements + 15) / 16 * 16; }

/// Replaces the slots that an emission's factors name by buffer numbers. Returns the slots in the order of the numbers.
std::vector<SlotId> number_buffers(Emission &emission);

} // namespace kronvec

#pragma once
/// The differential of an expression: a linear map of dX, as a DAG of linear nodes.
///
/// The operators below build it so that a rule of the ledger reads as it is written: d(UV) = dU·V + U·dV. They accept
/// the zero differential of a constant and pass it on. Each linear node has its readings in one place (linear.cpp):
/// `lower`, which adds the primitive steps of Y = L(dU) to a program (apply: JVP), and `transposed`, the differential
/// of the cotangents, Lᵀ(Ȳ) (transpose: VJP).

#include "calculus/program.hpp"

namespace kronvec {

struct LinearNode;
using LinearPtr = std::shared_ptr<const LinearNode>;

/// A linear function of the seed, of a fixed shape; zero if it has no node.
class Differential {
public:
  explicit Differential(Shape shape, LinearPtr node = nullptr) : shape_(shape), node_(std::move(node)) {}
  Shape shape() const { return shape_; }
  bool is_zero() const { return !node_; }
  const LinearPtr &node() const { return node_; }

private:
  Shape shape_;
  LinearPtr node_;
};

struct LinearNode {
  Shape shape;
  std::vector<LinearPtr> operands;

  LinearNode(Shape s, std::vector<LinearPtr> us) : shape(s), operands(std::move(us)) {}
  LinearNode(const LinearNode &) = delete;
  LinearNode &operator=(const LinearNode &) = delete;
  virtual ~LinearNode();
  /// The slot of this node, given those of its operands.
  virtual SlotId lower(Program &program, const std::vector<SlotId> &operands) const = 0;
  /// What this node's cotangent adds to the cotangent of each operand.
  virtual std::vector<Differential> transposed(const Differential &cotangent) const = 0;
};

/// The differential of the variable itself; in the transposed DAG, the cotangent of F.
Differential seed(Shape shape);

Differential operator+(const Differential &du, const Differential &dv);
Differential operator-(const Differential &du, const Differential &dv);
Differential operator*(double alpha, const Differential &du);
/// A·dU.
Differential operator*(const Expression &a, const Differential &du);
/// dU·B.
Differential operator*(const Differential &du, const Expression &b);
/// D ⊙ dU, where either may be a scalar that broadcasts.
Differential hadamard(const Expression &d, const Differential &du);
/// dU if it has this shape; a scalar's dt becomes dt·ones.
Differential broadcast(const Differential &du, Shape shape);
/// ⟨G, dU⟩ = tr(GᵀdU), 1×1.
Differential inner(const Expression &g, const Differential &du);
Differential transpose(const Differential &du);
/// The matrix of this shape with the vec of dU.
Differential reshape(const Differential &du, Shape shape);

/// dF as a function of dX. Every node's rule is applied once, however many paths lead to it.
Differential differential(const Expression &f, const Symbol &x);

/// Lᵀ: a function of the cotangent of F (a seed of the shape of `df`), of shape `seed_shape`.
Differential transposed(const Differential &df, Shape seed_shape);

/// Adds the steps that compute `df` from the seed to a stage of the program, and ends the stage.
void lower(Program &program, Stage stage, const Differential &df, Shape seed_shape);

} // namespace kronvec

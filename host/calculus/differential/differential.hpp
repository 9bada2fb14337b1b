#pragma once
/// The differential of an expression: a linear map of dX, as a DAG of linear nodes.
///
/// The operators below build it so that the code of a rule reads like the ledger: d(UV) = dU·V + U·dV. They accept the
/// zero differential of a constant and propagate it. Each linear node has its readings in one place (linear.cpp):
/// `applied`, the expression Y = L(U) (a JVP if U is the tangent); `transposed`, the differential of the cotangents,
/// Lᵀ(Ȳ) (applied to a cotangent it is a VJP, and the gradient); and `terms`, from which the dense Jacobian is written.

#include "calculus/expression/node.hpp"

#include <span>
#include <unordered_map>

namespace kronvec::inline KRONVEC_ABI {

struct LinearNode;
struct Term;       // host/calculus/terms/term.hpp
class TermBuilder; // host/calculus/terms/term_builder.hpp
using LinearPtr = std::shared_ptr<const LinearNode>;

/// A linear function of the seed, with a fixed shape. It is zero if it has no node.
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
  /// L, applied to the operands' values.
  virtual Expression applied(const std::vector<Expression> &operands) const = 0;
  /// The matrices of L by the vec of each operand: {M, N} if vec L(U, V) = M·vec U + N·vec V.
  virtual std::vector<Expression> matrices() const = 0;
  /// What this node's cotangent adds to the cotangent of each operand.
  virtual std::vector<Differential> transposed(const Differential &cotangent) const = 0;
  /// The terms of its Jacobian with respect to the seed, from the terms of its operands. Throws NoTerms if there are
  /// none.
  virtual std::vector<Term> terms(std::vector<std::vector<Term>> operands, TermBuilder &builder) const = 0;
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
/// The matrix of this shape with the same vec as dU.
Differential reshape(const Differential &du, Shape shape);
/// `extract`: the window of dU, with this shape. `embed`: the matrix of this shape that holds dU in the window and
/// zeros elsewhere.
Differential extract(const Differential &du, Window window, Shape shape);
Differential embed(const Differential &du, Window window, Shape shape);
/// The matrix of this shape whose vec is (I ⊗ K[m,n] ⊗ I) vec dU.
Differential permute(const Differential &du, MiddleCommutation middle, Shape shape);
/// A⁻¹·dU.
Differential solve(const Expression &a, const Differential &du);
/// The derivative of the matrix exponential at A, in the direction of dU.
Differential expm_derivative(const Expression &a, const Differential &du);
/// The derivative of adj at A, in the direction of dU.
Differential adjugate_derivative(const Expression &a, const Differential &du);
/// `vech`: vech dU. `unvech`: the lower triangular matrix whose vech is dU.
Differential vech(const Differential &du);
Differential unvech(const Differential &du);

/// U ⊗ dV and dU ⊗ V.
Differential kron(const Expression &u, const Differential &dv);
Differential kron(const Differential &du, const Expression &v);

/// The differential of one node, given those of its operands.
Differential rule(const NodePtr &node, const std::vector<Differential> &operands);

/// A set of rules: which operands a node's differential depends on, and the rule that combines their differentials.
struct Rules {
  std::span<const NodePtr> (*operands)(const Node &node);
  Differential (*rule)(const NodePtr &node, const std::vector<Differential> &operands);
};
/// The rules for evaluation: `rule`, over all operands.
extern const Rules evaluation_rules;

/// dF, given the differentials of some parts of F. Each node's rule is applied once, even if several paths lead to the
/// node.
using Differentials = std::vector<std::pair<Expression, Differential>>;
Differential differential(const Expression &f, const Differentials &variables, const Rules &rules = evaluation_rules);

/// Lᵀ: a linear function of the cotangent of F (a seed of the shape of `df`). Its shape is `seed_shape`.
Differential transposed(const Differential &df, Shape seed_shape);

/// The value of a differential when the seed is U, as an expression.
Expression applied(const Differential &df, const Expression &u);
/// The same for several seeds, each with its value.
Expression applied(const Differential &df, const std::unordered_map<const LinearNode *, Expression> &seeds);
/// The matrix of a differential with respect to the vec of its only seed.
Expression matrix_of(const Differential &df, Shape seed_shape);
/// The terms of a differential. Throws NoTerms if it has none.
std::vector<Term> terms_of(const Differential &df, TermBuilder &builder);

} // namespace kronvec

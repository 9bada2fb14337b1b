/// The linear nodes, each with its readings in one place. Adjoints are with respect to ⟨A, B⟩ = tr(AᵀB).

#include "calculus/differential.hpp"

namespace kronvec {

LinearNode::~LinearNode() { release_operands(std::move(operands)); }

namespace {

template <class Node, class... Args> Differential make(Shape shape, Args &&...args) {
  return Differential(shape, std::make_shared<const Node>(shape, std::forward<Args>(args)...));
}

/// dX.
struct Seed : LinearNode {
  explicit Seed(Shape s) : LinearNode(s, {}) {}
  SlotId lower(Program &, const std::vector<SlotId> &) const override { return no_slot; } // the stage's own slot
  std::vector<Differential> transposed(const Differential &) const override { return {}; }
};

/// α·dU + β·dV, or α·dU alone. Adjoint: Ȳ ↦ αȲ, βȲ.
struct Combination : LinearNode {
  double alpha, beta;
  Combination(Shape s, double a, const LinearPtr &u) : LinearNode(s, {u}), alpha(a), beta(0) {}
  Combination(Shape s, double a, const LinearPtr &u, double b, const LinearPtr &v)
      : LinearNode(s, {u, v}), alpha(a), beta(b) {}
  SlotId lower(Program &p, const std::vector<SlotId> &u) const override {
    return u.size() == 1 ? p.scale(alpha, u[0]) : p.add(alpha, u[0], beta, u[1]);
  }
  std::vector<Differential> transposed(const Differential &y) const override {
    if (operands.size() == 1) return {alpha * y};
    return {alpha * y, beta * y};
  }
};

/// A·dU = (I ⊗ A) vec dU. Adjoint: Ȳ ↦ Aᵀ·Ȳ.
struct LeftMultiply : LinearNode {
  Expression a;
  LeftMultiply(Shape s, const Expression &matrix, const LinearPtr &u) : LinearNode(s, {u}), a(matrix) {}
  SlotId lower(Program &p, const std::vector<SlotId> &u) const override {
    const auto [flip, matrix] = p.factor(a);
    return p.multiply(flip, matrix, false, u[0]);
  }
  std::vector<Differential> transposed(const Differential &y) const override { return {transpose(a) * y}; }
};

/// dU·B = (Bᵀ ⊗ I) vec dU. Adjoint: Ȳ ↦ Ȳ·Bᵀ.
struct RightMultiply : LinearNode {
  Expression b;
  RightMultiply(Shape s, const LinearPtr &u, const Expression &matrix) : LinearNode(s, {u}), b(matrix) {}
  SlotId lower(Program &p, const std::vector<SlotId> &u) const override {
    const auto [flip, matrix] = p.factor(b);
    return p.multiply(false, u[0], flip, matrix);
  }
  std::vector<Differential> transposed(const Differential &y) const override { return {y * transpose(b)}; }
};

/// D ⊙ dU = Diag(vec D) vec dU, D of dU's shape or a scalar. Adjoint: itself.
struct Hadamard : LinearNode {
  Expression d;
  Hadamard(Shape s, const Expression &factor, const LinearPtr &u) : LinearNode(s, {u}), d(factor) {}
  SlotId lower(Program &p, const std::vector<SlotId> &u) const override {
    return p.binary(Binary::multiply, p.value(d), u[0]);
  }
  std::vector<Differential> transposed(const Differential &y) const override { return {hadamard(d, y)}; }
};

/// dt·M = vec(M) dt for a scalar t. Adjoint: Ȳ ↦ ⟨M, Ȳ⟩.
struct Outer : LinearNode {
  Expression m;
  Outer(Shape s, const Expression &matrix, const LinearPtr &t) : LinearNode(s, {t}), m(matrix) {}
  SlotId lower(Program &p, const std::vector<SlotId> &t) const override {
    return p.binary(Binary::multiply, p.value(m), t[0]);
  }
  std::vector<Differential> transposed(const Differential &y) const override { return {inner(m, y)}; }
};

/// ⟨G, dU⟩ = vec(G)ᵀ vec dU. Adjoint: t̄ ↦ t̄·G.
struct Inner : LinearNode {
  Expression g;
  Inner(Shape s, const Expression &gradient, const LinearPtr &u) : LinearNode(s, {u}), g(gradient) {}
  SlotId lower(Program &p, const std::vector<SlotId> &u) const override { return p.inner(p.value(g), u[0]); }
  std::vector<Differential> transposed(const Differential &t) const override { return {hadamard(g, t)}; }
};

/// (dU)ᵀ = K vec dU. Adjoint: the transpose.
struct Transpose : LinearNode {
  Transpose(Shape s, const LinearPtr &u) : LinearNode(s, {u}) {}
  SlotId lower(Program &p, const std::vector<SlotId> &u) const override { return p.transpose(u[0]); }
  std::vector<Differential> transposed(const Differential &y) const override { return {transpose(y)}; }
};

/// The same vec in another shape. Adjoint: back to the shape of dU.
struct Reshape : LinearNode {
  Reshape(Shape s, const LinearPtr &u) : LinearNode(s, {u}) {}
  SlotId lower(Program &p, const std::vector<SlotId> &u) const override { return p.reshape(u[0], shape); }
  std::vector<Differential> transposed(const Differential &y) const override {
    return {reshape(y, operands[0]->shape)};
  }
};

constexpr Shape scalar{1, 1};

Differential combination(double alpha, const Differential &du, double beta, const Differential &dv) {
  if (du.is_zero()) return beta * dv;
  if (dv.is_zero()) return alpha * du;
  return make<Combination>(du.shape(), alpha, du.node(), beta, dv.node());
}

} // namespace

Differential seed(Shape shape) { return make<Seed>(shape); }

Differential operator+(const Differential &du, const Differential &dv) { return combination(1, du, 1, dv); }
Differential operator-(const Differential &du, const Differential &dv) { return combination(1, du, -1, dv); }

Differential operator*(double alpha, const Differential &du) {
  if (alpha == 1 || du.is_zero()) return du;
  return make<Combination>(du.shape(), alpha, du.node());
}

Differential operator*(const Expression &a, const Differential &du) {
  const Shape shape{a.rows(), du.shape().cols};
  return du.is_zero() ? Differential(shape) : make<LeftMultiply>(shape, a, du.node());
}

Differential operator*(const Differential &du, const Expression &b) {
  const Shape shape{du.shape().rows, b.cols()};
  return du.is_zero() ? Differential(shape) : make<RightMultiply>(shape, du.node(), b);
}

Differential hadamard(const Expression &d, const Differential &du) {
  const bool grows = du.shape() == scalar && !d.is_scalar();
  const Shape shape = grows ? d.shape() : du.shape();
  if (du.is_zero()) return Differential(shape);
  if (d.node()->kind == Kind::number) return d.node()->alpha * du;
  return grows ? make<Outer>(shape, d, du.node()) : make<Hadamard>(shape, d, du.node());
}

Differential broadcast(const Differential &du, Shape shape) {
  return du.shape() == shape ? du : hadamard(ones(shape.rows, shape.cols), du);
}

Differential inner(const Expression &g, const Differential &du) {
  if (du.shape() == scalar) return hadamard(g, du);
  return du.is_zero() ? Differential(scalar) : make<Inner>(scalar, g, du.node());
}

Differential transpose(const Differential &du) {
  const Shape shape{du.shape().cols, du.shape().rows};
  return du.is_zero() ? Differential(shape) : make<Transpose>(shape, du.node());
}

Differential reshape(const Differential &du, Shape shape) {
  if (shape == du.shape()) return du;
  return du.is_zero() ? Differential(shape) : make<Reshape>(shape, du.node());
}

namespace {

bool is_seed(const LinearPtr &node) { return node->operands.empty(); }

} // namespace

Differential transposed(const Differential &df, Shape seed_shape) {
  Differential result(seed_shape);
  if (df.is_zero()) return result;
  std::unordered_map<const LinearNode *, Differential> cotangents;
  const auto order = topological_order(df.node());
  cotangents.emplace(df.node().get(), seed(df.shape()));
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    const Differential cotangent = cotangents.at(node->get());
    if (is_seed(*node)) result = cotangent;
    const auto parts = (*node)->transposed(cotangent);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto [entry, first] = cotangents.try_emplace((*node)->operands[i].get(), parts[i]);
      if (!first) entry->second = entry->second + parts[i];
    }
  }
  return result;
}

void lower(Program &program, Stage stage, const Differential &df, Shape seed_shape) {
  if (df.is_zero()) return;
  std::unordered_map<const LinearNode *, SlotId> slots;
  const SlotId input = program.seed(stage, seed_shape);
  for (const LinearPtr &node : topological_order(df.node())) {
    std::vector<SlotId> operands;
    for (const LinearPtr &operand : node->operands)
      operands.push_back(slots.at(operand.get()));
    slots[node.get()] = is_seed(node) ? input : node->lower(program, operands);
  }
  program.finish(stage, slots.at(df.node().get()));
}

} // namespace kronvec

/// The linear nodes, each with its readings in one place. Adjoints are with respect to ⟨A, B⟩ = tr(AᵀB).

#include "calculus/differential/differential.hpp"
#include "calculus/terms/term_builder.hpp"

namespace kronvec::inline KRONVEC_ABI {

LinearNode::~LinearNode() { release_operands(std::move(operands)); }

namespace {

/// A differential without entries is zero.
template <class Node, class... Args> Differential make(Shape shape, Args &&...args) {
  if (shape.size() == 0) return Differential(shape);
  return Differential(shape, std::make_shared<const Node>(shape, std::forward<Args>(args)...));
}

/// A ⊗ B; an identity of size 1 is left out.
Expression kronecker(const Expression &a, const Expression &b) {
  const auto is_one = [](const Expression &u) { return u.is_scalar() && u.node()->kind == Kind::eye; };
  return is_one(a) ? b : is_one(b) ? a : kron(a, b);
}

/// The matrix that puts the vec of a part into the window of the vec of a whole: E ⊗ E, where each E = 0 ⊕ I ⊕ 0 pads
/// with zero rows, or with zero columns; for a diagonal window, I ∗ I.
Expression window_matrix(Window window, Shape part, Shape whole) {
  if (window.step == whole.rows + 1) return khatri_rao(eye(part.cols), eye(part.cols));
  if (window.step != whole.rows) throw Error("a window that is no block has no printed form");
  const auto [row, col] = window.first(part, whole);
  return kronecker(among_zeros(col, part.cols, whole.cols - col - part.cols),
                   among_zeros(row, part.rows, whole.rows - row - part.rows));
}

/// dX.
struct Seed : LinearNode {
  explicit Seed(Shape s) : LinearNode(s, {}) {}
  Expression applied(const std::vector<Expression> &) const override { return zeros(0, 0); } // see `kronvec::applied`
  std::vector<Expression> matrices() const override { return {}; }
  std::vector<Differential> transposed(const Differential &) const override { return {}; }
  Terms terms(std::vector<Terms>, TermBuilder &) const override { return TermBuilder::seed(shape); }
};

/// α·dU + β·dV, or α·dU alone. Adjoint: Ȳ ↦ αȲ, βȲ.
struct Combination : LinearNode {
  double alpha, beta;
  Combination(Shape s, double a, const LinearPtr &u) : LinearNode(s, {u}), alpha(a), beta(0) {}
  Combination(Shape s, double a, const LinearPtr &u, double b, const LinearPtr &v)
      : LinearNode(s, {u, v}), alpha(a), beta(b) {}
  Expression applied(const std::vector<Expression> &u) const override {
    return u.size() == 1 ? alpha * u[0] : kronvec::combination(alpha, u[0], beta, u[1]);
  }
  std::vector<Expression> matrices() const override {
    const Expression i = eye(shape.size());
    if (operands.size() == 1) return {alpha * i};
    return {alpha * i, beta * i};
  }
  std::vector<Differential> transposed(const Differential &y) const override {
    if (operands.size() == 1) return {alpha * y};
    return {alpha * y, beta * y};
  }
  Terms terms(std::vector<Terms> u, TermBuilder &) const override {
    return u.size() == 1 ? TermBuilder::scale(alpha, std::move(u[0]))
                         : TermBuilder::combination(alpha, std::move(u[0]), beta, std::move(u[1]));
  }
};

/// A·dU = (I ⊗ A) vec dU. Adjoint: Ȳ ↦ Aᵀ·Ȳ.
struct LeftMultiply : LinearNode {
  Expression a;
  LeftMultiply(Shape s, const Expression &matrix, const LinearPtr &u) : LinearNode(s, {u}), a(matrix) {}
  Expression applied(const std::vector<Expression> &u) const override { return a * u[0]; }
  std::vector<Expression> matrices() const override { return {kronecker(eye(shape.cols), a)}; }
  std::vector<Differential> transposed(const Differential &y) const override { return {transpose(a) * y}; }
  Terms terms(std::vector<Terms> u, TermBuilder &b) const override { return b.left_multiply(a, std::move(u[0])); }
};

/// dU·B = (Bᵀ ⊗ I) vec dU. Adjoint: Ȳ ↦ Ȳ·Bᵀ.
struct RightMultiply : LinearNode {
  Expression b;
  RightMultiply(Shape s, const LinearPtr &u, const Expression &matrix) : LinearNode(s, {u}), b(matrix) {}
  Expression applied(const std::vector<Expression> &u) const override { return u[0] * b; }
  std::vector<Expression> matrices() const override { return {kronecker(transpose(b), eye(shape.rows))}; }
  std::vector<Differential> transposed(const Differential &y) const override { return {y * transpose(b)}; }
  Terms terms(std::vector<Terms> u, TermBuilder &builder) const override {
    return builder.right_multiply(std::move(u[0]), b);
  }
};

/// D ⊙ dU = Diag(vec D) vec dU, D of dU's shape or a scalar. Adjoint: itself.
struct Hadamard : LinearNode {
  Expression d;
  Hadamard(Shape s, const Expression &factor, const LinearPtr &u) : LinearNode(s, {u}), d(factor) {}
  Expression applied(const std::vector<Expression> &u) const override { return kronvec::hadamard(d, u[0]); }
  std::vector<Expression> matrices() const override {
    if (shape.size() == 1) return {d};
    return {d.is_scalar() ? kronvec::hadamard(d, eye(shape.size())) : diag(vec(d))};
  }
  std::vector<Differential> transposed(const Differential &y) const override { return {hadamard(d, y)}; }
  Terms terms(std::vector<Terms> u, TermBuilder &b) const override { return b.hadamard(d, std::move(u[0])); }
};

/// dt·M = vec(M) dt for a scalar t. Adjoint: Ȳ ↦ ⟨M, Ȳ⟩.
struct Outer : LinearNode {
  Expression m;
  Outer(Shape s, const Expression &matrix, const LinearPtr &t) : LinearNode(s, {t}), m(matrix) {}
  Expression applied(const std::vector<Expression> &t) const override { return kronvec::hadamard(m, t[0]); }
  std::vector<Expression> matrices() const override { return {vec(m)}; }
  std::vector<Differential> transposed(const Differential &y) const override { return {inner(m, y)}; }
  Terms terms(std::vector<Terms> t, TermBuilder &b) const override { return b.outer(m, std::move(t[0])); }
};

/// ⟨G, dU⟩ = vec(G)ᵀ vec dU. Adjoint: t̄ ↦ t̄·G.
struct Inner : LinearNode {
  Expression g;
  Inner(Shape s, const Expression &gradient, const LinearPtr &u) : LinearNode(s, {u}), g(gradient) {}
  Expression applied(const std::vector<Expression> &u) const override { return kronvec::inner(g, u[0]); }
  std::vector<Expression> matrices() const override { return {transpose(vec(g))}; }
  std::vector<Differential> transposed(const Differential &t) const override { return {hadamard(g, t)}; }
  Terms terms(std::vector<Terms> u, TermBuilder &b) const override { return b.inner(g, std::move(u[0])); }
};

/// (dU)ᵀ = K vec dU. Adjoint: the transpose.
struct Transpose : LinearNode {
  Transpose(Shape s, const LinearPtr &u) : LinearNode(s, {u}) {}
  Expression applied(const std::vector<Expression> &u) const override { return kronvec::transpose(u[0]); }
  std::vector<Expression> matrices() const override { return {commutation_matrix(shape.cols, shape.rows)}; }
  std::vector<Differential> transposed(const Differential &y) const override { return {transpose(y)}; }
  Terms terms(std::vector<Terms> u, TermBuilder &) const override { return TermBuilder::transpose(std::move(u[0])); }
};

/// The same vec in another shape. Adjoint: back to the shape of dU.
struct Reshape : LinearNode {
  Reshape(Shape s, const LinearPtr &u) : LinearNode(s, {u}) {}
  Expression applied(const std::vector<Expression> &u) const override { return unvec(u[0], shape.rows, shape.cols); }
  std::vector<Expression> matrices() const override { return {eye(shape.size())}; }
  std::vector<Differential> transposed(const Differential &y) const override {
    return {reshape(y, operands[0]->shape)};
  }
  Terms terms(std::vector<Terms> u, TermBuilder &b) const override {
    return b.reshape(u[0], operands[0]->shape, shape);
  }
};

/// The window of dU. Adjoint: into the window of a matrix of zeros.
struct Extract : LinearNode {
  Window window;
  Extract(Shape s, const LinearPtr &u, Window w) : LinearNode(s, {u}), window(w) {}
  Expression applied(const std::vector<Expression> &u) const override { return kronvec::extract(u[0], window, shape); }
  std::vector<Expression> matrices() const override {
    return {transpose(window_matrix(window, shape, operands[0]->shape))};
  }
  std::vector<Differential> transposed(const Differential &y) const override {
    return {embed(y, window, operands[0]->shape)};
  }
  Terms terms(std::vector<Terms> u, TermBuilder &b) const override {
    return b.extract(u[0], operands[0]->shape, window, shape);
  }
};

/// dU in the window of a matrix of zeros. Adjoint: the window.
struct Embed : LinearNode {
  Window window;
  Embed(Shape s, const LinearPtr &u, Window w) : LinearNode(s, {u}), window(w) {}
  Expression applied(const std::vector<Expression> &u) const override { return kronvec::embed(u[0], window, shape); }
  std::vector<Expression> matrices() const override { return {window_matrix(window, operands[0]->shape, shape)}; }
  std::vector<Differential> transposed(const Differential &y) const override {
    return {extract(y, window, operands[0]->shape)};
  }
  Terms terms(std::vector<Terms> u, TermBuilder &b) const override {
    return b.embed(u[0], operands[0]->shape, window, shape);
  }
};

/// (I ⊗ K[m,n] ⊗ I) vec dU. Adjoint: the inverse permutation.
struct Permute : LinearNode {
  MiddleCommutation middle;
  Permute(Shape s, const LinearPtr &u, MiddleCommutation k) : LinearNode(s, {u}), middle(k) {}
  Expression applied(const std::vector<Expression> &u) const override { return kronvec::permute(u[0], middle, shape); }
  std::vector<Expression> matrices() const override {
    const auto [inner, m, n] = middle;
    return {kronecker(eye(shape.size() / (inner * m * n)), kronecker(commutation_matrix(m, n), eye(inner)))};
  }
  std::vector<Differential> transposed(const Differential &y) const override {
    return {permute(y, middle.inverse(), operands[0]->shape)};
  }
  Terms terms(std::vector<Terms> u, TermBuilder &b) const override {
    return b.permute(u[0], operands[0]->shape, middle, shape);
  }
};

/// vech dU = L vec dU. Adjoint: Lᵀ.
struct Vech : LinearNode {
  Vech(Shape s, const LinearPtr &u) : LinearNode(s, {u}) {}
  Expression applied(const std::vector<Expression> &u) const override { return kronvec::vech(u[0]); }
  std::vector<Expression> matrices() const override { return {elimination_matrix(operands[0]->shape.rows)}; }
  std::vector<Differential> transposed(const Differential &y) const override { return {unvech(y)}; }
  Terms terms(std::vector<Terms> u, TermBuilder &b) const override {
    const Symbol x("U", operands[0]->shape.rows, operands[0]->shape.cols);
    return b.opaque(std::move(u[0]), kronvec::vech(x), x, zeros(x.rows(), x.cols()));
  }
};

/// The lower triangular matrix with this vech, Lᵀ vech. Adjoint: vech.
struct Unvech : LinearNode {
  Unvech(Shape s, const LinearPtr &u) : LinearNode(s, {u}) {}
  Expression applied(const std::vector<Expression> &u) const override { return kronvec::unvech(u[0]); }
  std::vector<Expression> matrices() const override { return {transpose(elimination_matrix(shape.rows))}; }
  std::vector<Differential> transposed(const Differential &y) const override { return {vech(y)}; }
  Terms terms(std::vector<Terms> u, TermBuilder &b) const override {
    const Symbol x("U", operands[0]->shape.rows, operands[0]->shape.cols);
    return b.opaque(std::move(u[0]), kronvec::unvech(x), x, zeros(x.rows(), 1));
  }
};

/// A⁻¹·dU. Adjoint: Ȳ ↦ A⁻ᵀ·Ȳ.
struct Solve : LinearNode {
  Expression a;
  Solve(Shape s, const Expression &matrix, const LinearPtr &u) : LinearNode(s, {u}), a(matrix) {}
  Expression applied(const std::vector<Expression> &u) const override { return kronvec::solve(a, u[0]); }
  std::vector<Expression> matrices() const override { return {kronecker(eye(shape.cols), inverse(a))}; }
  std::vector<Differential> transposed(const Differential &y) const override { return {solve(transpose(a), y)}; }
  Terms terms(std::vector<Terms> u, TermBuilder &b) const override {
    return b.left_multiply(inverse(a), std::move(u[0]));
  }
};

/// L(A, dU), the derivative of the matrix exponential. Adjoint: L(Aᵀ, ·).
struct ExpmDerivative : LinearNode {
  Expression a;
  ExpmDerivative(Shape s, const Expression &matrix, const LinearPtr &u) : LinearNode(s, {u}), a(matrix) {}
  Expression applied(const std::vector<Expression> &u) const override { return kronvec::expm_derivative(a, u[0]); }
  std::vector<Expression> matrices() const override { return {expm_jacobian(a)}; }
  std::vector<Differential> transposed(const Differential &y) const override {
    return {expm_derivative(transpose(a), y)};
  }
  Terms terms(std::vector<Terms> u, TermBuilder &b) const override {
    const Symbol x("U", operands[0]->shape.rows, operands[0]->shape.cols);
    return b.opaque(std::move(u[0]), expm(x), x, a);
  }
};

/// The derivative of adj at A, in the direction of dU. Adjoint: the derivative at Aᵀ.
struct AdjugateDerivative : LinearNode {
  Expression a;
  AdjugateDerivative(Shape s, const Expression &matrix, const LinearPtr &u) : LinearNode(s, {u}), a(matrix) {}
  Expression applied(const std::vector<Expression> &u) const override { return kronvec::adjugate_derivative(a, u[0]); }
  /// At a regular A: vec(A⁻¹)·vec(adj Aᵀ)ᵀ − adj Aᵀ ⊗ A⁻¹.
  std::vector<Expression> matrices() const override {
    const Expression inverse_of_a = inverse(a), transposed = transpose(adjugate(a));
    return {vec(inverse_of_a) * transpose(vec(transposed)) - kron(transposed, inverse_of_a)};
  }
  std::vector<Differential> transposed(const Differential &y) const override {
    return {adjugate_derivative(transpose(a), y)};
  }
  /// V·(Diag(P·diag(M)) − P ⊙ M)·Wᵀ with M = Wᵀ·dU·V.
  Terms terms(std::vector<Terms> u, TermBuilder &b) const override {
    const AdjugateFactors of(a);
    const Shape row{1, shape.rows}, column{shape.rows, 1};
    const Window diagonal{0, shape.rows + 1};
    const Terms m = b.right_multiply(b.left_multiply(transpose(of.w), std::move(u[0])), of.v);
    Terms on_diagonal = b.left_multiply(of.p, b.reshape(b.extract(m, shape, diagonal, row), row, column));
    on_diagonal = b.embed(b.reshape(on_diagonal, column, row), row, diagonal, shape);
    Terms inner = TermBuilder::combination(1, std::move(on_diagonal), -1, b.hadamard(of.p, m));
    return b.right_multiply(b.left_multiply(of.v, std::move(inner)), transpose(of.w));
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

Differential extract(const Differential &du, Window window, Shape shape) {
  return du.is_zero() ? Differential(shape) : make<Extract>(shape, du.node(), window);
}

Differential embed(const Differential &du, Window window, Shape shape) {
  return du.is_zero() ? Differential(shape) : make<Embed>(shape, du.node(), window);
}

Differential permute(const Differential &du, MiddleCommutation middle, Shape shape) {
  return du.is_zero() ? Differential(shape) : make<Permute>(shape, du.node(), middle);
}

Differential solve(const Expression &a, const Differential &du) {
  return du.is_zero() ? du : make<Solve>(du.shape(), a, du.node());
}

Differential expm_derivative(const Expression &a, const Differential &du) {
  return du.is_zero() ? du : make<ExpmDerivative>(du.shape(), a, du.node());
}

Differential adjugate_derivative(const Expression &a, const Differential &du) {
  if (du.is_zero() || a.is_scalar()) return Differential(du.shape()); // adj of a scalar is 1
  return make<AdjugateDerivative>(du.shape(), a, du.node());
}

Differential vech(const Differential &du) {
  const Shape shape{triangle(du.shape().rows), 1};
  return du.is_zero() ? Differential(shape) : make<Vech>(shape, du.node());
}

Differential unvech(const Differential &du) {
  const Index n = triangle_side(du.shape().rows);
  return du.is_zero() ? Differential({n, n}) : make<Unvech>(Shape{n, n}, du.node());
}

} // namespace kronvec

/// The linear nodes of d(U ⊗ V) = dU ⊗ V + U ⊗ dV (ledger D9), for U m×n and V p×q.
///
/// vec(U ⊗ V) = (I ⊗ K[q,m] ⊗ I)(vec U ⊗ vec V), and vec U ⊗ vec V = vec(vec V · vec Uᵀ) (ledger V7, V6).

#include "calculus/differential/differential.hpp"
#include "calculus/terms/term_builder.hpp"

namespace kronvec::inline KRONVEC_ABI {
namespace {

struct KroneckerProduct : LinearNode {
  Expression other;
  bool is_left; ///< whether `other` is U
  KroneckerProduct(Shape s, const Expression &factor, const LinearPtr &d, bool left)
      : LinearNode(s, {d}), other(factor), is_left(left) {}

  Shape u() const { return is_left ? other.shape() : operands[0]->shape; }
  Shape v() const { return is_left ? operands[0]->shape : other.shape(); }
  Shape outer() const { return {v().size(), u().size()}; }
  /// vec V · vec Uᵀ to U ⊗ V.
  MiddleCommutation middle() const { return {v().rows, v().cols, u().rows}; }

  Expression applied(const std::vector<Expression> &d) const override {
    return is_left ? kron(other, d[0]) : kron(d[0], other);
  }
  std::vector<Expression> matrices() const override {
    const auto i = eye(operands[0]->shape.size());
    const Expression order = kron(eye(u().cols), kron(commutation_matrix(v().cols, u().rows), eye(v().rows)));
    return {order * (is_left ? kron(vec(other), i) : kron(i, vec(other)))};
  }
  std::vector<Differential> transposed(const Differential &y) const override {
    const Differential product = permute(y, middle().inverse(), outer());
    return {reshape(is_left ? product * vec(other) : transpose(vec(other)) * product, operands[0]->shape)};
  }
  std::vector<Term> terms(std::vector<std::vector<Term>> d, TermBuilder &b) const override {
    const Shape from = operands[0]->shape;
    auto product = is_left ? b.right_multiply(b.reshape(d[0], from, {from.size(), 1}), transpose(vec(other)))
                           : b.left_multiply(vec(other), b.reshape(d[0], from, {1, from.size()}));
    return b.permute(product, outer(), middle(), shape);
  }
};

Differential make(const Expression &other, const Differential &d, bool left) {
  const Shape u = left ? other.shape() : d.shape(), v = left ? d.shape() : other.shape();
  const Shape shape{Shape{u.rows, v.rows}.size(), Shape{u.cols, v.cols}.size()};
  if (d.is_zero() || shape.size() == 0) return Differential(shape);
  if (u == Shape{1, 1} || v == Shape{1, 1}) return hadamard(other, d);
  return Differential(shape, std::make_shared<const KroneckerProduct>(shape, other, d.node(), left));
}

} // namespace

Differential kron(const Expression &u, const Differential &dv) { return make(u, dv, true); }
Differential kron(const Differential &du, const Expression &v) { return make(v, du, false); }

} // namespace kronvec

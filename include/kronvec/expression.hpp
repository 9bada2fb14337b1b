#pragma once
/// Matrix functions as expressions of symbols. A symbol has a name and a shape, not a value.
///
/// Shapes are checked when an expression is built: every function here throws ShapeError with the operator and both
/// shapes. A 1×1 expression or a number is a scalar and broadcasts in + − * hadamard, quotient and pow; nothing else
/// broadcasts. Expressions are immutable and share their parts; copying an expression copies a pointer.

#include "kronvec/elementwise.hpp"
#include "kronvec/matrix.hpp"

#include <concepts>
#include <iosfwd>
#include <memory>
#include <string>

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

struct Node; // host/calculus/expression/node.hpp

class Expression {
public:
  /// A number: a 1×1 constant.
  Expression(double number);
  template <std::same_as<bool> Truth> Expression(Truth) = delete;
  explicit Expression(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
  Index rows() const { return shape().rows; }
  Index cols() const { return shape().cols; }
  Shape shape() const;
  bool is_scalar() const { return shape() == Shape{1, 1}; }
  const std::shared_ptr<const Node> &node() const { return node_; }

private:
  std::shared_ptr<const Node> node_;
};

/// A named matrix variable. Two symbols are the same only if one is a copy of the other; equal names do not matter.
class Symbol : public Expression {
public:
  Symbol(std::string name, Index rows, Index cols);
  /// The symbol that f consists of. Throws Error if f is anything else.
  explicit Symbol(const Expression &f);
  const std::string &name() const;
  friend bool operator==(const Symbol &a, const Symbol &b) { return a.node() == b.node(); }
};

/// The expression in the command's grammar, with as few parentheses as possible.
std::string to_string(const Expression &f);
std::ostream &operator<<(std::ostream &out, const Expression &f);

/// A matrix of fixed numbers, which lie in host memory.
Expression constant(MatrixView<const double> values);
Expression eye(Index n);
Expression zeros(Index rows, Index cols);
Expression ones(Index rows, Index cols);

Expression operator+(const Expression &u, const Expression &v);
Expression operator-(const Expression &u, const Expression &v);
Expression operator-(const Expression &u);
/// The matrix product, or a scalar times a matrix.
Expression operator*(const Expression &u, const Expression &v);
/// U divided by the scalar v.
Expression operator/(const Expression &u, const Expression &v);
Expression transpose(const Expression &u);
/// U ⊙ V.
Expression hadamard(const Expression &u, const Expression &v);
/// U ⊘ V, entry by entry.
Expression quotient(const Expression &u, const Expression &v);
/// u^v entry by entry.
Expression pow(const Expression &u, const Expression &v);
/// The matrix power Uᵏ; U⁻¹ for k = −1.
Expression matrix_power(const Expression &u, Index k);
Expression inverse(const Expression &u);
/// tr U.
Expression trace(const Expression &u);
/// The sum of all entries.
Expression sum(const Expression &u);
/// U⁻¹·V, without forming the inverse. Evaluation throws DomainError where U is singular.
Expression solve(const Expression &u, const Expression &v);
/// det U. Its differential is correct at a singular U too.
Expression det(const Expression &u);
/// log |det U|; −∞ for a singular U.
Expression logdet(const Expression &u);
/// −1, 0 or 1, the sign of det U. Its derivative is 0.
Expression signdet(const Expression &u);
/// The Cholesky factor of (U + Uᵀ)/2: lower triangular, with a positive diagonal. Evaluation throws DomainError if (U +
/// Uᵀ)/2 is not positive definite.
Expression cholesky(const Expression &u);
/// The matrix exponential Σ Uᵏ/k!.
Expression expm(const Expression &u);
/// ⟨U, V⟩ = Σ uᵢⱼvᵢⱼ = tr(UᵀV).
Expression inner(const Expression &u, const Expression &v);
/// Diag(u) for a vector u; for a square matrix its diagonal, as a column.
Expression diag(const Expression &u);
/// The lower triangle with the diagonal, column by column.
Expression vech(const Expression &u);
/// U ⊗ V.
Expression kron(const Expression &u, const Expression &v);
/// U ∗ V, the column-wise Kronecker product (Khatri–Rao).
Expression khatri_rao(const Expression &u, const Expression &v);
/// U ⊕ V, block diagonal.
Expression direct_sum(const Expression &u, const Expression &v);
/// log Σᵢ exp(uᵢⱼ) for every column j, as a row. Does not overflow.
Expression logsumexp(const Expression &u);
/// exp(uᵢⱼ) / Σᵢ exp(uᵢⱼ) in every column. Does not overflow.
Expression softmax(const Expression &u);
/// uᵢⱼ − log Σᵢ exp(uᵢⱼ) in every column, log softmax(U). Does not overflow, and keeps the digits of small entries.
Expression logsoftmax(const Expression &u);
/// Σ|uᵢⱼ|. Its derivative is 0 where uᵢⱼ = 0.
Expression norm1(const Expression &u);
/// ‖vec U‖₂, the Frobenius norm. No square overflows or underflows. Its derivative at U = 0 is 0.
Expression norm2(const Expression &u);
/// The columns stacked: rows·cols × 1.
Expression vec(const Expression &u);
/// The rows×cols matrix whose vec is vec U.
Expression unvec(const Expression &u, Index rows, Index cols);

/// f entry by entry. For `pow` use the function above.
Expression elementwise(Function f, const Expression &u);
inline Expression abs(const Expression &u) { return elementwise(Function::abs, u); }
inline Expression sign(const Expression &u) { return elementwise(Function::sign, u); }
inline Expression square(const Expression &u) { return elementwise(Function::square, u); }
inline Expression sqrt(const Expression &u) { return elementwise(Function::sqrt, u); }
inline Expression cbrt(const Expression &u) { return elementwise(Function::cbrt, u); }
inline Expression reciprocal(const Expression &u) { return elementwise(Function::reciprocal, u); }
inline Expression exp(const Expression &u) { return elementwise(Function::exp, u); }
inline Expression expm1(const Expression &u) { return elementwise(Function::expm1, u); }
inline Expression log(const Expression &u) { return elementwise(Function::log, u); }
inline Expression log1p(const Expression &u) { return elementwise(Function::log1p, u); }
inline Expression sin(const Expression &u) { return elementwise(Function::sin, u); }
inline Expression cos(const Expression &u) { return elementwise(Function::cos, u); }
inline Expression tan(const Expression &u) { return elementwise(Function::tan, u); }
inline Expression asin(const Expression &u) { return elementwise(Function::asin, u); }
inline Expression acos(const Expression &u) { return elementwise(Function::acos, u); }
inline Expression atan(const Expression &u) { return elementwise(Function::atan, u); }
inline Expression sinh(const Expression &u) { return elementwise(Function::sinh, u); }
inline Expression cosh(const Expression &u) { return elementwise(Function::cosh, u); }
inline Expression sech(const Expression &u) { return elementwise(Function::sech, u); }
inline Expression tanh(const Expression &u) { return elementwise(Function::tanh, u); }
inline Expression sigmoid(const Expression &u) { return elementwise(Function::sigmoid, u); }
inline Expression softplus(const Expression &u) { return elementwise(Function::softplus, u); }
inline Expression relu(const Expression &u) { return elementwise(Function::relu, u); }
inline Expression erf(const Expression &u) { return elementwise(Function::erf, u); }

} // namespace KRONVEC_ABI
} // namespace kronvec

#pragma once
/// The nodes of expressions: immutable, in a DAG.

#include "calculus/expression/topological_order.hpp"
#include "kronvec/expression.hpp"

#include <vector>

namespace kronvec::inline KRONVEC_ABI {

enum class Kind {
  symbol,      ///< `name`
  number,      ///< `alpha`, 1×1
  constant,    ///< `entries`, packed
  eye,         ///< the identity
  commutation, ///< K[m,n], by `middle`
  elimination, ///< L: vech U = L·vec U
  filled,      ///< every entry is `alpha`
  add,         ///< alpha·U + beta·V; a scalar broadcasts
  scale,       ///< alpha·U
  multiply,    ///< the matrix product U·V
  hadamard,    ///< U ⊙ V; a scalar broadcasts
  quotient,    ///< U ⊘ V; a scalar broadcasts
  power, ///< u^v·log(u)^alpha entry by entry, 0 where u^v is 0; a scalar broadcasts. alpha > 0 only in derivatives
  hadamard_or_zero, ///< U ⊙ V, and 0 where u = 0, whatever v is; only in derivatives
  quotient_or_zero, ///< U ⊘ V, and 0 where u = 0, whatever v is; only in derivatives
  elementwise,      ///< `function`(U); alpha is pow's exponent
  transpose,
  inverse,
  trace,
  sum,
  solve,            ///< U⁻¹V
  det,              ///< det U
  logdet,           ///< log |det U|
  signdet,          ///< −1, 0 or 1, the sign of det U
  adjugate,         ///< adj U, the transposed cofactors
  adjugate_factors, ///< [V W P], n×3n, for the derivative of adj U (`Primitives::adjugate_factors`)
  cholesky,         ///< the lower triangular L with LLᵀ = U, symmetric
  expm,             ///< Σ Uᵏ/k!
  inner,            ///< ⟨U, V⟩ = tr(UᵀV)
  norm2,            ///< ‖vec U‖₂
  reshape,          ///< the matrix of this shape with the vec of U
  extract,          ///< the `window` of U
  embed,            ///< U in the `window` of a matrix of zeros
  permute,          ///< (I ⊗ K[m,n] ⊗ I) vec U, by `middle`
  vech,             ///< the lower triangle, column by column
  unvech,           ///< the lower triangular matrix with this vech
  column_shift, ///< the largest entry of each column, 0 if not finite, as a row; only part of other functions, in which
                ///< it cancels: its differential is taken as zero
  named, ///< function `name`: the first operand is the expression that it stands for, the others are its arguments
};

/// Entries of a packed matrix: the first lies at `offset`, columns are `step` apart.
struct Window {
  Index offset, step;

  /// The row and column of the first entry of a block of this shape in the whole matrix. A block without entries may be
  /// anywhere, and is said to be at the beginning.
  std::pair<Index, Index> first(Shape part, Shape whole) const {
    if (part.rows == 0 || part.cols == 0) return {0, 0};
    return {offset % whole.rows, offset / whole.rows};
  }
};

/// Describes a permutation of a vec: an inner×m×n×… array becomes inner×n×m×….
struct MiddleCommutation {
  Index inner, m, n;
  MiddleCommutation inverse() const { return {inner, n, m}; }
};

/// n(n + 1)/2, the number of entries of a triangle; and its inverse, rounded up to the next side.
Index triangle(Index n);
Index triangle_side(Index entries);

struct Node {
  Kind kind;
  Shape shape;
  std::vector<std::shared_ptr<const Node>> operands = {};
  double alpha = 0, beta = 0;
  Function function = {};
  std::string name = {};
  std::vector<double> entries = {};
  Window window = {};
  MiddleCommutation middle = {};

  Node(Kind kind, Shape shape, std::vector<std::shared_ptr<const Node>> operands = {}, double alpha = 0,
       double beta = 0);
  Node(const Node &) = delete;
  Node &operator=(const Node &) = delete;
  /// Releases the operands without recursion: a sum of 10⁶ terms is a list of that depth.
  ~Node();

  Expression operand(std::size_t i) const { return Expression(operands[i]); }
};

using NodePtr = std::shared_ptr<const Node>;

// Expressions that only the library itself builds.

/// α·U + β·V.
Expression combination(double alpha, const Expression &u, double beta, const Expression &v);
Expression extract(const Expression &u, Window window, Shape shape);
Expression embed(const Expression &u, Window window, Shape shape);
Expression permute(const Expression &u, MiddleCommutation middle, Shape shape);
Expression unvech(const Expression &u);
Expression adjugate(const Expression &u);
/// Factors of the derivative of adj at A = W·Σ·Vᵀ in the direction of U, of whatever rank A is:
/// V·(Diag(P·diag(M)) − P ⊙ M)·Wᵀ with M = Wᵀ·U·V. P holds products of n − 2 singular values.
struct AdjugateFactors {
  explicit AdjugateFactors(const Expression &a);
  Expression v, w, p;

private:
  AdjugateFactors(const Expression &all, Index n);
};
/// The derivative of adj at A in the direction of U.
Expression adjugate_derivative(const Expression &a, const Expression &u);
/// u^v·log(u)^k entry by entry, as its limit 0 where u^v is 0.
Expression power_of_logarithm(const Expression &u, const Expression &v, int k);
/// U ⊙ V and U ⊘ V, and 0 where u = 0, whatever v is.
Expression hadamard_or_zero(const Expression &u, const Expression &v);
Expression quotient_or_zero(const Expression &u, const Expression &v);
/// K[m,n]·vec U = vec Uᵀ for U m×n, and L·vec U = vech U for U n×n.
Expression commutation_matrix(Index m, Index n);
Expression elimination_matrix(Index n);
/// The expression that a `named` node of this name stands for.
Expression named_function(const std::string &name, const std::vector<Expression> &arguments);
/// 0 ⊕ I ⊕ 0, with zeros that have no columns: E·U puts `before` rows of zeros above the n rows of U, and `after` rows
/// below.
Expression among_zeros(Index before, Index n, Index after);
/// The derivative of the matrix exponential at A in the direction of U (Fréchet): the upper right block of
/// exp [A U; 0 A] (Higham, "Functions of Matrices", 3.6).
Expression expm_derivative(const Expression &a, const Expression &u);
/// ∂vec exp(A)/∂(vec A)ᵀ = (I ⊗ exp(A))·φ(Aᵀ ⊗ I − I ⊗ A), φ(M) = ∫₀¹ exp(sM) ds, n²×n² (Higham, 10.2).
Expression expm_jacobian(const Expression &a);

} // namespace kronvec

#pragma once
/// The one interface of primitives that everything above runs on. Three devices implement it.
///
/// Operands are batches: `count` matrices of one shape, `stride` elements apart (0: all items are the same matrix, for
/// inputs only). Callers have checked shapes; an output never overlaps an input unless a comment allows it. Sizes and
/// counts of 0 are valid and write nothing (except where a formula says what an empty sum is).

#include "devices/emission.hpp"
#include "kernels/chain.hpp"
#include "kronvec/matrix.hpp"

#include <initializer_list>
#include <memory>
#include <span>

namespace kronvec {

template <class T> struct BatchView {
  T *data = nullptr;
  Index rows = 0, cols = 0, ld = 0;
  Index count = 1, stride = 0;

  BatchView() = default;
  BatchView(MatrixView<T> m) : data(m.data()), rows(m.rows()), cols(m.cols()), ld(m.ld()) {}
  template <class U>
  requires(std::is_same_v<T, const U>) BatchView(MatrixView<U> m) : BatchView(MatrixView<T>(m)) {}
  BatchView(T *first, Index m, Index n, Index leading, Index items, Index apart)
      : data(first), rows(m), cols(n), ld(leading), count(items), stride(apart) {}
  template <class U>
  requires(std::is_same_v<T, const U>) BatchView(BatchView<U> o)
      : BatchView(o.data, o.rows, o.cols, o.ld, o.count, o.stride) {}

  /// Item b; a batch of one serves every b.
  MatrixView<T> operator[](Index b) const { return {data + b * (count == 1 ? 0 : stride), rows, cols, ld}; }
  bool is_scalar() const { return rows == 1 && cols == 1; }
};

enum class Op { none, transpose };
using kernels::Binary;
using kernels::Chain;
using kernels::Link;

template <class T> class Primitives {
public:
  using In = BatchView<const T>;
  using Out = BatchView<T>;
  virtual ~Primitives() = default;

  /// Y = value.
  virtual void fill(T value, Out y) const = 0;
  /// Column t of the pq×k matrix y becomes the unit vector e_{first + t}.
  virtual void unit_columns(Index first, MatrixView<T> y) const = 0;
  /// Y = X.
  virtual void copy(In x, Out y) const = 0;
  /// Y = Xᵀ; vec Y = K[m,n]·vec X for X m×n. Y may be X where it is square.
  virtual void transpose(In x, Out y) const = 0;
  /// Y = X·K[m,n] for X k×mn: column i + j·m of Y is column j + i·n of X.
  virtual void commute_columns(Index m, Index n, In x, Out y) const = 0;
  /// y = vech X, the lower triangle column by column, for X n×n and y n(n+1)/2×1.
  virtual void vech(In x, Out y) const = 0;
  /// The lower triangular Y with vech Y = x.
  virtual void unvech(In x, Out y) const = 0;
  /// y (1×n) = the largest entry of each column: NaN if an entry is, −∞ of no entries.
  virtual void column_max(In x, Out y) const = 0;
  /// C = α·op(A)·op(B). An inner dimension of 0 gives zeros.
  virtual void multiply(T alpha, Op op_a, In a, Op op_b, In b, Out c) const = 0;
  /// A few entrywise operations in one pass. All results have one shape and count and may be inputs of that shape,
  /// entry for entry. An input with one row serves all rows of a result, one with one column all columns: a 1×1
  /// broadcasts.
  virtual void chain(const Chain<T> &chain, std::span<const In> inputs, std::span<const Out> results) const = 0;
  /// y (1×1) = ⟨A, B⟩ = Σ aᵢⱼbᵢⱼ = tr(AᵀB).
  virtual void inner(In a, In b, Out y) const = 0;
  /// ‖X‖₁, the largest over all items of the largest sum of a column's magnitudes. Waits for the result.
  virtual T one_norm(In x) const = 0;
  /// LU factors of X n×n with row exchanges, in the device's own form; F is n×(n + 3). Throws DomainError with the
  /// reciprocal condition number where `regular` is required and X is singular to working precision.
  virtual void lu(In x, bool regular, Out f) const = 0;
  /// Y = op(X)⁻¹·B, by the factors of X.
  virtual void lu_solve(Op op, In f, In b, Out y) const = 0;
  /// y (1×1) = det X or log |det X|, by the factors of X.
  virtual void determinant(bool logarithm, In f, Out y) const = 0;
  /// Y = adj X, the transposed cofactors; X may be singular.
  virtual void adjugate(In x, Out y) const = 0;
  /// The lower triangular Y with positive diagonal and X = YYᵀ; reads the lower triangle of X. Throws DomainError where
  /// X is not positive definite.
  virtual void cholesky(In x, Out y) const = 0;
  /// Y = Σ Xᵏ/k!.
  virtual void expm(In x, Out y) const = 0;
  /// Y = X⁻¹. Throws DomainError with the reciprocal condition number where X is singular to working precision.
  virtual void inverse(In x, Out y) const = 0;
  /// The emission, prepared for this device.
  virtual std::unique_ptr<Emitter<T>> emitter(Emission emission) const = 0;

  // Chains of one link. The result may be an operand.

  /// C = α·A + β·B.
  void add(T alpha, In a, T beta, In b, Out c) const {
    chain_of({.kind = Kind::add, .b = 1, .alpha = alpha, .beta = beta}, {a, b}, c);
  }
  /// C = A (·, /, ^) B entry by entry: Diag(vec A)·vec B where both have C's shape, Diag(a)·B where A is one column,
  /// A·Diag(b) where B is one row.
  void binary(Binary op, In a, In b, Out c) const { chain_of({.kind = Kind::binary, .op = op, .b = 1}, {a, b}, c); }
  /// Y = f(X) entry by entry; `exponent` is pow's c.
  void elementwise(Function f, T exponent, In x, Out y) const {
    chain_of({.kind = Kind::elementwise, .function = f, .alpha = exponent}, {x}, y);
  }

private:
  using Kind = typename Link<T>::Kind;
  void chain_of(const Link<T> &link, std::initializer_list<In> inputs, Out result) const {
    Chain<T> one{.inputs = static_cast<int>(inputs.size()), .links = 1, .outputs = 1};
    one.link[0] = link, one.output[0] = one.inputs;
    chain(one, {inputs.begin(), inputs.size()}, {&result, 1});
  }
};

} // namespace kronvec

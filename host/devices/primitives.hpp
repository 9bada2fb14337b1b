#pragma once
/// The primitives that the calculus runs on: those of linear algebra, and what needs real entries. The rules for
/// operands are those of `Algebra`.

#include "devices/algebra.hpp"
#include "devices/emission.hpp"
#include "kernels/chain.hpp"

#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

namespace kronvec {

using kernels::Binary;
using kernels::Chain;
using kernels::Link;

template <class T> class Primitives : public Algebra<T> {
public:
  using typename Algebra<T>::In;
  using typename Algebra<T>::Out;

  /// y (1×n) = the largest entry of each column: NaN if an entry is, −∞ of no entries.
  virtual void column_max(In x, Out y) const = 0;
  /// A few entrywise operations in one pass. All results have one shape and count and may be inputs of that shape,
  /// entry for entry. An input with one row serves all rows of a result, one with one column all columns: a 1×1
  /// broadcasts.
  virtual void chain(const Chain<T> &chain, std::span<const In> inputs, std::span<const Out> results) const = 0;
  /// ‖X‖₁ of each item, the largest sum of a column's magnitudes: NaN if an entry is. Waits for the results.
  virtual std::vector<T> one_norms(In x) const = 0;
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

  void scale(T alpha, In x, Out y) const final { chain_of({.kind = Kind::affine, .alpha = alpha}, {x}, y); }
  void add(T alpha, In a, T beta, In b, Out c) const final {
    chain_of({.kind = Kind::add, .b = 1, .alpha = alpha, .beta = beta}, {a, b}, c);
  }
  /// C = A (·, /, ^) B entry by entry: Diag(vec A)·vec B where both have C's shape, Diag(a)·B where A is one column,
  /// A·Diag(b) where B is one row.
  void binary(Binary op, In a, In b, Out c) const { chain_of({.kind = Kind::binary, .op = op, .b = 1}, {a, b}, c); }
  void hadamard(In a, In b, Out c) const final { binary(Binary::multiply, a, b, c); }
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

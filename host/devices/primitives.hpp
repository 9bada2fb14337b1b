#pragma once
/// The primitives of the calculus: linear algebra, and operations on real entries. The rules for operands are those of
/// `Algebra`.

#include "devices/algebra.hpp"
#include "devices/emitter.hpp"
#include "kernels/chain.hpp"
#include "kernels/determinant.hpp"

#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {

using kernels::Binary;
using kernels::Chain;
using kernels::Determinant;
using kernels::Link;

template <class T> class Primitives : public Algebra<T> {
public:
  using typename Algebra<T>::In;
  using typename Algebra<T>::Out;

  /// y (1×n) = the largest entry of each column, or 0 if that is not finite; NaN if an entry is NaN. eˣ⁻ʸ does not
  /// overflow for a finite x.
  virtual void column_shift(In x, Out y) const = 0;
  /// y (1×1) = ‖vec X‖₂. Overflows or underflows only if the norm does.
  virtual void norm2(In x, Out y) const = 0;
  /// Several entrywise operations in one pass. All results have the same shape and count, and may be inputs of that
  /// shape, entry for entry. An input with one row is broadcast to all rows, an input with one column to all columns;
  /// so a 1×1 input is broadcast to all entries.
  virtual void chain(const Chain<T> &chain, std::span<const In> inputs, std::span<const Out> results) const = 0;
  /// ‖X‖₁ of each item, the largest column sum of absolute values; NaN if an entry is NaN. Waits for the results.
  virtual std::vector<T> one_norms(In x) const = 0;
  /// LU factors of the n×n matrix X with row exchanges, in the device's own format; F is n×(n + 3). If `regular`,
  /// throws DomainError if a pivot is 0 or an entry of X is infinite.
  virtual void lu(In x, bool regular, Out f) const = 0;
  /// Y = op(X)⁻¹·B, from the factors of X.
  virtual void lu_solve(Op op, In f, In b, Out y) const = 0;
  /// y (1×1) = det X, log |det X| or sign det X, from the factors of X. Overflows or underflows only if the result
  /// does.
  virtual void determinant(Determinant form, In f, Out y) const = 0;
  /// Y = adj X, the transposed cofactors; X may be singular.
  virtual void adjugate(In x, Out y) const = 0;
  /// The lower triangular Y with positive diagonal and X = YYᵀ. Reads the lower triangle of X. Throws DomainError if X
  /// is not positive definite.
  virtual void cholesky(In x, Out y) const = 0;
  /// Y = Σ Xᵏ/k!.
  virtual void expm(In x, Out y) const = 0;
  /// F (n×3n) = [V U P], for the derivative of adj at X = U·Σ·Vᵀ, singular or not: with s = det(U)·det(V),
  /// P = s·∏ₖσₖ over all k other than i and j, zero on the diagonal, and M = Uᵀ·E·V, the derivative in direction E is
  /// V·(Diag(P·diag(M)) − P ⊙ M)·Uᵀ.
  virtual void adjugate_factors(In x, Out f) const = 0;
  /// Y = X⁻¹. Throws DomainError if a pivot of X's factors is 0 or an entry of X is infinite.
  virtual void inverse(In x, Out y) const = 0;
  /// The emission, prepared for this device.
  virtual std::unique_ptr<Emitter<T>> emitter(Emission emission) const = 0;

  // Chains with one link. The result may be an operand.

  void scale(T alpha, In x, Out y) const final { chain_of({.kind = Kind::affine, .alpha = alpha}, {x}, y); }
  void add(T alpha, In a, T beta, In b, Out c) const final {
    chain_of({.kind = Kind::add, .b = 1, .alpha = alpha, .beta = beta}, {a, b}, c);
  }
  /// C = A (·, /, ^) B entry by entry: Diag(vec A)·vec B if both have C's shape, Diag(a)·B if A is one column,
  /// A·Diag(b) if B is one row.
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

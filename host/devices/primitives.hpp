#pragma once
/// The one interface of primitives that everything above runs on. Three devices implement it.
///
/// Operands are batches: `count` matrices of one shape, `stride` elements apart (0: all items are the same matrix, for
/// inputs only). Callers have checked shapes; an output never overlaps an input unless a comment allows it. Sizes and
/// counts of 0 are valid and write nothing (except where a formula says what an empty sum is).

#include "kernels/elementwise.hpp"
#include "kronvec/matrix.hpp"

namespace kronvec {

template <class T> struct BatchView {
  T *data = nullptr;
  Index rows = 0, cols = 0, ld = 0;
  Index count = 1, stride = 0;

  BatchView() = default;
  BatchView(MatrixView<T> m) : data(m.data()), rows(m.rows()), cols(m.cols()), ld(m.ld()) {}
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
  /// Y = Xᵀ; vec Y = K[m,n]·vec X for X m×n.
  virtual void transpose(In x, Out y) const = 0;
  /// C = α·op(A)·op(B). An inner dimension of 0 gives zeros.
  virtual void multiply(T alpha, Op op_a, In a, Op op_b, In b, Out c) const = 0;
  /// C = α·A + β·B; a 1×1 operand broadcasts over the matrix. C may be A or B.
  virtual void add(T alpha, In a, T beta, In b, Out c) const = 0;
  /// C = A (·, /, ^) B entry by entry; a 1×1 operand broadcasts over the matrix. C may be A or B.
  virtual void binary(Binary op, In a, In b, Out c) const = 0;
  /// Y = f(X) entry by entry; `exponent` is pow's c. Y may be X.
  virtual void elementwise(Function f, T exponent, In x, Out y) const = 0;
  /// y (1×1) = ⟨A, B⟩ = Σ aᵢⱼbᵢⱼ = tr(AᵀB).
  virtual void inner(In a, In b, Out y) const = 0;
  /// Y = X⁻¹. Throws DomainError with the reciprocal condition number where X is singular to working precision.
  virtual void inverse(In x, Out y) const = 0;
};

} // namespace kronvec

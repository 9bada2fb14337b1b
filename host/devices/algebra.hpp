#pragma once
/// The primitives of linear algebra, for real and complex entries. Three devices implement them.
///
/// Callers have checked shapes. An output never overlaps an input unless a comment allows it. Sizes and counts of 0 are
/// valid and write nothing (except where a formula defines an empty sum). Op::transpose does not conjugate complex
/// entries. If a result is β·Y + … and β = 0, Y is not read.

#include "devices/batch.hpp"
#include "kronvec/triangle.hpp"

#include <complex>
#include <span>

namespace kronvec::inline KRONVEC_ABI {

enum class Op { none, transpose };

/// Whether a device may round operands of float products to TF32, which has 10 bits of mantissa.
enum class Precision { full, tf32 };

/// A factor op(A) of a Kronecker product, or the identity of `n` rows (A without data).
template <class T> struct KroneckerFactor {
  MatrixView<const T> a = {};
  Op op = Op::none;
  Index n = 0;

  static KroneckerFactor identity(Index n) { return {{}, Op::none, n}; }
  bool is_identity() const { return n > 0; }
  Index rows() const { return is_identity() ? n : op == Op::none ? a.rows() : a.cols(); }
  Index cols() const { return is_identity() ? n : op == Op::none ? a.cols() : a.rows(); }
};

inline float conjugated(float x) { return x; }
inline double conjugated(double x) { return x; }
template <class R> std::complex<R> conjugated(std::complex<R> x) { return std::conj(x); }

template <class T> class Algebra {
public:
  using In = BatchView<const T>;
  using Out = BatchView<T>;
  virtual ~Algebra() = default;

  /// Y = value.
  virtual void fill(T value, Out y) const = 0;
  /// Column t of the matrix y becomes the unit vector e_{first + t}.
  virtual void unit_columns(Index first, MatrixView<T> y) const = 0;
  /// Y = X.
  virtual void copy(In x, Out y) const = 0;
  /// Y = X̄; for real entries Y = X. Y may be X.
  virtual void conjugate(In x, Out y) const = 0;
  /// Y = Xᵀ; vec Y = K[m,n]·vec X for X m×n. Y may be X if it is square.
  virtual void transpose(In x, Out y) const = 0;
  /// Y = X·K[m,n] for X k×mn: column i + j·m of Y is column j + i·n of X.
  virtual void commute_columns(Index m, Index n, In x, Out y) const = 0;
  /// y = the triangle of the n×n matrix X as one column: near·x_ij + mirrored·x_ji off the diagonal, x_ii on it. If a
  /// weight is 0, its entries are not read. (near, mirrored) = (1, 0) is vech, L·vec X; (1, 1) is Dᵀ·vec X; (½, ½) is
  /// D⁺·vec X.
  virtual void pack_triangle(Triangle triangle, T near, T mirrored, In x, Out y) const = 0;
  /// The n×n matrix X from its triangle y: x_ij = near·y and x_ji = mirrored·y off the diagonal; x_ii = y, or 0 if the
  /// triangle has no diagonal. The transpose of `pack_triangle`; (1, 0) is Lᵀ·y, (1, 1) is D·y.
  virtual void unpack_triangle(Triangle triangle, T near, T mirrored, In y, Out x) const = 0;
  /// Row i of Y is row index[i] of X. The indices lie on the device.
  virtual void gather_rows(std::span<const Index> index, In x, Out y) const = 0;
  /// Y = Sᵀ·X, where S·X is `gather_rows`: row index[i] of Y is the sum of all rows i of X with that index, or 0 if
  /// there is none.
  virtual void scatter_rows(std::span<const Index> index, In x, Out y) const = 0;
  /// C = α·op(A)·op(B) + β·C. An inner dimension of 0 gives β·C.
  virtual void multiply(T alpha, Op op_a, In a, Op op_b, In b, T beta, Out c) const = 0;
  /// C = α·op(A)·op(B).
  void multiply(T alpha, Op op_a, In a, Op op_b, In b, Out c) const { multiply(alpha, op_a, a, op_b, b, T(0), c); }
  /// Y = α·X. Y may be X.
  virtual void scale(T alpha, In x, Out y) const = 0;
  /// C = α·A + β·B. The result may be an operand. An operand with one row is broadcast to all rows of C, an operand
  /// with one column to all columns.
  virtual void add(T alpha, In a, T beta, In b, Out c) const = 0;
  /// Y = α·X + β·Y. If α = 0, X is not read; if β = 0, Y is not read.
  void combine(T alpha, In x, T beta, Out y) const {
    if (alpha == T(0)) return beta == T(0) ? fill(T(0), y) : scale(beta, y, y);
    return beta == T(0) ? scale(alpha, x, y) : add(alpha, x, beta, y, y);
  }
  /// C = A ⊙ B. The same rules apply as for `add`.
  virtual void hadamard(In a, In b, Out c) const = 0;
  /// y (1×1) = Σ aᵢⱼbᵢⱼ = tr(AᵀB).
  virtual void inner(In a, In b, Out y) const = 0;
  /// Elements of workspace that `kronecker` needs for `columns` columns.
  virtual Index kronecker_workspace(std::span<const KroneckerFactor<T>> factors, Index columns) const = 0;
  /// Y = α·(F₁ ⊗ … ⊗ F_N)·X + β·Y, factor by factor, without materialising the product. Without factors: Y = α·X + β·Y
  /// for one row.
  virtual void kronecker(T alpha, std::span<const KroneckerFactor<T>> factors, MatrixView<const T> x, T beta,
                         MatrixView<T> y, std::span<T> workspace) const = 0;
};

} // namespace kronvec

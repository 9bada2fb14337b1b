#pragma once
/// Linear operators in Kronecker structure, applied by index and factor by factor. An operator is formed as a matrix
/// only on request. Names follow Magnus & Neudecker: ⊗, the commutation matrix K, the duplication matrix D and its
/// pseudo-inverse D⁺, the elimination matrix L, the symmetrizer N.
///
///   const auto F = kron<double>({A, B}) * commutation<double>(4, 3);
///   F.apply(x, y);                      // y = F·x, factor by factor
///   F.transpose().apply(y, z);          // Fᵀ
///   std::cout << simplify(F).explain();
///
/// Functions here throw ShapeError with both shapes; DeviceError for parts or matrices on another device; Error if a
/// result shares memory with an operand; and OutOfMemory, before any work, if a dense form does not fit.

#include "kronvec/sparse.hpp"
#include "kronvec/triangle.hpp"

#include <complex>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kronvec::algebra {
template <class T> class Node; // host/algebra/node.hpp
} // namespace kronvec::algebra

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// A linear operator: an immutable value that shares its parts, so copies are cheap and several threads may use one
/// operator. (The operator of a Jacobian changes with `update` of its point; no other thread may use it during
/// `update`.) An operator lies on the device of its matrices, which is the same for all its parts, and works in that
/// device's stream. T is float, double or std::complex of them; `transpose` does not conjugate, `adjoint` does.
template <class T> class Operator {
public:
  /// A dense matrix; `name` is the name that it prints as.
  Operator(Matrix<T> matrix, std::string name = "");
  explicit Operator(std::shared_ptr<const algebra::Node<T>> node) : node_(std::move(node)) {}

  Index rows() const { return shape().rows; }
  Index cols() const { return shape().cols; }
  Shape shape() const;
  Device device() const;

  /// Y = α·Op·X + β·Y, for all columns of X. If α = 0, X is not read; if β = 0, Y is not read. Y must not share memory
  /// with X.
  void apply(T alpha, MatrixView<const T> x, T beta, MatrixView<T> y) const;
  void apply(MatrixView<const T> x, MatrixView<T> y) const { apply(T(1), x, T(0), y); }
  Matrix<T> apply(MatrixView<const T> x) const;
  /// The same with the caller's workspace on the device, of at least `workspace(x.cols())` entries. (The other
  /// overloads take it from the device's pool.) Throws ShapeError if the workspace is too small.
  void apply(T alpha, MatrixView<const T> x, T beta, MatrixView<T> y, MatrixView<T> workspace) const;
  Index workspace(Index columns) const;
  /// The same with the transposed operator.
  void apply_transpose(T alpha, MatrixView<const T> x, T beta, MatrixView<T> y) const {
    transpose().apply(alpha, x, beta, y);
  }
  void apply_transpose(MatrixView<const T> x, MatrixView<T> y) const { transpose().apply(x, y); }
  Matrix<T> apply_transpose(MatrixView<const T> x) const { return transpose().apply(x); }

  Operator transpose() const; ///< shares all matrices
  Operator adjoint() const;   ///< copies and conjugates complex matrices

  T entry(Index i, Index j) const;
  Matrix<T> row(Index i) const;    ///< 1×cols
  Matrix<T> column(Index j) const; ///< rows×1
  Matrix<T> block(Index i, Index j, Index rows, Index cols) const;
  Matrix<T> diagonal() const; ///< of a square operator, n×1
  T trace() const;            ///< of a square operator
  double norm() const;        ///< ‖·‖_F

  /// Writes the dense form: in one pass at memory bandwidth if the operator consists of sums of Kronecker products,
  /// Diag, K and direct sums with real entries; otherwise column by column.
  void to_dense(MatrixView<T> out) const;
  Matrix<T> to_dense() const;
  CsrMatrix<T> to_sparse() const; ///< without a dense intermediate, except for dense factors

  std::size_t bytes() const;     ///< of its matrices, each counted as often as it occurs
  double flops() const;          ///< multiplications and additions for one column
  std::string to_string() const; ///< "(A ⊗ B)·K[4,3]"

  const std::shared_ptr<const algebra::Node<T>> &node() const { return node_; }

private:
  std::shared_ptr<const algebra::Node<T>> node_;
};

template <class T> using Operators = std::vector<Operator<T>>;

// Operators given by sizes only. The notation is that of Magnus & Neudecker, ch. 3.

template <class T> KRONVEC_API Operator<T> identity(Index n, Device device = Device::cpu());
template <class T> KRONVEC_API Operator<T> zero(Index rows, Index cols, Device device = Device::cpu());
/// K[m,n]·vec A = vec Aᵀ for A m×n.
template <class T> KRONVEC_API Operator<T> commutation(Index m, Index n, Device device = Device::cpu());
/// D·vech A = vec A for A = Aᵀ; D is n²×n(n + 1)/2. A triangle without the diagonal is for an A whose diagonal is 0.
template <class T> KRONVEC_API Operator<T> duplication(Index n, Triangle triangle = {}, Device device = Device::cpu());
/// D⁺ = (DᵀD)⁻¹Dᵀ: D⁺·vec A = vech (A + Aᵀ)/2.
template <class T>
KRONVEC_API Operator<T> duplication_pseudoinverse(Index n, Triangle triangle = {}, Device device = Device::cpu());
/// L·vec A = vech A, n(n + 1)/2×n².
template <class T> KRONVEC_API Operator<T> elimination(Index n, Triangle triangle = {}, Device device = Device::cpu());
/// N·vec A = vec (A + Aᵀ)/2: N = (I + K[n,n])/2 = D·D⁺.
template <class T> KRONVEC_API Operator<T> symmetrizer(Index n, Device device = Device::cpu());
/// Row i of the result is row index[i] of X, which has `cols` rows. Throws ShapeError for an index out of range.
template <class T>
KRONVEC_API Operator<T> selection(std::vector<Index> index, Index cols, Device device = Device::cpu());
/// A selection in which every index occurs once. Throws ShapeError otherwise.
template <class T> KRONVEC_API Operator<T> permutation(std::vector<Index> index, Device device = Device::cpu());

// Operators given by matrices.

/// Diag(vec d).
template <class T> KRONVEC_API Operator<T> diag(Matrix<T> d, std::string name = "");
/// A ∗ B: column j is a_j ⊗ b_j. vec(B·Diag(d)·Aᵀ) = (A ∗ B)·d (ledger K14).
template <class T>
KRONVEC_API Operator<T> khatri_rao(Matrix<T> a, Matrix<T> b, std::string name_a = "", std::string name_b = "");
/// Row i is a_i ⊗ b_i, with the rows of A and B: the transpose of Aᵀ ∗ Bᵀ.
template <class T>
KRONVEC_API Operator<T> face_splitting(Matrix<T> a, Matrix<T> b, std::string name_a = "", std::string name_b = "");
/// A user-defined operator: two functions that write y = A·x and y = Aᵀ·x for all columns of x.
template <class T> struct Functions {
  std::function<void(MatrixView<const T> x, MatrixView<T> y)> apply, apply_transpose;
};
template <class T> KRONVEC_API Operator<T> user_operator(Index rows, Index cols, Functions<T> functions,
                                                         std::string name = "", Device device = Device::cpu());

// Combinations.

/// F₁ ⊗ … ⊗ F_N. An empty list is the 1×1 identity.
template <class T> KRONVEC_API Operator<T> kron(const Operators<T> &factors);
template <class T, class... More> Operator<T> kron(const Operator<T> &a, const Operator<T> &b, const More &...more) {
  return kron(Operators<T>{a, b, more...});
}
/// A ⊗ A ⊗ … ⊗ A, with n factors.
template <class T> KRONVEC_API Operator<T> kron_power(const Operator<T> &a, int n);
/// A ⊗ I ⊗ … + I ⊗ B ⊗ I … + …, for square operators.
template <class T> KRONVEC_API Operator<T> kron_sum(const Operators<T> &terms);
/// A ⊕ B ⊕ …: block-diagonal.
template <class T> KRONVEC_API Operator<T> direct_sum(const Operators<T> &blocks);
template <class T> KRONVEC_API Operator<T> operator*(const Operator<T> &a, const Operator<T> &b);
template <class T> KRONVEC_API Operator<T> operator*(std::type_identity_t<T> alpha, const Operator<T> &a);
template <class T> KRONVEC_API Operator<T> operator+(const Operator<T> &a, const Operator<T> &b);
template <class T> Operator<T> operator*(const Operator<T> &a, std::type_identity_t<T> alpha) { return alpha * a; }
template <class T> Operator<T> operator/(const Operator<T> &a, std::type_identity_t<T> alpha) {
  return T(1) / alpha * a;
}
/// a.apply(x).
template <class T> Matrix<T> operator*(const Operator<T> &a, const Matrix<T> &x) { return a.apply(x); }
template <class T> Operator<T> operator-(const Operator<T> &a, const Operator<T> &b) { return a + T(-1) * b; }
template <class T> Operator<T> operator-(const Operator<T> &a) { return T(-1) * a; }

/// The same operator, but a GPU may compute its matrix products on tensor cores in TF32: operands are rounded to 10
/// bits of mantissa (relative errors of about 10⁻³), sums are in float. The operator's own entries and its dense form
/// are not rounded. An operator around it is rounded wherever it computes products with it. On other devices it is the
/// operator itself. `simplify` does not change the operator inside. For float only.
Operator<float> tf32(const Operator<float> &a);
template <class T> Operator<T> tf32(const Operator<T> &a) = delete;

template <class T> using OperatorSymbols = std::map<std::string, Operator<T>, std::less<>>;

/// The operator that a text denotes, in the grammar of `parse`: * + − ' ^ and numbers that multiply, with kron kronsum
/// dirsum (of any number of operands), khatrirao facesplit diag, tf32(a) for float, K(m,n) D(n) Dplus(n) L(n) N(n) I(n)
/// zeros(m,n). T is float or double. Throws SyntaxError and ShapeErrorAt, with the position.
template <class T = double> KRONVEC_API Operator<T>
parse_operator(std::string_view text, const OperatorSymbols<T> &symbols, Device device = Device::cpu());

/// One application of a rule.
struct Rewriting {
  std::string rule;          ///< "(A ⊗ B)(C ⊗ D) = AC ⊗ BD"
  std::string ledger;        ///< "K3"
  std::string before, after; ///< the subexpression that it changed
  double flops_saved = 0;    ///< for one column
};

template <class T> struct KRONVEC_HOLDS_CONTAINERS Simplified {
  Operator<T> before, result;
  std::vector<Rewriting> steps;
  /// A report: the operator before, each rule with what it changed and saved, the operator after.
  std::string explain() const;
};

/// The operator rewritten by identities until no rule saves work: by those of the ledger (K2–K7, K9, K10, V4), and by
/// those of D, L and N (docs/operators.md). The result is the same up to rounding.
template <class T> KRONVEC_API Simplified<T> simplify(const Operator<T> &a);

} // namespace KRONVEC_ABI
} // namespace kronvec

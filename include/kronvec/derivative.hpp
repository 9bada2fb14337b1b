#pragma once
/// Jacobians: J = ∂vec F / ∂(vec X)ᵀ, pq×mn for F p×q and X m×n (numerator layout; Magnus & Neudecker).
///
///   auto J  = jacobian(F, X);                    // a plan: built once from symbols
///   auto J0 = J.at({{A, a}, {X, x}, {B, b}});    // the operator at a point
///   J0.apply(dx, y);  J0.to_dense(out);  J0.update({{X, x1}});

#include "kronvec/expression.hpp"
#include "kronvec/sparse.hpp"

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kronvec {

template <class T> class Operator; // kronvec/operators.hpp

/// A value for a symbol. The matrix is copied when a plan takes it.
template <class T> struct Binding {
  Symbol symbol;
  MatrixView<const T> value;
};

/// Values for symbols, in host memory or on the device. Symbols that a function does not have are passed over, so that
/// one list may serve several functions; of several values for one symbol the last counts.
template <class T> class Values {
public:
  Values();
  Values(std::initializer_list<Binding<T>> bindings);
  Values(const Values &other);
  Values(Values &&other) noexcept;
  Values &operator=(Values other) noexcept;
  ~Values();

  void push_back(const Binding<T> &binding);
  std::size_t size() const;
  Binding<T> *begin();
  Binding<T> *end();
  const Binding<T> *begin() const;
  const Binding<T> *end() const;
  Binding<T> &operator[](std::size_t k) { return begin()[k]; }
  const Binding<T> &operator[](std::size_t k) const { return begin()[k]; }

private:
  struct List; // the library's own: a program in libstdc++'s debug mode has another std::vector
  std::unique_ptr<List> list_;
};

/// The value of F, on the device. Throws DomainError for a symbol without a value, ShapeError for one of another shape.
template <class T = double>
Matrix<T> evaluate(const Expression &f, const Values<std::type_identity_t<T>> &values, Device device = Device::cpu());

/// How a dense Jacobian is computed.
enum class Method {
  automatic,    ///< structured, forward or reverse, whichever is predicted to be the fastest
  structured,   ///< written once from its terms in Kronecker structure (ledger M5)
  forward,      ///< by columns, through JVPs of unit tangents (ledger M2)
  reverse,      ///< by rows, through VJPs of unit cotangents (ledger M3)
  numeric,      ///< central differences (ledger M4)
  complex_step, ///< Im F(X + ihE)/h on the host, in double, for functions that allow it (ledger M4)
  reference,    ///< the element method: ∂fᵢ/∂xⱼ by index, from the definition (ledger M6)
};

std::string_view name(Method method);
/// Throws Error for an unknown name.
Method method_named(std::string_view name);

enum class Layout {
  numerator,   ///< ∂vec F/∂(vec X)ᵀ, pq×mn
  denominator, ///< its transpose, mn×pq
};

/// What is known of a variable.
enum class Structure {
  general,
  symmetric, ///< X = Xᵀ, so that vech X are the variables: ∂vec F/∂(vech X)ᵀ = J·D, with the duplication matrix D
};

/// Called with the part done, in [0, 1], now and then.
using Progress = std::function<void(double)>;

struct DenseOptions {
  Method method = Method::automatic;
  Layout layout = Layout::numerator;
  Progress progress = {};
  /// numeric: where to write the error that the differences imply, max |J − Ĵ| from truncation (by Richardson's
  /// comparison with twice the step) and from rounding. It takes twice as many evaluations.
  double *implied_error = nullptr;
};

template <class T> class JacobianAt;
template <class T> class JacobianAtPoints; // kronvec/jacobian_at_points.hpp

namespace detail {
struct JacobianPlan; // host/calculus/jacobian_plan.hpp
template <class T> class Point;
template <class T> const Point<T> &point_of(const JacobianAt<T> &j);
} // namespace detail

/// A Jacobian at a point, kept as its terms: the small arrays that they read are held, and nothing is J. It belongs to
/// the point where it was made, and ends with the next `update` of that operator. Its const functions may be called
/// from several threads at once.
template <class T> class FactoredJacobian {
public:
  explicit FactoredJacobian(std::shared_ptr<const detail::Point<T>> point);
  FactoredJacobian(FactoredJacobian &&) noexcept;
  FactoredJacobian &operator=(FactoredJacobian &&) noexcept;
  ~FactoredJacobian();

  Index rows() const;
  Index cols() const;
  std::size_t bytes() const; ///< of the arrays that were made for the terms
  /// Entries (row …, col …) of J, numerator layout, of out's shape. Throws ShapeError.
  void block(Index row, Index col, MatrixView<T> out) const;
  Matrix<T> row(Index i) const;    ///< 1×mn
  Matrix<T> column(Index j) const; ///< pq×1
  T entry(Index i, Index j) const;
  /// Entries that `to_coo` holds at the most: all that are not zero for the structure of F.
  Index stored() const;
  /// Bytes that a sparse J takes while it is made: three values and five indices an entry.
  double sparse_bytes() const;
  /// Those entries, nothing dense on the way. Throws OutOfMemory before any work.
  CooMatrix<T> to_coo() const;

private:
  struct Terms;
  std::unique_ptr<Terms> terms_;
};

/// The Jacobian at a point: a linear operator. Its const functions may be called from several threads at once.
template <class T> class JacobianAt {
public:
  JacobianAt(std::shared_ptr<const detail::JacobianPlan> plan, const Values<T> &values, Device device);
  JacobianAt(JacobianAt &&) noexcept;
  JacobianAt &operator=(JacobianAt &&) noexcept;
  ~JacobianAt();

  Index rows() const; ///< pq
  Index cols() const; ///< mn; n(n+1)/2 of a symmetric variable; the sum of several variables' entries

  /// Moves to another point; symbols that are not named keep their values. Allocates nothing (a GPU: after two calls).
  void update(const Values<T> &values);

  /// F at the point, p×q.
  MatrixView<const T> value() const;

  /// y = J·x. x is one tangent of X's shape (then y has F's shape), or mn×k: k tangents, each the vec of one, side by
  /// side (then y is pq×k). A tangent of a symmetric variable is a vech, one of several variables their vecs stacked.
  /// Both lie on the operator's device. Allocates nothing after one call of a size (a GPU: two). Throws ShapeError, and
  /// DeviceError for memory that the device cannot reach.
  void apply(MatrixView<const T> x, MatrixView<T> y) const;
  Matrix<T> apply(MatrixView<const T> x) const;
  /// y = Jᵀ·x, with the same two forms: one cotangent of F's shape, or pq×k.
  void apply_transpose(MatrixView<const T> x, MatrixView<T> y) const;
  Matrix<T> apply_transpose(MatrixView<const T> x) const;

  /// The dense Jacobian, written into `out`. Throws ShapeError, and OutOfMemory before any work. One that does not fit
  /// into memory can go to a file: kronvec/jacobian_file.hpp.
  void to_dense(MatrixView<T> out, const DenseOptions &options = {}) const;
  Matrix<T> to_dense(const DenseOptions &options = {}) const;

  /// J as an operator that combines with others, as D⁺·J·D and J·Jᵀ do; it follows `update`.
  Operator<T> as_operator() const;

  /// The terms, for blocks, rows, columns and entries of a J that need not exist. Throws Error where there are none
  /// (`Jacobian::has_terms`).
  FactoredJacobian<T> factored() const { return FactoredJacobian<T>(point_); }
  /// J in compressed rows, nothing dense on the way: small where F leaves most of J zero, as elementwise functions, XᵀX
  /// and A ⊗ X do. Throws Error where J has no terms.
  CsrMatrix<T> to_sparse() const { return compressed(factored().to_coo()); }

private:
  friend const detail::Point<T> &detail::point_of<T>(const JacobianAt<T> &);

  std::shared_ptr<detail::Point<T>> point_;
};

/// The Jacobian of F with respect to X as a plan: the differential, built once, good for every point.
class Jacobian {
public:
  /// Throws ShapeError for a symmetric variable that is not square.
  Jacobian(const Expression &f, const Symbol &x, Structure structure = Structure::general);
  /// Of several variables: the blocks [∂vec F/∂(vec X)ᵀ  ∂vec F/∂(vec Y)ᵀ …]. Throws Error for one named twice.
  Jacobian(const Expression &f, const std::vector<Symbol> &variables);
  Index rows() const; ///< pq
  Index cols() const; ///< as `JacobianAt`
  /// Whether J has terms, so that the method `structured` can write it.
  bool has_terms() const;
  /// How a dense J would be written and why so: its terms, flops per entry, time over that of writing J once, memory.
  std::string explain(Layout layout = Layout::numerator, std::size_t element = sizeof(double)) const;
  /// Bytes of a dense J with elements of this size, and of what `to_dense` holds beside it.
  double dense_bytes(Method method = Method::automatic, std::size_t element = sizeof(double)) const;
  /// The operator at a point. Throws DomainError, ShapeError, OutOfMemory.
  template <class T = double>
  JacobianAt<T> at(const Values<std::type_identity_t<T>> &values, Device device = Device::cpu()) const {
    return JacobianAt<T>(plan_, values, device);
  }
  /// The operators at many points at once: kronvec/jacobian_at_points.hpp.
  template <class T = double> JacobianAtPoints<T> at_points(const Values<std::type_identity_t<T>> &values, Index points,
                                                            Device device = Device::cpu()) const;

private:
  std::shared_ptr<const detail::JacobianPlan> plan_;
};

inline Jacobian jacobian(const Expression &f, const Symbol &x, Structure structure = Structure::general) {
  return {f, x, structure};
}
inline Jacobian jacobian(const Expression &f, const std::vector<Symbol> &variables) { return {f, variables}; }

/// The gradient matrix G of a scalar f, of X's shape: df = tr(GᵀdX), vec G = Dfᵀ (ledger D0). An expression, which can
/// be evaluated and differentiated again. Throws ShapeError if f is no scalar.
Expression gradient(const Expression &f, const Symbol &x);

/// The Hessian of a scalar f, mn×mn: the Jacobian of its gradient. Its `apply` is a Hessian-vector product.
inline Jacobian hessian(const Expression &f, const Symbol &x) { return {gradient(f, x), x}; }

/// DF·dX, of F's shape: forward mode (ledger M2, E21).
template <class T = double>
Matrix<T> jvp(const Expression &f, const Symbol &x, const Values<std::type_identity_t<T>> &values,
              MatrixView<const std::type_identity_t<T>> tangent, Device device = Device::cpu()) {
  return jacobian(f, x).at<T>(values, device).apply(tangent);
}

/// The matrix G of X's shape with vec G = DFᵀ·vec U: reverse mode (ledger M3, E21).
template <class T = double>
Matrix<T> vjp(const Expression &f, const Symbol &x, const Values<std::type_identity_t<T>> &values,
              MatrixView<const std::type_identity_t<T>> cotangent, Device device = Device::cpu()) {
  return jacobian(f, x).at<T>(values, device).apply_transpose(cotangent);
}

} // namespace kronvec

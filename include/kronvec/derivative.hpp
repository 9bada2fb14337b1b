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
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

template <class T> class Operator; // kronvec/operators.hpp

/// A value for a symbol: a matrix that outlives the binding, a temporary matrix, which the binding keeps, or a number,
/// which is a 1×1 matrix. A plan that takes the value copies it.
template <class T> struct Binding {
  static_assert(Real<T>, "expressions are evaluated in float or double");

  Binding(const Symbol &x, MatrixView<const T> view) : symbol(x), value(view) {}
  Binding(const Symbol &x, const Matrix<T> &matrix) : symbol(x), value(matrix.view()) {}
  Binding(const Symbol &x, Matrix<T> &&temporary)
      : symbol(x), kept(std::make_shared<const Matrix<T>>(std::move(temporary))), value(kept->view()) {}
  Binding(const Symbol &x, T number) : Binding(x, Matrix<T>{{number}}) {}
  template <class U>
  requires(!std::is_convertible_v<const U &, MatrixView<const T>> && !std::is_convertible_v<const U &, T>)
      Binding(const Symbol &x, const U &)
      : symbol(x) {
    static_assert(std::is_void_v<U>, "the value of a symbol is a Matrix, a MatrixView or a number, of the type that "
                                     "the function is evaluated in");
  }

  Symbol symbol;
  std::shared_ptr<const Matrix<T>> kept; ///< null unless the value was a temporary
  MatrixView<const T> value;
};

/// Values for symbols, in host memory or on the device. If a symbol has several values, the last one counts. For a
/// Jacobian, a symbol that does not occur in the function is an error, unless the list is passed as
/// `values.allow_unused()`.
template <class T> class Values {
  static_assert(Real<T>, "expressions are evaluated in float or double");

public:
  Values();
  Values(std::initializer_list<Binding<T>> bindings);
  Values(const Values &other);
  Values(Values &&other) noexcept;
  Values &operator=(Values other) noexcept;
  ~Values();

  void push_back(const Binding<T> &binding);
  /// The same list, for a function in which some of the symbols may be missing: one list for several functions.
  Values allow_unused() const;
  bool allows_unused() const { return allows_unused_; }
  std::size_t size() const;
  Binding<T> *begin();
  Binding<T> *end();
  const Binding<T> *begin() const;
  const Binding<T> *end() const;
  Binding<T> &operator[](std::size_t k) { return begin()[k]; }
  const Binding<T> &operator[](std::size_t k) const { return begin()[k]; }

private:
  struct List; // private to the library: a program in libstdc++'s debug mode has another std::vector
  std::unique_ptr<List> list_;
  bool allows_unused_ = false;
};

/// The value of F, on the device. Symbols that do not occur in F are ignored, so one list serves several functions.
/// Throws DomainError for a symbol without a value, ShapeError for a value of another shape.
template <class T = double> KRONVEC_API Matrix<T>
evaluate(const Expression &f, const Values<std::type_identity_t<T>> &values, Device device = Device::cpu());

/// How a dense Jacobian is computed.
enum class Method {
  automatic,    ///< the fastest of structured, forward and reverse, by prediction
  structured,   ///< J written in one pass from its terms in Kronecker structure (ledger M5)
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

/// What a function is differentiated by: the entries of a symbol, or of a symmetric one its lower triangle.
class Variable {
public:
  Variable(const Symbol &x) : symbol_(x) {}
  const Symbol &symbol() const noexcept { return symbol_; }
  bool is_symmetric() const noexcept { return symmetric_; }
  /// Number of free entries: mn, or n(n + 1)/2.
  Index size() const;

private:
  friend Variable symmetric(const Symbol &x);
  Symbol symbol_;
  bool symmetric_ = false;
};

/// X = Xᵀ: the free entries are vech X, so ∂vec F/∂(vech X)ᵀ = J·D, with the duplication matrix D. Throws ShapeError if
/// X is not square. `at` and `update` throw DomainError for a value that is not symmetric (on a GPU they do not look).
Variable symmetric(const Symbol &x);

/// Called from time to time with the fraction that is done, in [0, 1].
using Progress = std::function<void(double)>;

struct DenseOptions {
  Method method = Method::automatic;
  Layout layout = Layout::numerator;
  Progress progress = {};
  /// For `numeric`: receives the estimated error of the differences, max |J − Ĵ|, from truncation (by Richardson's
  /// comparison with twice the step) and from rounding. Asking for it doubles the number of evaluations.
  double *implied_error = nullptr;
};

class Jacobian;
template <class T> class FactoredJacobian;
template <class T> class JacobianAt;
template <class T> class JacobianAtPoints; // kronvec/jacobian_at_points.hpp

} // namespace KRONVEC_ABI
} // namespace kronvec

namespace kronvec::detail {
struct JacobianPlan; // host/calculus/jacobian/plan.hpp
Jacobian jacobian_of(std::shared_ptr<const JacobianPlan> plan);
template <class T> class Point;
template <class T> const Point<T> &point_of(const JacobianAt<T> &j);
template <class T> FactoredJacobian<T> factored(std::shared_ptr<const Point<T>> point);
} // namespace kronvec::detail

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// A Jacobian at a point, stored as its terms: it holds only the small arrays that the terms read, never J. It refers
/// to the JacobianAt that made it and becomes invalid with the next `update` of that JacobianAt. Its const functions
/// may be called from several threads at once.
template <class T> class FactoredJacobian {
public:
  FactoredJacobian(FactoredJacobian &&) noexcept;
  FactoredJacobian &operator=(FactoredJacobian &&) noexcept;
  ~FactoredJacobian();

  Index rows() const;
  Index cols() const;
  std::size_t bytes() const; ///< of the arrays made for the terms
  /// Writes the window of J (numerator layout) that starts at entry (row, col) and has out's shape. Throws ShapeError.
  void block(Index row, Index col, MatrixView<T> out) const;
  Matrix<T> row(Index i) const;    ///< 1×mn
  Matrix<T> column(Index j) const; ///< pq×1
  T entry(Index i, Index j) const;
  /// Max number of entries of `to_coo`: all that the structure of F allows to be nonzero.
  Index stored() const;
  /// Peak memory, in bytes, while a sparse J is made: three values and five indices per entry.
  double sparse_bytes() const;
  /// The stored entries, without a dense intermediate. Throws OutOfMemory before any work.
  CooMatrix<T> to_coo() const;

private:
  friend FactoredJacobian detail::factored<T>(std::shared_ptr<const detail::Point<T>> point);
  explicit FactoredJacobian(std::shared_ptr<const detail::Point<T>> point);

  struct StoredTerms;
  std::unique_ptr<StoredTerms> terms_;
};

/// The Jacobian at a point: a linear operator. Its const functions may be called from several threads at once.
template <class T> class JacobianAt {
public:
  JacobianAt(JacobianAt &&) noexcept;
  JacobianAt &operator=(JacobianAt &&) noexcept;
  ~JacobianAt();

  Index rows() const; ///< pq
  Index cols() const; ///< mn; n(n+1)/2 for a symmetric variable; for several variables the sum of their entries

  /// Moves to another point. Symbols that are not named keep their values. Does not allocate (on a GPU: after two
  /// calls). Throws DomainError for a symbol that does not occur, and ShapeError, before it changes a value.
  /// Waits for a GPU if a slope of F may be infinite at some point, by a pole or by overflow.
  void update(const Values<T> &values);

  /// F at the point, p×q.
  MatrixView<const T> value() const;

  /// y = J·x. x is either one tangent of X's shape (then y has F's shape), or mn×k: k tangents side by side, each the
  /// vec of one (then y is pq×k). A tangent of a symmetric variable is a vech; a tangent of several variables is their
  /// vecs, stacked. Both x and y lie on the operator's device. Does not allocate after the first call with a given size
  /// (on a GPU: after the second). Throws ShapeError, and DeviceError for memory that the device cannot reach.
  void apply(MatrixView<const T> x, MatrixView<T> y) const;
  Matrix<T> apply(MatrixView<const T> x) const;
  /// y = Jᵀ·x, with the same two forms of x: one cotangent of F's shape, or pq×k.
  void apply_transpose(MatrixView<const T> x, MatrixView<T> y) const;
  Matrix<T> apply_transpose(MatrixView<const T> x) const;

  /// Writes the dense Jacobian into `out`. Throws ShapeError, and OutOfMemory before any work. A Jacobian that does not
  /// fit into memory can go to a file: kronvec/jacobian_file.hpp.
  void to_dense(MatrixView<T> out, const DenseOptions &options = {}) const;
  Matrix<T> to_dense(const DenseOptions &options = {}) const;

  /// J as an operator that combines with others, for example D⁺·J·D or J·Jᵀ. It follows `update`.
  Operator<T> as_operator() const;

  /// The terms of J, for blocks, rows, columns and entries without materialising J. Throws Error if J has no terms
  /// (`Jacobian::has_terms`).
  FactoredJacobian<T> factored() const;
  /// J in compressed rows, without a dense intermediate. It is small if most of J is structurally zero, as for
  /// elementwise functions, XᵀX and A ⊗ X. Throws Error if J has no terms.
  CsrMatrix<T> to_sparse() const { return compressed(factored().to_coo()); }

private:
  friend class Jacobian;
  friend const detail::Point<T> &detail::point_of<T>(const JacobianAt<T> &);
  JacobianAt(std::shared_ptr<const detail::JacobianPlan> plan, const Values<T> &values, Device device);

  std::shared_ptr<detail::Point<T>> point_;
};

/// The Jacobian of F with respect to X as a plan: the differential is built once and serves every point.
class Jacobian {
public:
  Index rows() const; ///< pq
  Index cols() const; ///< see `JacobianAt::cols`
  /// Whether J has terms, that is, whether the method `structured` can write it.
  bool has_terms() const;
  /// How a dense J with entries of type T would be written on the device, and why: its terms, flops per entry,
  /// predicted time relative to writing J once, memory.
  template <class T = double>
  KRONVEC_API std::string explain(Layout layout = Layout::numerator, Device device = Device::cpu()) const;
  /// Bytes of a dense J with entries of type T, plus what `to_dense` with these options holds beside it on the device.
  template <class T = double>
  KRONVEC_API double dense_bytes(const DenseOptions &options = {}, Device device = Device::cpu()) const;
  /// The operator at a point. Throws DomainError, ShapeError, OutOfMemory.
  template <class T = double>
  JacobianAt<T> at(const Values<std::type_identity_t<T>> &values, Device device = Device::cpu()) const {
    return JacobianAt<T>(plan_, values, device);
  }
  /// The operators at many points: kronvec/jacobian_at_points.hpp. Throws DomainError for a symbol without a value, and
  /// for a point at which F has no value (the message names the point); ShapeError; OutOfMemory if the values at the
  /// points do not fit.
  template <class T = double> KRONVEC_API JacobianAtPoints<T>
  at_points(const Values<std::type_identity_t<T>> &values, Index points, Device device = Device::cpu()) const;

private:
  friend Jacobian detail::jacobian_of(std::shared_ptr<const detail::JacobianPlan> plan);
  explicit Jacobian(std::shared_ptr<const detail::JacobianPlan> plan);

  std::shared_ptr<const detail::JacobianPlan> plan_;
};

/// The Jacobian of F with respect to X, ∂vec F/∂(vec X)ᵀ; or to several variables, as in jacobian(F, {X,
/// symmetric(P)}): the blocks [∂vec F/∂(vec X)ᵀ  ∂vec F/∂(vech P)ᵀ …]. Throws Error if a variable is named twice.
Jacobian jacobian(const Expression &f, std::span<const Variable> variables);
inline Jacobian jacobian(const Expression &f, const Variable &x) { return jacobian(f, std::span(&x, 1)); }
inline Jacobian jacobian(const Expression &f, std::initializer_list<Variable> variables) {
  return jacobian(f, std::span(variables.begin(), variables.size()));
}

/// The gradient matrix G of a scalar f, of X's shape: df = tr(GᵀdX), vec G = Dfᵀ (ledger D0). For a symmetric variable,
/// and for several variables, it is the column Dfᵀ: the derivatives by the free entries, stacked. The result is an
/// expression that can be evaluated and differentiated again. Throws ShapeError if f is not a scalar, and Error if a
/// variable is named twice.
Expression gradient(const Expression &f, std::span<const Variable> variables);
inline Expression gradient(const Expression &f, const Variable &x) { return gradient(f, std::span(&x, 1)); }
inline Expression gradient(const Expression &f, std::initializer_list<Variable> variables) {
  return gradient(f, std::span(variables.begin(), variables.size()));
}

/// The Hessian of a scalar f: the Jacobian of its gradient by the same variables, one row and one column for each of
/// their free entries. Its `apply` is a Hessian-vector product. Throws as `gradient` does.
Jacobian hessian(const Expression &f, std::span<const Variable> variables);
inline Jacobian hessian(const Expression &f, const Variable &x) { return hessian(f, std::span(&x, 1)); }
inline Jacobian hessian(const Expression &f, std::initializer_list<Variable> variables) {
  return hessian(f, std::span(variables.begin(), variables.size()));
}

/// DF·dX, of F's shape: forward mode (ledger M2, E21). Symbols that do not occur in F are ignored.
template <class T = double>
Matrix<T> jvp(const Expression &f, const Variable &x, const Values<std::type_identity_t<T>> &values,
              MatrixView<const std::type_identity_t<T>> tangent, Device device = Device::cpu()) {
  return jacobian(f, x).at<T>(values.allow_unused(), device).apply(tangent);
}

/// The matrix G of X's shape with vec G = DFᵀ·vec U (a vech for a symmetric X): reverse mode (ledger M3, E21). Symbols
/// that do not occur in F are ignored.
template <class T = double>
Matrix<T> vjp(const Expression &f, const Variable &x, const Values<std::type_identity_t<T>> &values,
              MatrixView<const std::type_identity_t<T>> cotangent, Device device = Device::cpu()) {
  return jacobian(f, x).at<T>(values.allow_unused(), device).apply_transpose(cotangent);
}

} // namespace KRONVEC_ABI
} // namespace kronvec

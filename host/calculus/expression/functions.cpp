/// Functions of matrices: nodes of their own if they need an algorithm, otherwise compositions that keep their name.

#include "calculus/expression/make.hpp"

#include <algorithm>
#include <cmath>

namespace kronvec::inline KRONVEC_ABI {

Expression inverse(const Expression &u) {
  require_square("inv", u);
  return make(Kind::inverse, u.shape(), {u.node()});
}

Expression solve(const Expression &u, const Expression &v) {
  require_square("solve", u);
  if (u.rows() != v.rows())
    throw ShapeError("shapes do not agree: solve(" + to_string(u.shape()) + ", " + to_string(v.shape()) + ")");
  if (u.is_scalar()) return quotient(v, u);
  return make(Kind::solve, v.shape(), {u.node(), v.node()});
}

Expression det(const Expression &u) {
  require_square("det", u);
  return u.is_scalar() ? u : make(Kind::det, {1, 1}, {u.node()});
}

Expression logdet(const Expression &u) {
  require_square("logdet", u);
  return u.is_scalar() ? log(abs(u)) : make(Kind::logdet, {1, 1}, {u.node()});
}

Expression signdet(const Expression &u) {
  require_square("signdet", u);
  return u.is_scalar() ? sign(u) : make(Kind::signdet, {1, 1}, {u.node()});
}

Expression adjugate(const Expression &u) {
  require_square("adj", u);
  return u.is_scalar() ? Expression(1) : make(Kind::adjugate, u.shape(), {u.node()});
}

AdjugateFactors::AdjugateFactors(const Expression &a)
    : AdjugateFactors(make(Kind::adjugate_factors, {a.rows(), 3 * a.rows()}, {a.node()}), a.rows()) {}

AdjugateFactors::AdjugateFactors(const Expression &all, Index n)
    : v(extract(all, {0, n}, {n, n})), w(extract(all, {n * n, n}, {n, n})), p(extract(all, {2 * n * n, n}, {n, n})) {}

Expression adjugate_derivative(const Expression &a, const Expression &u) {
  if (a.is_scalar()) return zeros(1, 1);
  const AdjugateFactors of(a);
  const Expression m = transpose(of.w) * u * of.v;
  const Expression meaning = of.v * (diag(of.p * diag(m)) - hadamard(of.p, m)) * transpose(of.w);
  return named("dadj", meaning, {a, u});
}

Expression cholesky(const Expression &u) {
  require_square("chol", u);
  return named("chol", make(Kind::cholesky, u.shape(), {(0.5 * (u + transpose(u))).node()}), {u});
}

Expression expm(const Expression &u) {
  require_square("expm", u);
  return u.is_scalar() ? exp(u) : make(Kind::expm, u.shape(), {u.node()});
}

namespace {

/// The upper right block of exp [A U; 0 B], all blocks n×n.
Expression corner_of_exponential(const Expression &a, const Expression &u, const Expression &b) {
  const Index n = a.rows(), side = 2 * n;
  const Window above{0, side}, beside{n * side, side}, below{n * side + n, side};
  const Shape shape{side, side};
  return extract(expm(embed(a, above, shape) + embed(b, below, shape) + embed(u, beside, shape)), beside, a.shape());
}

} // namespace

Expression expm_derivative(const Expression &a, const Expression &u) {
  require_square("dexpm", a);
  if (a.shape() != u.shape())
    throw ShapeError("shapes do not agree: dexpm(" + to_string(a.shape()) + ", " + to_string(u.shape()) + ")");
  if (a.is_scalar()) return hadamard(exp(a), u);
  return named("dexpm", corner_of_exponential(a, u, a), {a, u});
}

Expression expm_jacobian(const Expression &a) {
  require_square("jexpm", a);
  if (a.is_scalar()) return exp(a);
  const Expression i = eye(a.rows()), m = kron(transpose(a), i) - kron(i, a);
  const Expression phi = corner_of_exponential(m, eye(m.rows()), zeros(m.rows(), m.rows())); // ∫₀¹ exp(sM) ds
  return named("jexpm", kron(i, expm(a)) * phi, {a});
}

Expression commutation_matrix(Index m, Index n) {
  if (m <= 1 || n <= 1) return eye(Shape{m, n}.size());
  const Index size = Shape{m, n}.size();
  auto node = std::make_shared<Node>(Kind::commutation, Shape{size, size});
  node->middle = {1, m, n};
  return Expression(std::move(node));
}

Expression among_zeros(Index before, Index n, Index after) {
  Expression e = eye(n);
  if (before > 0) e = direct_sum(zeros(before, 0), e);
  return after > 0 ? direct_sum(e, zeros(after, 0)) : e;
}

Expression elimination_matrix(Index n) { return make(Kind::elimination, {triangle(n), Shape{n, n}.size()}); }

Expression trace(const Expression &u) {
  require_square("tr", u);
  return u.is_scalar() ? u : make(Kind::trace, {1, 1}, {u.node()});
}

Expression sum(const Expression &u) { return u.is_scalar() ? u : make(Kind::sum, {1, 1}, {u.node()}); }
Expression norm1(const Expression &u) { return sum(abs(u)); }
Expression norm2(const Expression &u) { return u.is_scalar() ? abs(u) : make(Kind::norm2, {1, 1}, {u.node()}); }
Expression inner(const Expression &u, const Expression &v) {
  if (u.shape() != v.shape())
    throw ShapeError("shapes do not agree: inner(" + to_string(u.shape()) + ", " + to_string(v.shape()) + ")");
  return u.is_scalar() ? hadamard(u, v) : make(Kind::inner, {1, 1}, {u.node(), v.node()});
}

Index triangle(Index n) { return n % 2 ? (n + 1) / 2 * n : n / 2 * (n + 1); }

Index triangle_side(Index entries) {
  Index n = static_cast<Index>(std::sqrt(2.0 * static_cast<double>(entries)));
  while (triangle(n) < entries)
    ++n;
  return n;
}

Expression extract(const Expression &u, Window window, Shape shape) {
  auto node = std::make_shared<Node>(Kind::extract, shape, std::vector{u.node()});
  node->window = window;
  return Expression(std::move(node));
}

Expression embed(const Expression &u, Window window, Shape shape) {
  auto node = std::make_shared<Node>(Kind::embed, shape, std::vector{u.node()});
  node->window = window;
  return Expression(std::move(node));
}

Expression permute(const Expression &u, MiddleCommutation middle, Shape shape) {
  if (middle.m == 1 || middle.n == 1) return unvec(u, shape.rows, shape.cols);
  auto node = std::make_shared<Node>(Kind::permute, shape, std::vector{u.node()});
  node->middle = middle;
  return Expression(std::move(node));
}

Expression unvech(const Expression &u) {
  const Index n = triangle_side(u.rows());
  if (u.cols() != 1 || triangle(n) != u.rows())
    throw ShapeError("unvech needs a column of n(n + 1)/2 entries, not " + to_string(u.shape()));
  return make(Kind::unvech, {n, n}, {u.node()});
}

namespace {

/// A matrix whose rows are all equal to `row`.
Expression repeated(Index rows, const Expression &row) { return ones(rows, 1) * row; }

} // namespace

Expression diag(const Expression &u) {
  if (u.is_scalar()) return u;
  const Index n = std::max(u.rows(), u.cols());
  const Window diagonal{0, n + 1};
  if (u.rows() == 1 || u.cols() == 1) return named("diag", embed(unvec(u, 1, n), diagonal, {n, n}), {u});
  require_square("diag", u);
  return named("diag", unvec(extract(u, diagonal, {1, n}), n, 1), {u});
}

Expression vech(const Expression &u) {
  require_square("vech", u);
  return u.is_scalar() ? u : make(Kind::vech, {triangle(u.rows()), 1}, {u.node()});
}

Expression kron(const Expression &u, const Expression &v) {
  if (u.is_scalar() || v.is_scalar()) return hadamard(u, v);
  const Shape shape{Shape{u.rows(), v.rows()}.size(), Shape{u.cols(), v.cols()}.size()};
  // vec(U ⊗ V) = (I ⊗ K[q,m] ⊗ I)(vec U ⊗ vec V) for U m×n, V p×q (ledger V7), and vec U ⊗ vec V = vec(vec V · vec Uᵀ).
  const Expression outer = unvec(v, v.shape().size(), 1) * unvec(u, 1, u.shape().size());
  return named("kron", permute(outer, {v.rows(), v.cols(), u.rows()}, shape), {u, v});
}

Expression khatri_rao(const Expression &u, const Expression &v) {
  if (u.cols() != v.cols())
    throw ShapeError("shapes do not agree: khatrirao(" + to_string(u.shape()) + ", " + to_string(v.shape()) + ")");
  return named("khatrirao", hadamard(kron(u, ones(v.rows(), 1)), kron(ones(u.rows(), 1), v)), {u, v});
}

Expression direct_sum(const Expression &u, const Expression &v) {
  const Shape shape{u.rows() + v.rows(), u.cols() + v.cols()};
  const Window first{0, shape.rows}, second{u.cols() * shape.rows + u.rows(), shape.rows};
  return named("dirsum", embed(u, first, shape) + embed(v, second, shape), {u, v});
}

namespace {

/// With s the largest entry of each column: s, U − 1·s, and the row Σᵢ exp(uᵢⱼ − sⱼ), which is 1 at least.
struct ShiftedColumns {
  explicit ShiftedColumns(const Expression &u)
      : shift(make(Kind::column_shift, {1, u.cols()}, {u.node()})), rest(u - repeated(u.rows(), shift)),
        sums(ones(1, u.rows()) * exp(rest)) {}
  Expression shift, rest, sums;
};

} // namespace

Expression logsumexp(const Expression &u) {
  const ShiftedColumns of(u);
  return named("logsumexp", of.shift + log(of.sums), {u});
}

Expression softmax(const Expression &u) {
  const ShiftedColumns of(u);
  return named("softmax", quotient(exp(of.rest), repeated(u.rows(), of.sums)), {u});
}

Expression logsoftmax(const Expression &u) {
  const ShiftedColumns of(u);
  return named("logsoftmax", of.rest - repeated(u.rows(), log(of.sums)), {u});
}

Expression named_function(const std::string &name, const std::vector<Expression> &u) {
  if (name == "kron") return kron(u[0], u[1]);
  if (name == "khatrirao") return khatri_rao(u[0], u[1]);
  if (name == "dirsum") return direct_sum(u[0], u[1]);
  if (name == "diag") return diag(u[0]);
  if (name == "chol") return cholesky(u[0]);
  if (name == "softmax") return softmax(u[0]);
  if (name == "logsoftmax") return logsoftmax(u[0]);
  if (name == "dadj") return adjugate_derivative(u[0], u[1]);
  if (name == "logsumexp") return logsumexp(u[0]);
  if (name == "dexpm") return expm_derivative(u[0], u[1]);
  if (name == "jexpm") return expm_jacobian(u[0]);
  if (name == "d") return named("d", u[0], {u[0]}); // the differential of U, as derivations write it
  throw Error("no function is called " + name);
}

} // namespace kronvec

#include "kronvec/expression.hpp"

#include "calculus/node.hpp"

#include <algorithm>
#include <cmath>

namespace kronvec {

Node::Node(Kind k, Shape s, std::vector<NodePtr> us, double a, double b)
    : kind(k), shape(s), operands(std::move(us)), alpha(a), beta(b) {
  (void)shape.size(); // refuses sizes beyond 63 bits
}

Node::~Node() { release_operands(std::move(operands)); }

namespace {

Expression make(Kind kind, Shape shape, std::vector<NodePtr> operands = {}, double alpha = 0, double beta = 0) {
  return Expression(std::make_shared<Node>(kind, shape, std::move(operands), alpha, beta));
}

bool is(const Expression &u, Kind kind) { return u.node()->kind == kind; }
bool is_number(const Expression &u) { return is(u, Kind::number); }
double number(const Expression &u) { return u.node()->alpha; }

[[noreturn]] void disagree(const char *operation, const Expression &u, const Expression &v) {
  throw ShapeError(std::string("shapes do not agree: ") + to_string(u.shape()) + " " + operation + " " +
                   to_string(v.shape()));
}

/// The shape of an entrywise operation in which a scalar broadcasts.
Shape entrywise_shape(const char *operation, const Expression &u, const Expression &v) {
  if (u.shape() == v.shape() || v.is_scalar()) return u.shape();
  if (u.is_scalar()) return v.shape();
  disagree(operation, u, v);
}

Expression combine(const char *operation, double alpha, const Expression &u, double beta, const Expression &v) {
  const Shape shape = entrywise_shape(operation, u, v);
  if (is_number(u) && is_number(v)) return alpha * number(u) + beta * number(v);
  return make(Kind::add, shape, {u.node(), v.node()}, alpha, beta);
}

Expression scaled(double alpha, const Expression &u) {
  if (alpha == 1) return u;
  if (is_number(u)) return alpha * number(u);
  if (is(u, Kind::scale)) return scaled(alpha * u.node()->alpha, u.node()->operand(0));
  return make(Kind::scale, u.shape(), {u.node()}, alpha);
}

/// What function `name` of these arguments means.
Expression named(const char *name, const Expression &meaning, std::initializer_list<Expression> arguments) {
  auto node = std::make_shared<Node>(Kind::named, meaning.shape(), std::vector{meaning.node()});
  for (const Expression &argument : arguments)
    node->operands.push_back(argument.node());
  node->name = name;
  return Expression(std::move(node));
}

void require_square(const char *operation, const Expression &u) {
  if (u.rows() != u.cols())
    throw ShapeError(std::string(operation) + " needs a square matrix, not " + to_string(u.shape()));
}

} // namespace

Expression::Expression(double number)
    : node_(std::make_shared<Node>(Kind::number, Shape{1, 1}, std::vector<NodePtr>{}, number)) {}

Shape Expression::shape() const { return node_->shape; }

Symbol::Symbol(std::string name, Index rows, Index cols)
    : Expression([&] {
        auto node = std::make_shared<Node>(Kind::symbol, Shape{rows, cols});
        node->name = std::move(name);
        return node;
      }()) {}

Symbol::Symbol(const Expression &f) : Expression(f) {
  if (node()->kind != Kind::symbol) throw Error("not a symbol: " + to_string(f));
}

const std::string &Symbol::name() const { return node()->name; }

Expression constant(MatrixView<const double> values) {
  auto node = std::make_shared<Node>(Kind::constant, values.shape());
  for (Index j = 0; j < values.cols(); ++j)
    for (Index i = 0; i < values.rows(); ++i)
      node->entries.push_back(values(i, j));
  return Expression(std::move(node));
}

Expression eye(Index n) { return make(Kind::eye, {n, n}); }
Expression zeros(Index rows, Index cols) { return make(Kind::filled, {rows, cols}, {}, 0); }
Expression ones(Index rows, Index cols) { return make(Kind::filled, {rows, cols}, {}, 1); }

Expression operator+(const Expression &u, const Expression &v) { return combine("+", 1, u, 1, v); }
Expression operator-(const Expression &u, const Expression &v) { return combine("-", 1, u, -1, v); }
Expression operator-(const Expression &u) { return scaled(-1, u); }
Expression combination(double alpha, const Expression &u, double beta, const Expression &v) {
  return combine("+", alpha, u, beta, v);
}

Expression operator*(const Expression &u, const Expression &v) {
  if (is_number(u)) return scaled(number(u), v);
  if (is_number(v)) return scaled(number(v), u);
  if (u.is_scalar() || v.is_scalar()) return hadamard(u, v);
  if (u.cols() != v.rows()) disagree("*", u, v);
  return make(Kind::multiply, {u.rows(), v.cols()}, {u.node(), v.node()});
}

Expression operator/(const Expression &u, const Expression &v) {
  if (!v.is_scalar())
    throw ShapeError("/ divides by a scalar, not by " + to_string(v.shape()) +
                     " (./ divides entry by entry): " + to_string(u.shape()) + " / " + to_string(v.shape()));
  return quotient(u, v);
}

Expression transpose(const Expression &u) {
  if (is(u, Kind::transpose)) return u.node()->operand(0);
  if (u.is_scalar() || is(u, Kind::eye)) return u;
  return make(Kind::transpose, {u.cols(), u.rows()}, {u.node()});
}

Expression hadamard(const Expression &u, const Expression &v) {
  const Shape shape = entrywise_shape(".*", u, v);
  if (is_number(u)) return scaled(number(u), v);
  if (is_number(v)) return scaled(number(v), u);
  return make(Kind::hadamard, shape, {u.node(), v.node()});
}

Expression quotient(const Expression &u, const Expression &v) {
  const Shape shape = entrywise_shape("./", u, v);
  if (is_number(u) && is_number(v)) return number(u) / number(v);
  return make(Kind::quotient, shape, {u.node(), v.node()});
}

Expression pow(const Expression &u, const Expression &v) {
  const Shape shape = entrywise_shape(".^", u, v);
  if (!is_number(v)) return make(Kind::power, shape, {u.node(), v.node()});
  if (is_number(u)) return std::pow(number(u), number(v));
  if (number(v) == 0) return make(Kind::filled, shape, {}, 1);
  if (number(v) == 1) return u;
  if (number(v) == 2) return square(u);
  auto node = std::make_shared<Node>(Kind::elementwise, shape, std::vector{u.node()}, number(v));
  node->function = Function::pow;
  return Expression(std::move(node));
}

Expression matrix_power(const Expression &u, Index k) {
  require_square("^", u);
  if (u.is_scalar()) return pow(u, static_cast<double>(k));
  if (k < 0) {
    const Expression v = inverse(u);
    return k == -1 ? v : matrix_power(v, -(k + 1)) * v;
  }
  if (k == 0) return eye(u.rows());
  if (k == 1) return u;
  const Expression half = matrix_power(u, k / 2);
  return k % 2 ? half * half * u : half * half;
}

Expression inverse(const Expression &u) {
  require_square("inv", u);
  if (u.is_scalar()) return reciprocal(u);
  return make(Kind::inverse, u.shape(), {u.node()});
}

Expression solve(const Expression &u, const Expression &v) {
  require_square("solve", u);
  if (u.rows() != v.rows()) disagree("\\", u, v);
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

Expression adjugate(const Expression &u) {
  require_square("adjugate", u);
  return u.is_scalar() ? Expression(1) : make(Kind::adjugate, u.shape(), {u.node()});
}

Expression cholesky(const Expression &u) {
  require_square("chol", u);
  return named("chol", make(Kind::cholesky, u.shape(), {(0.5 * (u + transpose(u))).node()}), {u});
}

Expression expm(const Expression &u) {
  require_square("expm", u);
  return u.is_scalar() ? exp(u) : make(Kind::expm, u.shape(), {u.node()});
}

Expression expm_derivative(const Expression &a, const Expression &u) {
  const Index n = a.rows(), side = 2 * n;
  const Window above{0, side}, beside{n * side, side}, below{n * side + n, side};
  const Shape shape{side, side};
  return extract(expm(embed(a, above, shape) + embed(a, below, shape) + embed(u, beside, shape)), beside, a.shape());
}

Expression trace(const Expression &u) {
  require_square("tr", u);
  return u.is_scalar() ? u : make(Kind::trace, {1, 1}, {u.node()});
}

Expression sum(const Expression &u) { return u.is_scalar() ? u : make(Kind::sum, {1, 1}, {u.node()}); }
Expression norm1(const Expression &u) { return sum(abs(u)); }
Expression norm2(const Expression &u) { return sqrt(sum(square(u))); }
Expression vec(const Expression &u) { return unvec(u, u.shape().size(), 1); }

Expression unvec(const Expression &u, Index rows, Index cols) {
  const Shape shape{rows, cols};
  if (shape == u.shape()) return u;
  if (shape.size() != u.shape().size())
    throw ShapeError("unvec: " + to_string(u.shape()) + " has not as many entries as " + to_string(shape));
  return make(Kind::reshape, shape, {u.node()});
}

Expression inner(const Expression &u, const Expression &v) {
  if (u.shape() != v.shape()) disagree("inner", u, v);
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
  const Expression f = make(Kind::extract, shape, {u.node()});
  const_cast<Node &>(*f.node()).window = window; // made a moment ago, and nobody else has it
  return f;
}

Expression embed(const Expression &u, Window window, Shape shape) {
  const Expression f = make(Kind::embed, shape, {u.node()});
  const_cast<Node &>(*f.node()).window = window;
  return f;
}

Expression permute(const Expression &u, Middle middle, Shape shape) {
  if (middle.m == 1 || middle.n == 1) return unvec(u, shape.rows, shape.cols);
  const Expression f = make(Kind::permute, shape, {u.node()});
  const_cast<Node &>(*f.node()).middle = middle;
  return f;
}

Expression unvech(const Expression &u) {
  const Index n = triangle_side(u.rows());
  return make(Kind::unvech, {n, n}, {u.node()});
}

namespace {

/// What a named function stands for, any other expression itself.
const Node &meaning_of(const Node &f) { return f.kind == Kind::named ? meaning_of(*f.operands[0]) : f; }

/// A row, repeated as every row of a matrix.
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
  if (u.cols() != v.cols()) disagree("khatrirao", u, v);
  return named("khatrirao", hadamard(kron(u, ones(v.rows(), 1)), kron(ones(u.rows(), 1), v)), {u, v});
}

Expression direct_sum(const Expression &u, const Expression &v) {
  const Shape shape{u.rows() + v.rows(), u.cols() + v.cols()};
  const Window first{0, shape.rows}, second{u.cols() * shape.rows + u.rows(), shape.rows};
  return named("dirsum", embed(u, first, shape) + embed(v, second, shape), {u, v});
}

namespace {

/// The row log Σᵢ exp(uᵢⱼ), as its columns' largest entries and the logarithm of what is at least 1.
Expression stable_logsumexp(const Expression &u) {
  const Expression largest = make(Kind::column_max, {1, u.cols()}, {u.node()});
  return largest + log(ones(1, u.rows()) * exp(u - repeated(u.rows(), largest)));
}

} // namespace

Expression logsumexp(const Expression &u) { return named("logsumexp", stable_logsumexp(u), {u}); }

Expression softmax(const Expression &u) {
  return named("softmax", exp(u - repeated(u.rows(), stable_logsumexp(u))), {u});
}

namespace {

/// U where F = 1 + exp(U) or exp(U) + 1.
NodePtr exponent_in_one_plus_exp(const Node &f) {
  if (f.kind != Kind::add || f.alpha != 1 || f.beta != 1) return nullptr;
  for (const int i : {0, 1}) {
    const Node &one = *f.operands[i], &exp = *f.operands[1 - i];
    const bool is_one = (one.kind == Kind::number || one.kind == Kind::filled) && one.alpha == 1;
    if (is_one && exp.kind == Kind::elementwise && exp.function == Function::exp && exp.shape == f.shape)
      return exp.operands[0];
  }
  return nullptr;
}

} // namespace

Expression elementwise(Function f, const Expression &u) {
  if (f == Function::pow) throw Error("pow needs an exponent");
  if (f == Function::log) {
    const Node &v = meaning_of(*u.node());
    if (v.kind == Kind::elementwise && v.function == Function::exp) return v.operand(0);
    if (const NodePtr w = exponent_in_one_plus_exp(v)) return softplus(Expression(w));
  }
  auto node = std::make_shared<Node>(Kind::elementwise, u.shape(), std::vector{u.node()});
  node->function = f;
  return Expression(std::move(node));
}

} // namespace kronvec

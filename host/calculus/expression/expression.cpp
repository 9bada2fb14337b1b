/// Builds expressions and checks their shapes.

#include "kronvec/expression.hpp"

#include "calculus/expression/make.hpp"

#include <algorithm>
#include <cmath>

namespace kronvec::inline KRONVEC_ABI {

Node::Node(Kind k, Shape s, std::vector<NodePtr> us, double a, double b)
    : kind(k), shape(s), operands(std::move(us)), alpha(a), beta(b) {
  (void)shape.size(); // throws for sizes beyond 63 bits
}

Node::~Node() { release_operands(std::move(operands)); }

namespace {

bool is(const Expression &u, Kind kind) { return u.node()->kind == kind; }
bool is_number(const Expression &u) { return is(u, Kind::number); }
double number(const Expression &u) { return u.node()->alpha; }

[[noreturn]] void disagree(const char *operation, const Expression &u, const Expression &v) {
  throw ShapeError(std::string("shapes do not agree: ") + to_string(u.shape()) + " " + operation + " " +
                   to_string(v.shape()));
}

/// The shape of an entrywise operation; a scalar broadcasts.
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

Expression hadamard_or_zero(const Expression &u, const Expression &v) {
  return make(Kind::hadamard_or_zero, entrywise_shape(".*", u, v), {u.node(), v.node()});
}

Expression quotient_or_zero(const Expression &u, const Expression &v) {
  return make(Kind::quotient_or_zero, entrywise_shape("./", u, v), {u.node(), v.node()});
}

Expression power_of_logarithm(const Expression &u, const Expression &v, int k) {
  return make(Kind::power, entrywise_shape(".^", u, v), {u.node(), v.node()}, k);
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

Expression vec(const Expression &u) { return unvec(u, u.shape().size(), 1); }

Expression unvec(const Expression &u, Index rows, Index cols) {
  const Shape shape{rows, cols};
  if (shape == u.shape()) return u;
  if (shape.size() != u.shape().size())
    throw ShapeError("unvec: " + to_string(u.shape()) + " has not as many entries as " + to_string(shape));
  return make(Kind::reshape, shape, {u.node()});
}

Expression elementwise(Function f, const Expression &u) {
  if (f == Function::pow) throw Error("pow needs an exponent");
  auto node = std::make_shared<Node>(Kind::elementwise, u.shape(), std::vector{u.node()});
  node->function = f;
  return Expression(std::move(node));
}

} // namespace kronvec

#include "calculus/element_method.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace kronvec::detail {
namespace {

/// A number and its derivative by one variable.
struct Dual {
  double value = 0, slope = 0;
};

Dual operator+(Dual u, Dual v) { return {u.value + v.value, u.slope + v.slope}; }
Dual operator-(Dual u, Dual v) { return {u.value - v.value, u.slope - v.slope}; }

/// A slope of zero stays zero, whatever the coefficient: nothing changes where nothing moves.
double chain(double coefficient, double slope) { return slope == 0 ? 0 : coefficient * slope; }

Dual operator*(Dual u, Dual v) { return {u.value * v.value, chain(v.value, u.slope) + chain(u.value, v.slope)}; }
Dual operator/(Dual u, Dual v) {
  return {u.value / v.value, chain(1 / v.value, u.slope) - chain(u.value / (v.value * v.value), v.slope)};
}
Dual power(Dual u, Dual v) {
  const double value = std::pow(u.value, v.value);
  return {value, chain(v.value * std::pow(u.value, v.value - 1), u.slope) + chain(value * std::log(u.value), v.slope)};
}

double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

/// σ(x) and σ′(x).
struct Pair {
  double value, slope;
};

Pair algebraic(Function f, double c, double x) {
  switch (f) {
  case Function::abs:
    return {std::abs(x), sign(x)};
  case Function::sign:
    return {sign(x), 0};
  case Function::step:
    return {std::isnan(x) ? x : double(x > 0), 0};
  case Function::relu:
    return {x < 0 ? 0 : x, double(x > 0)};
  case Function::square:
    return {x * x, 2 * x};
  case Function::sqrt:
    return {std::sqrt(x), 1 / (2 * std::sqrt(x))};
  case Function::cbrt:
    return {std::cbrt(x), 1 / (3 * std::cbrt(x) * std::cbrt(x))};
  case Function::reciprocal:
    return {1 / x, -1 / (x * x)};
  default:
    return {std::pow(x, c), c * std::pow(x, c - 1)};
  }
}

Pair transcendental(Function f, double x) {
  switch (f) {
  case Function::exp:
    return {std::exp(x), std::exp(x)};
  case Function::expm1:
    return {std::expm1(x), std::exp(x)};
  case Function::log:
    return {std::log(x), 1 / x};
  case Function::log1p:
    return {std::log1p(x), 1 / (1 + x)};
  case Function::sin:
    return {std::sin(x), std::cos(x)};
  case Function::cos:
    return {std::cos(x), -std::sin(x)};
  case Function::tan:
    return {std::tan(x), 1 / (std::cos(x) * std::cos(x))};
  case Function::asin:
    return {std::asin(x), 1 / std::sqrt((1 - x) * (1 + x))};
  case Function::acos:
    return {std::acos(x), -1 / std::sqrt((1 - x) * (1 + x))};
  case Function::atan:
    return {std::atan(x), 1 / (1 + x * x)};
  case Function::sinh:
    return {std::sinh(x), std::cosh(x)};
  case Function::cosh:
    return {std::cosh(x), std::sinh(x)};
  case Function::tanh:
    return {std::tanh(x), 1 / std::cosh(x) / std::cosh(x)};
  case Function::sigmoid:
    return {sigmoid(x), sigmoid(x) * sigmoid(-x)};
  case Function::softplus:
    return {std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))), sigmoid(x)};
  default:
    return {std::erf(x), 2 / std::sqrt(std::numbers::pi) * std::exp(-x * x)};
  }
}

Dual elementwise(Function f, double c, Dual u) {
  const Pair p = f <= Function::pow ? algebraic(f, c, u.value) : transcendental(f, u.value);
  return {p.value, chain(p.slope, u.slope)};
}

/// A matrix of duals, column-major.
struct Entries {
  Shape shape;
  std::vector<Dual> entries;
  explicit Entries(Shape s) : shape(s), entries(static_cast<std::size_t>(s.size())) {}
  Dual &operator()(Index i, Index j) { return entries[static_cast<std::size_t>(i + j * shape.rows)]; }
  const Dual &operator()(Index i, Index j) const {
    return shape == Shape{1, 1} ? entries[0] : entries[static_cast<std::size_t>(i + j * shape.rows)];
  }
};

/// Y(i, j) = entry(i, j).
template <class Entry> Entries tabulate(Shape shape, Entry entry) {
  Entries y(shape);
  for (Index j = 0; j < shape.cols; ++j)
    for (Index i = 0; i < shape.rows; ++i)
      y(i, j) = entry(i, j);
  return y;
}

/// Gauss–Jordan elimination with row exchanges.
Entries inverse(Entries a) {
  const Index n = a.shape.rows;
  Entries y = tabulate(a.shape, [](Index i, Index j) { return Dual{double(i == j), 0}; });
  for (Index c = 0; c < n; ++c) {
    Index pivot = c;
    for (Index i = c + 1; i < n; ++i)
      if (std::abs(a(i, c).value) > std::abs(a(pivot, c).value)) pivot = i;
    for (Index j = 0; j < n; ++j)
      std::swap(a(c, j), a(pivot, j)), std::swap(y(c, j), y(pivot, j));
    const Dual d = a(c, c);
    for (Index j = 0; j < n; ++j)
      a(c, j) = a(c, j) / d, y(c, j) = y(c, j) / d;
    for (Index i = 0; i < n; ++i) {
      const Dual factor = a(i, c);
      for (Index j = 0; i != c && j < n; ++j) {
        a(i, j) = a(i, j) - factor * a(c, j);
        y(i, j) = y(i, j) - factor * y(c, j);
      }
    }
  }
  return y;
}

Entries product(const Entries &a, const Entries &b) {
  return tabulate({a.shape.rows, b.shape.cols}, [&](Index i, Index j) {
    Dual total;
    for (Index k = 0; k < a.shape.cols; ++k)
      total = total + a.entries[static_cast<std::size_t>(i + k * a.shape.rows)] *
                          b.entries[static_cast<std::size_t>(k + j * b.shape.rows)];
    return total;
  });
}

/// A without row i and column j.
Entries without(const Entries &a, Index i, Index j) {
  return tabulate({a.shape.rows - 1, a.shape.cols - 1}, [&](Index r, Index c) {
    return a.entries[static_cast<std::size_t>(r + (r >= i) + (c + (c >= j)) * a.shape.rows)];
  });
}

/// The value of a determinant, by elimination with row exchanges.
double determinant_value(Entries a) {
  double det = 1;
  const Index n = a.shape.rows;
  const auto at = [&](Index i, Index j) -> double & { return a.entries[static_cast<std::size_t>(i + j * n)].value; };
  for (Index c = 0; c < n; ++c) {
    Index pivot = c;
    for (Index i = c + 1; i < n; ++i)
      if (std::abs(at(i, c)) > std::abs(at(pivot, c))) pivot = i;
    for (Index j = 0; pivot != c && j < n; ++j)
      std::swap(at(c, j), at(pivot, j));
    det *= pivot == c ? at(c, c) : -at(c, c);
    for (Index i = c + 1; at(c, c) != 0 && i < n; ++i) {
      const double factor = at(i, c) / at(c, c);
      for (Index j = c; j < n; ++j)
        at(i, j) -= factor * at(c, j);
    }
  }
  return det;
}

/// det A, and its slope by cofactors: Σ slope(aᵢⱼ)·cofactor(i, j).
Dual determinant(const Entries &a) {
  Dual det{determinant_value(a), 0};
  const Index n = a.shape.rows;
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i)
      if (const double slope = a.entries[static_cast<std::size_t>(i + j * n)].slope; slope != 0)
        det.slope += ((i + j) % 2 ? -slope : slope) * determinant_value(without(a, i, j));
  return det;
}

/// Row by row, from LLᵀ = A.
Entries cholesky(const Entries &a) {
  Entries l(a.shape);
  for (Index j = 0; j < a.shape.cols; ++j)
    for (Index i = j; i < a.shape.rows; ++i) {
      Dual rest = a(i, j);
      for (Index k = 0; k < j; ++k)
        rest = rest - l(i, k) * l(j, k);
      l(i, j) = i == j ? elementwise(Function::sqrt, 0, rest) : rest / l(j, j);
    }
  return l;
}

/// Σ (A/2ˢ)ᵏ/k! to the power 2ˢ.
Entries exponential(Entries a) {
  double size = 0;
  for (const Dual &entry : a.entries)
    size = std::max(size, std::abs(entry.value) * static_cast<double>(a.shape.rows));
  const int squarings = size > 0 && std::isfinite(size) ? std::max(0, std::ilogb(size) + 3) : 0;
  const Dual half{std::ldexp(1.0, -squarings), 0};
  for (Dual &entry : a.entries)
    entry = half * entry;
  Entries term = tabulate(a.shape, [](Index i, Index j) { return Dual{double(i == j), 0}; }), total = term;
  for (int k = 1; k <= 24; ++k) {
    term = product(term, a);
    for (std::size_t e = 0; e < term.entries.size(); ++e) {
      term.entries[e] = Dual{1.0 / k, 0} * term.entries[e];
      total.entries[e] = total.entries[e] + term.entries[e];
    }
  }
  for (int s = 0; s < squarings; ++s)
    total = product(total, total);
  return total;
}

std::size_t at(Index k) { return static_cast<std::size_t>(k); }

/// One node, from the entries of its operands.
Entries evaluate(const Node &f, const std::vector<const Entries *> &operands) {
  const auto u = [&](Index i, Index j) { return (*operands[0])(i, j); };
  const auto v = [&](Index i, Index j) { return (*operands[1])(i, j); };
  const auto each = [&](auto entry) { return tabulate(f.shape, entry); };
  const Dual alpha{f.alpha, 0}, beta{f.beta, 0};
  switch (f.kind) {
  case Kind::number:
  case Kind::filled:
    return each([&](Index, Index) { return alpha; });
  case Kind::constant:
    return each([&](Index i, Index j) { return Dual{f.entries[static_cast<std::size_t>(i + j * f.shape.rows)], 0}; });
  case Kind::eye:
    return each([&](Index i, Index j) { return Dual{double(i == j), 0}; });
  case Kind::add:
    return each([&](Index i, Index j) { return alpha * u(i, j) + beta * v(i, j); });
  case Kind::scale:
    return each([&](Index i, Index j) { return alpha * u(i, j); });
  case Kind::multiply:
    return each([&](Index i, Index j) {
      Dual total;
      for (Index k = 0; k < operands[0]->shape.cols; ++k)
        total = total + u(i, k) * v(k, j);
      return total;
    });
  case Kind::hadamard:
    return each([&](Index i, Index j) { return u(i, j) * v(i, j); });
  case Kind::quotient:
    return each([&](Index i, Index j) { return u(i, j) / v(i, j); });
  case Kind::power:
    return each([&](Index i, Index j) { return power(u(i, j), v(i, j)); });
  case Kind::elementwise:
    return each([&](Index i, Index j) { return elementwise(f.function, f.alpha, u(i, j)); });
  case Kind::transpose:
    return each([&](Index i, Index j) { return u(j, i); });
  case Kind::inverse:
    return inverse(*operands[0]);
  case Kind::trace: {
    Entries total(f.shape);
    for (Index i = 0; i < operands[0]->shape.rows; ++i)
      total(0, 0) = total(0, 0) + u(i, i);
    return total;
  }
  case Kind::sum: {
    Entries total(f.shape);
    for (const Dual &entry : operands[0]->entries)
      total(0, 0) = total(0, 0) + entry;
    return total;
  }
  case Kind::solve:
    return product(inverse(*operands[0]), *operands[1]);
  case Kind::det:
    return each([&](Index, Index) { return determinant(*operands[0]); });
  case Kind::logdet:
    return each([&](Index, Index) {
      const Dual d = determinant(*operands[0]);
      return Dual{std::log(std::abs(d.value)), chain(1 / d.value, d.slope)};
    });
  case Kind::adjugate:
    return each([&](Index i, Index j) {
      const Dual d = determinant(without(*operands[0], j, i));
      return (i + j) % 2 ? Dual{-d.value, -d.slope} : d;
    });
  case Kind::cholesky:
    return cholesky(*operands[0]);
  case Kind::expm:
    return exponential(*operands[0]);
  case Kind::inner: {
    Entries total(f.shape);
    for (Index j = 0; j < operands[0]->shape.cols; ++j)
      for (Index i = 0; i < operands[0]->shape.rows; ++i)
        total(0, 0) = total(0, 0) + u(i, j) * v(i, j);
    return total;
  }
  case Kind::extract:
    return each([&](Index i, Index j) { return operands[0]->entries[at(f.window.offset + i + j * f.window.step)]; });
  case Kind::embed: {
    Entries y(f.shape);
    for (Index j = 0; j < operands[0]->shape.cols; ++j)
      for (Index i = 0; i < operands[0]->shape.rows; ++i)
        y.entries[at(f.window.offset + i + j * f.window.step)] = u(i, j);
    return y;
  }
  case Kind::permute: {
    Entries y(f.shape);
    const auto [inner, m, n] = f.middle;
    for (Index k = 0; k < f.shape.size(); ++k) { // k = r + inner·(a + m·(b + n·rest))
      const Index r = k % inner, a = k / inner % m, b = k / inner / m % n, rest = k / inner / m / n;
      y.entries[at(r + inner * (b + n * (a + m * rest)))] = operands[0]->entries[at(k)];
    }
    return y;
  }
  case Kind::vech: {
    Entries y(f.shape);
    Index k = 0;
    for (Index j = 0; j < operands[0]->shape.cols; ++j)
      for (Index i = j; i < operands[0]->shape.rows; ++i)
        y.entries[at(k++)] = u(i, j);
    return y;
  }
  case Kind::unvech: {
    Entries y(f.shape);
    Index k = 0;
    for (Index j = 0; j < f.shape.cols; ++j)
      for (Index i = j; i < f.shape.rows; ++i)
        y(i, j) = operands[0]->entries[at(k++)];
    return y;
  }
  case Kind::column_max:
    return each([&](Index, Index j) { // a shift that cancels, so no slope
      Dual largest{-std::numeric_limits<double>::infinity(), 0};
      for (Index i = 0; i < operands[0]->shape.rows; ++i)
        if (!(u(i, j).value <= largest.value)) largest.value = u(i, j).value;
      return largest;
    });
  case Kind::named:
    return *operands[0];
  case Kind::reshape: {
    Entries same(f.shape);
    same.entries = operands[0]->entries;
    return same;
  }
  case Kind::symbol:
    break;
  }
  return Entries(f.shape);
}

/// The nodes of F in order, with entries that are computed again only where a variable reaches.
class Table {
public:
  Table(const JacobianPlan &plan, const ElementValues &values) : plan_(plan), order_(topological_order(plan.f.node())) {
    for (const NodePtr &node : order_) {
      bool moves =
          std::any_of(plan.variables.begin(), plan.variables.end(), [&](const Symbol &x) { return x.node() == node; });
      for (const NodePtr &operand : node->operands)
        moves = moves || moves_.at(operand.get());
      moves_[node.get()] = moves;
      if (node->kind == Kind::symbol) {
        Entries entries(node->shape);
        const auto &numbers = values.at(node.get());
        for (std::size_t i = 0; i < numbers.size(); ++i)
          entries.entries[i].value = numbers[i];
        entries_.emplace(node.get(), std::move(entries));
      } else {
        compute(*node);
      }
    }
  }

  /// Entries of F with their derivatives by the variable of column j.
  std::vector<Dual> derivative(Index j) {
    set_slopes(j, 1);
    for (const NodePtr &node : order_)
      if (moves_.at(node.get()) && node->kind != Kind::symbol) compute(*node);
    const auto result = entries_.at(order_.back().get()).entries;
    set_slopes(j, 0);
    return result;
  }

private:
  void set_slopes(Index j, double slope) {
    for (const auto &[variable, index] : plan_.entries(j))
      if (const auto found = entries_.find(plan_.variables[variable].node().get()); found != entries_.end())
        found->second.entries[at(index)].slope = slope;
  }

  void compute(const Node &node) {
    std::vector<const Entries *> operands;
    for (const NodePtr &operand : node.operands)
      operands.push_back(&entries_.at(operand.get()));
    entries_.insert_or_assign(&node, evaluate(node, operands));
  }

  const JacobianPlan &plan_;
  std::vector<NodePtr> order_;
  std::unordered_map<const Node *, bool> moves_;
  std::unordered_map<const Node *, Entries> entries_;
};

} // namespace

void element_method(const JacobianPlan &plan, const ElementValues &values, const Progress &progress,
                    const std::function<void(Index, Index, double)> &store) {
  Table table(plan, values);
  const Index total = plan.cols();
  for (Index j = 0; j < total; ++j) {
    const std::vector<Dual> column = table.derivative(j);
    for (Index i = 0; i < plan.rows(); ++i)
      store(i, j, column[at(i)].slope);
    if (progress) progress(static_cast<double>(j + 1) / static_cast<double>(total));
  }
}

} // namespace kronvec::detail

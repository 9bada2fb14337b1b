/// The element method and the complex step: each column of J, entry by entry.

#include "calculus/jacobian/element_method.hpp"

#include "calculus/jacobian/number_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kronvec::detail {
namespace {

/// The entries of one node, from the entries of its operands.
template <class Number>
NumberMatrix<Number> evaluate(const Node &f, const std::vector<const NumberMatrix<Number> *> &operands) {
  const auto u = [&](Index i, Index j) { return (*operands[0])(i, j); };
  const auto v = [&](Index i, Index j) { return (*operands[1])(i, j); };
  const auto each = [&](auto entry) { return tabulate<Number>(f.shape, entry); };
  const Number alpha{f.alpha, 0}, beta{f.beta, 0};
  switch (f.kind) {
  case Kind::number:
  case Kind::filled:
    return each([&](Index, Index) { return alpha; });
  case Kind::constant:
    return each([&](Index i, Index j) { return Number{f.entries[at(i + j * f.shape.rows)], 0}; });
  case Kind::eye:
    return each([&](Index i, Index j) { return Number{double(i == j), 0}; });
  case Kind::commutation: // row j + i·n of vec Uᵀ is entry (i, j) of U
    return each([&](Index row, Index col) {
      const auto [inner, m, n] = f.middle;
      return Number{double(row / n == col % m && row % n == col / m), 0};
    });
  case Kind::elimination: {
    NumberMatrix<Number> l(f.shape);
    const Index n = triangle_side(f.shape.rows);
    for (Index j = 0, row = 0; j < n; ++j)
      for (Index i = j; i < n; ++i)
        l(row++, i + j * n) = Number{1, 0};
    return l;
  }
  case Kind::add:
    return each([&](Index i, Index j) { return alpha * u(i, j) + beta * v(i, j); });
  case Kind::scale:
    return each([&](Index i, Index j) { return alpha * u(i, j); });
  case Kind::multiply:
    return each([&](Index i, Index j) {
      Number total{};
      for (Index k = 0; k < operands[0]->shape.cols; ++k)
        total = total + u(i, k) * v(k, j);
      return total;
    });
  case Kind::hadamard:
    return each([&](Index i, Index j) { return u(i, j) * v(i, j); });
  case Kind::quotient:
    return each([&](Index i, Index j) { return u(i, j) / v(i, j); });
  case Kind::power:
    return each([&](Index i, Index j) { return power(u(i, j), v(i, j), f.alpha); });
  case Kind::hadamard_or_zero:
    return each([&](Index i, Index j) { return product_or_zero(u(i, j), v(i, j)); });
  case Kind::quotient_or_zero:
    return each([&](Index i, Index j) { return quotient_or_zero(u(i, j), v(i, j)); });
  case Kind::elementwise:
    return each([&](Index i, Index j) { return elementwise(f.function, f.alpha, u(i, j)); });
  case Kind::transpose:
    return each([&](Index i, Index j) { return u(j, i); });
  case Kind::inverse:
    return inverse(*operands[0]);
  case Kind::trace: {
    NumberMatrix<Number> total(f.shape);
    for (Index i = 0; i < operands[0]->shape.rows; ++i)
      total(0, 0) = total(0, 0) + u(i, i);
    return total;
  }
  case Kind::sum: {
    NumberMatrix<Number> total(f.shape);
    for (const Number &entry : operands[0]->entries)
      total(0, 0) = total(0, 0) + entry;
    return total;
  }
  case Kind::solve:
    return product(inverse(*operands[0]), *operands[1]);
  case Kind::det:
    return each([&](Index, Index) { return determinant(*operands[0]); });
  case Kind::logdet:
    return each([&](Index, Index) { return log_determinant(*operands[0]); });
  case Kind::signdet:
    return each([&](Index, Index) { return elementwise(Function::sign, 0, determinant(*operands[0])); });
  case Kind::adjugate:
    return each([&](Index i, Index j) { return cofactor(*operands[0], j, i); });
  case Kind::adjugate_factors: // part of dadj, which does not need it here
    break;
  case Kind::cholesky:
    return cholesky(*operands[0]);
  case Kind::expm:
    return exponential(*operands[0]);
  case Kind::norm2:
    return each([&](Index, Index) { return norm(*operands[0]); });
  case Kind::inner: {
    NumberMatrix<Number> total(f.shape);
    for (Index j = 0; j < operands[0]->shape.cols; ++j)
      for (Index i = 0; i < operands[0]->shape.rows; ++i)
        total(0, 0) = total(0, 0) + u(i, j) * v(i, j);
    return total;
  }
  case Kind::extract:
    return each([&](Index i, Index j) { return operands[0]->entries[at(f.window.offset + i + j * f.window.step)]; });
  case Kind::embed: {
    NumberMatrix<Number> y(f.shape);
    for (Index j = 0; j < operands[0]->shape.cols; ++j)
      for (Index i = 0; i < operands[0]->shape.rows; ++i)
        y.entries[at(f.window.offset + i + j * f.window.step)] = u(i, j);
    return y;
  }
  case Kind::permute: {
    NumberMatrix<Number> y(f.shape);
    const auto [inner, m, n] = f.middle;
    for (Index k = 0; k < f.shape.size(); ++k) { // k = r + inner·(a + m·(b + n·rest))
      const Index r = k % inner, a = k / inner % m, b = k / inner / m % n, rest = k / inner / m / n;
      y.entries[at(r + inner * (b + n * (a + m * rest)))] = operands[0]->entries[at(k)];
    }
    return y;
  }
  case Kind::vech: {
    NumberMatrix<Number> y(f.shape);
    Index k = 0;
    for (Index j = 0; j < operands[0]->shape.cols; ++j)
      for (Index i = j; i < operands[0]->shape.rows; ++i)
        y.entries[at(k++)] = u(i, j);
    return y;
  }
  case Kind::unvech: {
    NumberMatrix<Number> y(f.shape);
    Index k = 0;
    for (Index j = 0; j < f.shape.cols; ++j)
      for (Index i = j; i < f.shape.rows; ++i)
        y(i, j) = operands[0]->entries[at(k++)];
    return y;
  }
  case Kind::column_shift:
    return each([&](Index, Index j) { // a shift that is subtracted and added back: its slope cancels
      double largest = -std::numeric_limits<double>::infinity();
      for (Index i = 0; i < operands[0]->shape.rows; ++i)
        if (!(value_of(u(i, j)) <= largest)) largest = value_of(u(i, j));
      return Number{std::isinf(largest) ? 0 : largest, 0};
    });
  case Kind::named:
    if (f.name == "dadj")
      return each([&](Index i, Index j) {
        const Number d = determinant_derivative(without(*operands[1], j, i), without(*operands[2], j, i));
        return (i + j) % 2 ? Number{} - d : d;
      });
    return *operands[0];
  case Kind::reshape: {
    NumberMatrix<Number> same(f.shape);
    same.entries = operands[0]->entries;
    return same;
  }
  case Kind::symbol:
    break;
  }
  return NumberMatrix<Number>(f.shape);
}

/// The nodes of F in order, with their entries. Only entries that depend on a variable are recomputed.
template <class Number> class NodeTable {
public:
  NodeTable(const JacobianPlan &plan, ElementValues values)
      : plan_(plan), values_(std::move(values)), order_(topological_order(plan.f.node())) {
    for (const NodePtr &node : order_) {
      bool moves = std::ranges::any_of(plan.variables, [&](const Variable &x) { return x.symbol().node() == node; });
      for (const NodePtr &operand : node->operands)
        moves = moves || moves_.at(operand.get());
      moves_[node.get()] = moves;
      if (node->kind == Kind::symbol) {
        const auto &numbers = values_.at(node.get());
        entries_.emplace(node.get(), tabulate<Number>(node->shape, [&](Index i, Index j) {
                           const double value = numbers[at(i + j * node->shape.rows)];
                           return moves ? other_variable<Number>(value) : Number{value, 0};
                         }));
      } else {
        compute(*node);
      }
    }
  }

  /// Entries of F with their derivatives by the variable that column j stands for.
  std::vector<Number> derivative(Index j) {
    set(j, [](double value) { return variable<Number>(value); });
    for (const NodePtr &node : order_)
      if (moves_.at(node.get()) && node->kind != Kind::symbol) compute(*node);
    const auto result = entries_.at(order_.back().get()).entries;
    set(j, [](double value) { return other_variable<Number>(value); });
    return result;
  }

private:
  void set(Index j, auto number) {
    for (const auto &[variable, index] : plan_.entries(j)) {
      const Node *x = plan_.variables[variable].symbol().node().get();
      if (const auto found = entries_.find(x); found != entries_.end())
        found->second.entries[at(index)] = number(values_.at(x)[at(index)]);
    }
  }

  void compute(const Node &node) {
    std::vector<const NumberMatrix<Number> *> operands;
    for (const NodePtr &operand : node.operands)
      operands.push_back(&entries_.at(operand.get()));
    entries_.insert_or_assign(&node, evaluate<Number>(node, operands));
  }

  const JacobianPlan &plan_;
  const ElementValues values_;
  std::vector<NodePtr> order_;
  std::unordered_map<const Node *, bool> moves_;
  std::unordered_map<const Node *, NumberMatrix<Number>> entries_;
};

template <class Number> ColumnOfJ by_numbers(const JacobianPlan &plan, ElementValues values) {
  return [table = std::make_shared<NodeTable<Number>>(plan, std::move(values))](Index j) {
    const std::vector<Number> numbers = table->derivative(j);
    std::vector<double> column(numbers.size());
    std::transform(numbers.begin(), numbers.end(), column.begin(), [](const Number &n) { return slope_of(n); });
    return column;
  };
}

} // namespace

ColumnOfJ element_method(const JacobianPlan &plan, ElementValues values) {
  return by_numbers<Dual>(plan, std::move(values));
}

ColumnOfJ complex_step(const JacobianPlan &plan, ElementValues values) {
  return by_numbers<Complex>(plan, std::move(values));
}

} // namespace kronvec::detail

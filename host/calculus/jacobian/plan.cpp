/// Builds the plan of a Jacobian: the differential, lowered to a program.

#include "calculus/jacobian/plan.hpp"

namespace kronvec::detail {

JacobianPlan::JacobianPlan(const Expression &function, Variables xs, int term_cap)
    : FunctionPlan(function), variables(std::move(xs)), seed_shape(detail::seed_shape(variables)) {
  require_variables(variables);
  const Differential df = differential(f, seeded(variables, false));
  lower(Stage::forward, df, seed_shape);
  lower(Stage::reverse, transposed(df, seed_shape), f.shape());
  for (const Variable &x : variables) // F may lack some of them
    if (const Symbol &symbol = x.symbol(); program.symbol(symbol.node().get()) == no_slot)
      inputs.push_back({symbol.node(), program.value(symbol)});
  if (term_cap > 0 && rows() > 0 && cols() > 0) dense = DensePlan(program, f, variables, term_cap);
  std::vector<SlotId> symbols;
  for (const Variable &x : variables)
    symbols.push_back(program.symbol(x.symbol().node().get()));
  const SlotProperties properties(program, symbols);
  program.allocate();
  coefficients = detail::coefficients(program, dense.buffers, properties);
  predictions = predict(*this);
}

void JacobianPlan::lower(Stage stage, const Differential &df, Shape seed) {
  if (df.is_zero()) return;
  const Symbol symbol("d", seed.rows, seed.cols);
  program.seed(stage, symbol);
  program.finish(stage, program.value(applied(df, symbol)));
}

std::vector<JacobianPlan::VariableEntry> JacobianPlan::entries(Index j) const {
  std::size_t variable = 0;
  while (j >= variables[variable].size())
    j -= variables[variable++].size();
  if (!variables[variable].is_symmetric()) return {{variable, j}};
  const Index n = variables[variable].symbol().rows();
  Index column = 0;
  while (j >= n - column)
    j -= n - column++;
  const Index row = column + j;
  if (row == column) return {{variable, row + row * n}};
  return {{variable, row + column * n}, {variable, column + row * n}};
}

} // namespace kronvec::detail

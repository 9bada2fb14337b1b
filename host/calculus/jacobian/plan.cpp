/// Builds the plan of a Jacobian: the differential, lowered to a program.

#include "calculus/jacobian/plan.hpp"
#include "calculus/jacobian/seeds.hpp"

namespace kronvec::detail {

namespace {

void require_variables(const std::vector<Symbol> &variables, Structure structure) {
  if (variables.empty()) throw Error("a Jacobian needs a variable");
  for (std::size_t i = 0; i < variables.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (variables[i].node() == variables[k].node())
        throw Error("variable '" + variables[i].name() + "' is named twice");
  if (structure == Structure::symmetric && variables[0].rows() != variables[0].cols())
    throw ShapeError("a symmetric variable is square, not " + to_string(variables[0].shape()));
}

} // namespace

JacobianPlan::JacobianPlan(const Expression &function, std::vector<Symbol> xs, Structure kind, int term_cap)
    : f(function), variables(std::move(xs)), structure(kind) {
  require_variables(variables, structure);
  seed_shape = detail::seed_shape(variables, structure);
  const Differential df = differential(f, seeded(variables, structure, false));
  program.keep(value = program.value(f));
  lower(Stage::forward, df, seed_shape);
  lower(Stage::reverse, transposed(df, seed_shape), f.shape());
  for (const NodePtr &node : topological_order(f.node()))
    if (node->kind == Kind::symbol) inputs.push_back({node, program.symbol(node.get())});
  for (const Symbol &x : variables)
    if (program.symbol(x.node().get()) == no_slot) inputs.push_back({x.node(), program.value(x)});
  if (term_cap > 0 && rows() > 0 && cols() > 0) dense = DensePlan(program, f, variables, structure, term_cap);
  program.allocate();
  predictions = predict(*this);
}

/// Adds the steps of a batched stage: the differential, applied to the stage's tangents or cotangents.
void JacobianPlan::lower(Stage stage, const Differential &df, Shape seed) {
  if (df.is_zero()) return;
  const Symbol symbol("d", seed.rows, seed.cols);
  program.seed(stage, symbol);
  program.finish(stage, program.value(applied(df, symbol)));
}

std::vector<JacobianPlan::VariableEntry> JacobianPlan::entries(Index j) const {
  if (structure == Structure::symmetric) {
    const Index n = variables[0].rows();
    Index column = 0;
    while (j >= n - column)
      j -= n - column++;
    const Index row = column + j;
    if (row == column) return {{0, row + row * n}};
    return {{0, row + column * n}, {0, column + row * n}};
  }
  std::size_t variable = 0;
  while (j >= variables[variable].shape().size())
    j -= variables[variable++].shape().size();
  return {{variable, j}};
}

} // namespace kronvec::detail

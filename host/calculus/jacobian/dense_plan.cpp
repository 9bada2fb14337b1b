/// Builds the dense plan: from terms to dense steps and the emission of J.

#include "calculus/jacobian/dense_plan.hpp"

#include "calculus/jacobian/local_jacobian.hpp"
#include "calculus/terms/term_builder.hpp"

namespace kronvec::detail {
namespace {

/// F without outer nodes that do not change its vec, and the rows of J. A vech at the root selects the rows of a
/// triangle.
std::pair<Expression, Axis> rows_of(Expression f) {
  for (;;) {
    const Node &node = *f.node();
    if (node.kind == Kind::vech) return {node.operand(0), Axis::lower(node.operands[0]->shape.rows)};
    if (node.kind != Kind::named && node.kind != Kind::reshape) return {f, Axis::all(f.shape().size())};
    f = node.operand(0);
  }
}

Axis cols_of(const Variables &variables) {
  if (variables.size() == 1 && variables[0].is_symmetric()) return Axis::lower(variables[0].symbol().rows());
  return Axis::all(seed_shape(variables).size());
}

} // namespace

DensePlan::DensePlan(Program &program, const Expression &whole, const Variables &variables, int cap) {
  const auto [f, rows] = rows_of(whole);
  const Axis cols = cols_of(variables);
  const Index seeds = cols.triangle ? cols.triangle * cols.triangle : cols.size;
  const double entries = static_cast<double>(f.shape().size()) * static_cast<double>(seeds);
  emission = {rows, cols, {}};
  program.begin_dense();
  try {
    TermBuilder builder(program, local_jacobian, entries, cap);
    for (const Term &t : terms_of(differential(f, seeded(variables, true)), builder)) {
      Product product{.labels = t.labels, .extent = t.extent, .scale = t.scale, .factors = t.factors};
      product.row = t.row + f.rows() * t.col, product.col = t.seed;
      emission.products.push_back(std::move(product));
    }
    meanings = builder.meanings();
    exists = true;
  } catch (const NoTerms &no) {
    why_not = no.why;
    emission.products.clear();
  }
  buffers = number_buffers(emission);
  program.end_dense(buffers);
}

} // namespace kronvec::detail

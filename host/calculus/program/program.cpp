/// Lowers expressions to steps of a program, and places the results in memory.

#include "calculus/program/program.hpp"

#include "calculus/program/fusion.hpp"
#include "core/free_memory.hpp"
#include "devices/factors.hpp"
#include "kronvec/triangle.hpp"

#include <algorithm>
#include <bit>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {
namespace {

/// L[n], entry by entry: vech X = L[n]·vec X.
Expression elimination_matrix(Shape shape) {
  const double bytes = static_cast<double>(shape.rows) * static_cast<double>(shape.cols) * sizeof(double);
  require_host_memory(2 * bytes, "an elimination matrix of " + to_string(shape)); // it is copied once
  const Index n = triangle_side(shape.rows);
  std::vector<double> entries(static_cast<std::size_t>(shape.size()));
  const MatrixView<double> matrix(entries.data(), shape.rows, shape.cols);
  for (Index j = 0; j < n; ++j)
    for (Index i = j; i < n; ++i)
      matrix(Triangle{}.entries_before(j, n) + i - j, i + j * n) = 1;
  return constant(matrix);
}

} // namespace

SlotId Program::emit(Step step, Shape shape) {
  Stage stage = earliest_;
  for (const SlotId u : step.in)
    stage = std::max(stage, slots_[u].stage);
  const auto id = static_cast<SlotId>(slots_.size());
  // Constants with entries of their own are told apart by their node, in `value`; emissions in `emission`.
  const int unique = step.entries || step.emission || step.local ? id : no_slot;
  const Link<double> only = step.links.empty() ? Link<double>{} : step.links[0];
  const Key key{step.opcode,
                step.in,
                step.alpha,
                step.variant,
                shape.rows,
                shape.cols,
                unique,
                only.kind,
                only.op,
                only.function,
                only.alpha,
                only.beta,
                {step.window.offset, step.window.step, step.middle.inner, step.middle.m, step.middle.n}};
  const auto [entry, fresh] = known_.try_emplace(key, id);
  if (!fresh) return entry->second;
  step.out = {id};
  slots_.push_back({shape, stage});
  steps_[static_cast<int>(stage)].push_back(std::move(step));
  return id;
}

/// Adds an entrywise step. A scalar broadcasts over the shape of the other operand.
SlotId Program::link(const Link<double> &link, std::vector<SlotId> in) {
  const Shape first = slots_[in.front()].shape, last = slots_[in.back()].shape;
  const int result = static_cast<int>(in.size());
  return emit({.opcode = Opcode::chain, .in = std::move(in), .links = {link}, .results = {result}},
              first == Shape{1, 1} ? last : first);
}

std::optional<double> Program::number(SlotId u) const {
  const auto known = numbers_.find(u);
  return known == numbers_.end() ? std::nullopt : std::optional(known->second);
}

SlotId Program::value(const Expression &f) {
  if (const auto known = by_node_.find(f.node().get()); known != by_node_.end()) return known->second;
  kept_.push_back(f.node());
  for (const NodePtr &node : topological_order(f.node()))
    if (node->kind != Kind::transpose) slot_of(*node); // products read most transposes in place
  return slot_of(*f.node());
}

SlotId Program::slot_of(const Node &node) {
  if (const auto known = by_node_.find(&node); known != by_node_.end()) return known->second;
  return by_node_[&node] = lower(node);
}

SlotId Program::symbol(const Node *node) const {
  const auto known = by_node_.find(node);
  return known == by_node_.end() ? no_slot : known->second;
}

SlotId Program::lower(const Node &f) {
  const auto u = [&](std::size_t i) { return slot_of(*f.operands[i]); };
  const auto transposed = [&](std::size_t i) { return f.operands[i]->kind == Kind::transpose; };
  const auto factor = [&](std::size_t i) { return transposed(i) ? slot_of(*f.operands[i]->operands[0]) : u(i); };
  switch (f.kind) {
  case Kind::symbol: {
    slots_.push_back({.shape = f.shape, .stage = Stage::values, .input = true});
    return static_cast<SlotId>(slots_.size()) - 1;
  }
  case Kind::number:
  case Kind::filled:
    return filled(f.alpha, f.shape);
  case Kind::constant:
    return emit({.opcode = Opcode::data, .entries = &f.entries}, f.shape);
  case Kind::eye:
    return emit({.opcode = Opcode::unit}, f.shape);
  case Kind::commutation:
    return permute(value(eye(f.shape.rows)), f.middle, f.shape);
  case Kind::elimination:
    return value(elimination_matrix(f.shape));
  case Kind::add:
    return add(f.alpha, u(0), f.beta, u(1));
  case Kind::scale:
    return scale(f.alpha, u(0));
  case Kind::multiply:
    return multiply(transposed(0), factor(0), transposed(1), factor(1));
  case Kind::hadamard:
    return binary(Binary::multiply, u(0), u(1));
  case Kind::quotient:
    return binary(Binary::divide, u(0), u(1));
  case Kind::power: {
    const SlotId power = binary(Binary::power, u(0), u(1));
    if (f.alpha == 0) return power;
    const SlotId log = elementwise(Function::log, 0, u(0));
    return binary(Binary::multiply_or_zero, power, f.alpha == 1 ? log : elementwise(Function::pow, f.alpha, log));
  }
  case Kind::hadamard_or_zero:
    return binary(Binary::multiply_or_zero, u(0), u(1));
  case Kind::quotient_or_zero:
    return binary(Binary::divide_or_zero, u(0), u(1));
  case Kind::elementwise:
    return elementwise(f.function, f.alpha, u(0));
  case Kind::transpose:
    return transpose(u(0));
  case Kind::inverse:
    return inverse(u(0));
  case Kind::trace:
    return inner(value(eye(f.operands[0]->shape.rows)), u(0));
  case Kind::sum:
    return inner(filled(1, f.operands[0]->shape), u(0));
  case Kind::solve:
    return emit({.opcode = Opcode::lu_solve, .in = {lu(factor(0), true), u(1)}, .variant = transposed(0)}, f.shape);
  case Kind::det:
    return determinant(Determinant::value, u(0));
  case Kind::logdet:
    return determinant(Determinant::log_absolute, u(0));
  case Kind::signdet:
    return determinant(Determinant::sign, u(0));
  case Kind::adjugate:
    return emit({.opcode = Opcode::adjugate, .in = {u(0)}}, f.shape);
  case Kind::adjugate_factors:
    return emit({.opcode = Opcode::adjugate_factors, .in = {u(0)}}, f.shape);
  case Kind::cholesky:
    return emit({.opcode = Opcode::cholesky, .in = {u(0)}}, f.shape);
  case Kind::expm:
    return emit({.opcode = Opcode::expm, .in = {u(0)}}, f.shape);
  case Kind::inner:
    return inner(u(0), u(1));
  case Kind::norm2:
    return emit({.opcode = Opcode::norm2, .in = {u(0)}}, f.shape);
  case Kind::reshape:
    return reshape(u(0), f.shape);
  case Kind::extract:
    return extract(u(0), f.window, f.shape);
  case Kind::embed:
    return embed(u(0), f.window, f.shape);
  case Kind::permute:
    return permute(u(0), f.middle, f.shape);
  case Kind::vech:
    return emit({.opcode = Opcode::vech, .in = {u(0)}}, f.shape);
  case Kind::unvech:
    return emit({.opcode = Opcode::unvech, .in = {u(0)}}, f.shape);
  case Kind::column_shift:
    return emit({.opcode = Opcode::column_shift, .in = {u(0)}}, f.shape);
  case Kind::named:
    return u(0);
  }
  return no_slot;
}

void Program::seed(Stage stage, const Expression &symbol) {
  by_node_[symbol.node().get()] = static_cast<SlotId>(slots_.size());
  kept_.push_back(symbol.node());
  slots_.push_back({.shape = symbol.shape(), .stage = stage, .input = true});
}

SlotId Program::filled(double value, Shape shape) {
  const SlotId id = emit({.opcode = Opcode::fill, .alpha = value}, shape);
  if (shape == Shape{1, 1}) numbers_[id] = value;
  return id;
}
SlotId Program::copy(SlotId u) { return emit({.opcode = Opcode::copy, .in = {u}}, slots_[u].shape); }

SlotId Program::transpose(SlotId u) {
  const Shape shape = slots_[u].shape, transposed{shape.cols, shape.rows};
  if (shape.rows == 1 || shape.cols == 1) return reshape(u, transposed);
  return emit({.opcode = Opcode::transpose, .in = {u}}, transposed);
}

SlotId Program::multiply(bool transpose_u, SlotId u, bool transpose_v, SlotId v) {
  const Shape a = slots_[u].shape, b = slots_[v].shape;
  return emit({.opcode = Opcode::multiply, .in = {u, v}, .alpha = 1, .variant = transpose_u + 2 * transpose_v},
              {transpose_u ? a.cols : a.rows, transpose_v ? b.rows : b.cols});
}

SlotId Program::affine(double alpha, SlotId u, double beta) {
  return link({.kind = Link<double>::Kind::affine, .alpha = alpha, .beta = beta}, {u});
}

SlotId Program::add(double alpha, SlotId u, double beta, SlotId v) {
  if (const auto x = number(u)) return affine(beta, v, alpha * *x);
  if (const auto y = number(v)) return affine(alpha, u, beta * *y);
  return link({.kind = Link<double>::Kind::add, .b = 1, .alpha = alpha, .beta = beta}, {u, v});
}

SlotId Program::scale(double alpha, SlotId u) {
  return alpha == 1 ? u : affine(alpha, u, -0.0); // adding −0.0 keeps the sign of a zero
}

SlotId Program::binary(Binary op, SlotId u, SlotId v) {
  return link({.kind = Link<double>::Kind::binary, .op = op, .b = 1}, {u, v});
}

SlotId Program::elementwise(Function f, double exponent, SlotId u) {
  return link({.kind = Link<double>::Kind::elementwise, .function = f, .alpha = exponent}, {u});
}

SlotId Program::inner(SlotId u, SlotId v) { return emit({.opcode = Opcode::inner, .in = {u, v}}, {1, 1}); }
SlotId Program::inverse(SlotId u) { return emit({.opcode = Opcode::inverse, .in = {u}}, slots_[u].shape); }

SlotId Program::lu(SlotId u, bool regular) {
  const Index n = slots_[u].shape.rows;
  return emit({.opcode = Opcode::lu, .in = {u}, .variant = regular}, {n, factor_columns(n)});
}

SlotId Program::determinant(Determinant form, SlotId u) {
  return emit({.opcode = Opcode::determinant, .in = {lu(u, false)}, .variant = static_cast<int>(form)}, {1, 1});
}

SlotId Program::extract(SlotId u, Window window, Shape shape) {
  return emit({.opcode = Opcode::extract, .in = {u}, .window = window}, shape);
}

SlotId Program::embed(SlotId u, Window window, Shape shape) {
  return emit({.opcode = Opcode::embed, .in = {u}, .window = window}, shape);
}

SlotId Program::permute(SlotId u, MiddleCommutation middle, Shape shape) {
  return emit({.opcode = Opcode::permute, .in = {u}, .middle = middle}, shape);
}

SlotId Program::reshape(SlotId u, Shape shape) {
  if (shape == slots_[u].shape) return u;
  if (const SlotId whole = memory(u); shape == slots_[whole].shape) return whole;
  slots_.push_back({.shape = shape, .stage = slots_[u].stage, .memory_of = memory(u)});
  return static_cast<SlotId>(slots_.size()) - 1;
}

void Program::finish(Stage stage, SlotId root) {
  const auto &steps = steps_[static_cast<int>(stage)];
  const bool own = std::any_of(steps.begin(), steps.end(), [&](const Step &step) { return step.out[0] == root; });
  outputs_[static_cast<int>(stage)] = own ? root : copy(root);
  keep(outputs_[static_cast<int>(stage)]);
}

std::vector<SlotId> number_buffers(Emission &emission) {
  std::vector<SlotId> slots;
  for (Product &product : emission.products)
    for (Product::Factor &factor : product.factors) {
      const auto known = std::find(slots.begin(), slots.end(), factor.buffer);
      const auto number = static_cast<int>(known - slots.begin());
      if (known == slots.end()) slots.push_back(factor.buffer);
      factor.buffer = number;
    }
  return slots;
}

SlotId Program::emission(Emission emission) {
  std::vector<Index> key{emission.rows.size};
  const auto add = [&](const AffineMap &map, int labels) {
    key.push_back(map.offset);
    key.insert(key.end(), map.stride.begin(), map.stride.begin() + labels);
  };
  for (const Product &p : emission.products) {
    key.insert(key.end(), {p.labels, std::bit_cast<Index>(p.scale), static_cast<Index>(p.factors.size())});
    key.insert(key.end(), p.extent.begin(), p.extent.begin() + p.labels);
    add(p.row, p.labels);
    for (const Product::Factor &f : p.factors)
      key.push_back(f.buffer), add(f.map, p.labels);
  }
  const auto [known, fresh] = emissions_.try_emplace(std::move(key), no_slot);
  if (!fresh) return known->second;
  const Shape shape{emission.rows.size, 1};
  Step step{.opcode = Opcode::emit, .in = number_buffers(emission)};
  step.emission = std::make_shared<const Emission>(std::move(emission));
  return known->second = emit(std::move(step), shape);
}

SlotId Program::jacobian(std::shared_ptr<const LocalJacobian> local, Shape shape, SlotId u) {
  Step step{.opcode = Opcode::jacobian, .in = {u}};
  step.local = std::move(local);
  return emit(std::move(step), shape);
}

/// Drops the steps that no slot in `roots` depends on.
void Program::drop_unused(std::vector<Step> &steps, const std::vector<SlotId> &roots) const {
  std::vector<bool> wanted(slots_.size());
  const auto want = [&](SlotId u) { wanted[static_cast<std::size_t>(memory(u))] = true; };
  const auto is_wanted = [&](const Step &step) { return wanted[static_cast<std::size_t>(step.out[0])]; };
  std::for_each(roots.begin(), roots.end(), want);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step)
    if (is_wanted(*step)) std::for_each(step->in.begin(), step->in.end(), want);
  std::erase_if(steps, [&](const Step &step) { return !is_wanted(step); });
}

void Program::end_dense(const std::vector<SlotId> &roots) {
  auto &steps = steps_[static_cast<int>(Stage::dense)];
  std::for_each(roots.begin(), roots.end(), [&](SlotId u) { keep(u); });
  drop_unused(steps, roots);
  join_emissions(steps, roots);
  drop_unused(steps, roots);
  dense_roots_ = roots;
  earliest_ = Stage::constants;
}

} // namespace kronvec

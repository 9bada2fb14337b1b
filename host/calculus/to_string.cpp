#include "calculus/node.hpp"

#include <fmt/format.h>
#include <unordered_map>

namespace kronvec {
namespace {

/// How tightly an expression's outermost operator binds, loosest first.
enum class Binding { sum, product, sign, power, atom };

struct Text {
  std::string text;
  Binding binding = Binding::atom;
};

/// Shared parts are printed wherever they occur, so a DAG's text can be exponentially long: it is cut here.
constexpr std::size_t longest = 20000;

std::string within(const Text &u, Binding least) { return u.binding < least ? fmt::format("({})", u.text) : u.text; }

Text infix(const Text &u, const char *sign, const Text &v, Binding binding) {
  const auto tighter = static_cast<Binding>(static_cast<int>(binding) + 1);
  return {within(u, binding) + sign + within(v, tighter), binding};
}

Text scaled(double alpha, const Text &u) {
  if (alpha == -1) return {fmt::format("-{}", within(u, Binding::sign)), Binding::sign};
  return {fmt::format("{}*{}", alpha, within(u, Binding::sign)), Binding::product};
}

Text number(double value) { return {fmt::format("{}", value), value < 0 ? Binding::sign : Binding::atom}; }

Text text_of(const Node &f, const std::vector<const Text *> &u) {
  const auto call = [&](std::string_view name) { return Text{fmt::format("{}({})", name, u[0]->text)}; };
  switch (f.kind) {
  case Kind::symbol:
    return {f.name};
  case Kind::number:
    return number(f.alpha);
  case Kind::constant:
    return {fmt::format("constant({})", to_string(f.shape))};
  case Kind::eye:
    return {fmt::format("eye({})", f.shape.rows)};
  case Kind::filled: {
    const Text matrix{fmt::format("{}({},{})", f.alpha == 0 ? "zeros" : "ones", f.shape.rows, f.shape.cols)};
    return f.alpha == 0 || f.alpha == 1 ? matrix : scaled(f.alpha, matrix);
  }
  case Kind::add:
    return infix(*u[0], f.beta < 0 ? "-" : "+", *u[1], Binding::sum);
  case Kind::scale:
    return scaled(f.alpha, *u[0]);
  case Kind::multiply:
    return infix(*u[0], "*", *u[1], Binding::product);
  case Kind::hadamard:
    return infix(*u[0], ".*", *u[1], Binding::product);
  case Kind::quotient:
    return infix(*u[0], "./", *u[1], Binding::product);
  case Kind::power:
    return infix(*u[0], ".^", *u[1], Binding::power);
  case Kind::elementwise:
    return f.function == Function::pow ? infix(*u[0], ".^", number(f.alpha), Binding::power) : call(name(f.function));
  case Kind::transpose:
    return {within(*u[0], Binding::power) + "'", Binding::power};
  case Kind::inverse:
    return call("inv");
  case Kind::trace:
    return call("tr");
  case Kind::sum:
    return call("sum");
  case Kind::solve:
    return {fmt::format("solve({},{})", u[0]->text, u[1]->text)};
  case Kind::det:
    return call("det");
  case Kind::logdet:
    return call("logdet");
  case Kind::adjugate:
    return call("adj");
  case Kind::cholesky:
    return call("chol");
  case Kind::expm:
    return call("expm");
  case Kind::inner:
    return {fmt::format("sum({})", infix(*u[0], ".*", *u[1], Binding::product).text)};
  case Kind::extract:
  case Kind::embed:
    return {fmt::format("{}({},{},{},{})", f.kind == Kind::extract ? "extract" : "embed", u[0]->text, f.window.offset,
                        f.window.step, to_string(f.shape))};
  case Kind::permute:
    return {fmt::format("permute({},{},{},{})", u[0]->text, f.middle.inner, f.middle.m, f.middle.n)};
  case Kind::vech:
    return call("vech");
  case Kind::unvech:
    return call("unvech");
  case Kind::column_max:
    return call("colmax");
  case Kind::named: {
    std::string arguments;
    for (std::size_t i = 1; i < u.size(); ++i)
      arguments += (i > 1 ? "," : "") + u[i]->text;
    return {fmt::format("{}({})", f.name, arguments)};
  }
  case Kind::reshape:
    return f.shape.cols == 1 ? call("vec")
                             : Text{fmt::format("unvec({},{},{})", u[0]->text, f.shape.rows, f.shape.cols)};
  }
  return {};
}

} // namespace

std::string to_string(const Expression &f) {
  std::unordered_map<const Node *, Text> texts;
  for (const NodePtr &node : topological_order(f.node())) {
    std::vector<const Text *> operands;
    for (const NodePtr &operand : node->operands)
      operands.push_back(&texts.at(operand.get()));
    Text text = text_of(*node, operands);
    if (text.text.size() > longest) text = {"…"};
    texts.emplace(node.get(), std::move(text));
  }
  return texts.at(f.node().get()).text;
}

} // namespace kronvec

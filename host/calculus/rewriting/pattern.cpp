/// Reads patterns, and matches nodes with them.

#include "calculus/rewriting/pattern.hpp"

#include "text/grammar.hpp"

namespace kronvec::rewriting {
namespace {

using Part = Pattern::Part;

/// Builds the parts of a pattern from the grammar's words.
class PatternBuilder {
public:
  using Value = Part;

  static Value number(double x) { return {.head = "", .number = x}; }
  static Value symbol(const Token &name) { return {.head = "", .variable = name.text}; }
  static Value negated(const Value &u) { return {.head = "neg", .parts = {u}}; }
  static Value transposed(const Value &u) { return {.head = "transpose", .parts = {u}}; }
  static Value binary(std::string_view sign, const Value &u, const Value &v) {
    return {.head = std::string(sign), .parts = {u, v}};
  }
  static std::optional<std::size_t> arguments_of(std::string_view) { return any_number; }
  static Value call(std::string_view name, const std::vector<Value> &arguments) {
    return {.head = std::string(name), .parts = arguments};
  }
};

bool matches(const Part &part, const NodePtr &f, Bindings &bindings);

bool match_parts(const Part &part, std::span<const NodePtr> operands, Bindings &bindings) {
  if (part.parts.size() != operands.size()) return false;
  for (std::size_t i = 0; i < operands.size(); ++i)
    if (!matches(part.parts[i], operands[i], bindings)) return false;
  return true;
}

/// Whether F is this function of operands that match.
bool matches_call(const Part &part, const Node &f, Bindings &bindings) {
  if (part.head != head_of(f)) return false;
  const std::span<const NodePtr> operands = arguments(f);
  Bindings before = bindings;
  if (match_parts(part, operands, bindings)) return true;
  bindings = std::move(before);
  if (f.kind != Kind::add || f.beta != 1) return false;
  const std::array reversed{operands[1], operands[0]};
  return match_parts(part, reversed, bindings);
}

bool matches(const Part &part, const NodePtr &f, Bindings &bindings) {
  if (!part.head.empty()) return matches_call(part, *f, bindings);
  if (part.variable.empty()) return (f->kind == Kind::number || f->kind == Kind::filled) && f->alpha == part.number;
  const auto [known, fresh] = bindings.try_emplace(part.variable, f);
  return fresh || known->second.node() == f;
}

} // namespace

std::string_view head_of(const Node &f) {
  switch (f.kind) {
  case Kind::elementwise:
    return f.function == Function::pow ? std::string_view{} : name(f.function);
  case Kind::add:
    return f.alpha != 1 ? std::string_view{} : f.beta == 1 ? "+" : f.beta == -1 ? "-" : std::string_view{};
  case Kind::scale:
    return f.alpha == -1 ? "neg" : std::string_view{};
  case Kind::multiply:
    return "*";
  case Kind::hadamard:
    return ".*";
  case Kind::quotient:
    return "./";
  case Kind::transpose:
    return "transpose";
  case Kind::inverse:
    return "inv";
  case Kind::trace:
    return "tr";
  case Kind::sum:
    return "sum";
  case Kind::inner:
    return "inner";
  case Kind::det:
    return "det";
  case Kind::norm2:
    return "norm2";
  case Kind::named:
    return f.name;
  default:
    return {};
  }
}

Pattern::Pattern(std::string_view text) {
  PatternBuilder builder;
  root_ = Grammar<PatternBuilder>(text, builder).parse();
}

std::optional<Bindings> Pattern::match(const Node &f) const {
  Bindings bindings;
  return matches_call(root_, f, bindings) ? std::optional(std::move(bindings)) : std::nullopt;
}

} // namespace kronvec::rewriting

#pragma once
/// The common part of the notations: precedence, and nodes that all of them write alike.

#include "calculus/printing/printing.hpp"

#include <fmt/format.h>

#include <memory>

namespace kronvec::printing {

/// How tightly an expression's outermost operator binds, loosest first.
enum class Precedence { sum, kronecker, entrywise, product, sign, power, atom };

struct Text {
  std::string text;
  Precedence precedence = Precedence::atom;
};

/// Prints one node whose operands have been printed.
class Printer {
public:
  virtual ~Printer() = default;
  Text text_of(const Node &f, const std::vector<const Text *> &operands) {
    u = operands;
    return print(f);
  }

protected:
  virtual Text print(const Node &f) const = 0;
  virtual std::string function(std::string_view name) const { return std::string(name); }
  /// The separator of a function's arguments.
  virtual std::string comma() const { return ","; }
  virtual std::string minus() const { return "-"; }
  virtual Text scaled(double alpha, const Text &part) const = 0;

  const std::string &text(std::size_t i) const { return u[i]->text; }
  static std::string within(const Text &part, Precedence least) {
    return part.precedence < least ? fmt::format("({})", part.text) : part.text;
  }
  /// Left-associative: the right operand must bind tighter.
  static Text infix(const Text &a, const std::string &sign, const Text &b, Precedence precedence) {
    const auto tighter = static_cast<Precedence>(static_cast<int>(precedence) + 1);
    return {within(a, precedence) + sign + within(b, tighter), precedence};
  }
  Text call(std::string_view name) const { return {fmt::format("{}({})", function(name), text(0))}; }
  Text call_of(std::string_view name, std::size_t first) const;
  Text number(double value) const {
    if (value < 0) return {minus() + fmt::format("{}", -value), Precedence::sign};
    return {fmt::format("{}", value)};
  }
  Text times(double alpha, const Text &part) const { return alpha == 1 ? part : scaled(alpha, part); }
  /// Prints a node without an operator sign: a function of its operands.
  Text function_of(const Node &f) const;

  std::vector<const Text *> u;
};

/// Prints what `parse` reads.
std::unique_ptr<Printer> grammar_printer();
/// Prints mathematics, as text or LaTeX.
std::unique_ptr<Printer> mathematics_printer(const Spelling &spelling);

} // namespace kronvec::printing

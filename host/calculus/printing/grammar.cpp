/// Expressions as `parse` reads them.

#include "calculus/printing/printer.hpp"

#include <cmath>

namespace kronvec::printing {
namespace {

class GrammarPrinter final : public Printer {
  Text print(const Node &f) const override;
  Text scaled(double alpha, const Text &part) const override {
    if (alpha == -1) return {"-" + within(part, Precedence::sign), Precedence::sign};
    return {fmt::format("{}*{}", alpha, within(part, Precedence::sign)), Precedence::product};
  }
};

Text GrammarPrinter::print(const Node &f) const {
  switch (f.kind) {
  case Kind::symbol:
    return {f.name};
  case Kind::number:
    return number(f.alpha);
  case Kind::eye:
    return {fmt::format("eye({})", f.shape.rows)};
  case Kind::commutation:
    return {fmt::format("K({},{})", f.middle.m, f.middle.n)};
  case Kind::elimination:
    return {fmt::format("L({})", triangle_side(f.shape.rows))};
  case Kind::filled: {
    const Text matrix{fmt::format("{}({},{})", f.alpha == 0 ? "zeros" : "ones", f.shape.rows, f.shape.cols)};
    return f.alpha == 0 || f.alpha == 1 ? matrix : scaled(f.alpha, matrix);
  }
  case Kind::add:
    return infix(times(f.alpha, *u[0]), f.beta < 0 ? "-" : "+", times(std::abs(f.beta), *u[1]), Precedence::sum);
  case Kind::scale:
    return scaled(f.alpha, *u[0]);
  case Kind::multiply:
    return infix(*u[0], "*", *u[1], Precedence::product);
  case Kind::hadamard:
  case Kind::hadamard_or_zero:
    return infix(*u[0], ".*", *u[1], Precedence::product);
  case Kind::quotient:
  case Kind::quotient_or_zero:
    return infix(*u[0], "./", *u[1], Precedence::product);
  case Kind::power: {
    const Text power = infix(*u[0], ".^", *u[1], Precedence::power);
    if (f.alpha == 0) return power;
    const Text log = call("log");
    return infix(power, ".*", f.alpha == 1 ? log : infix(log, ".^", number(f.alpha), Precedence::power),
                 Precedence::product);
  }
  case Kind::elementwise:
    return f.function == Function::pow ? infix(*u[0], ".^", number(f.alpha), Precedence::power)
                                       : call(kronvec::name(f.function));
  case Kind::transpose:
    return {within(*u[0], Precedence::power) + "'", Precedence::power};
  case Kind::inverse:
    return call("inv");
  case Kind::solve:
    return {fmt::format("solve({},{})", text(0), text(1))};
  case Kind::inner:
    return {fmt::format("sum({})", infix(*u[0], ".*", *u[1], Precedence::product).text)};
  case Kind::reshape:
    return f.shape.cols == 1 ? call("vec") : Text{fmt::format("unvec({},{},{})", text(0), f.shape.rows, f.shape.cols)};
  default:
    return function_of(f);
  }
}

} // namespace

std::unique_ptr<Printer> grammar_printer() { return std::make_unique<GrammarPrinter>(); }

} // namespace kronvec::printing

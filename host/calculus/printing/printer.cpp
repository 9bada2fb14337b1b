/// Prints the nodes that all notations write alike.

#include "calculus/printing/printer.hpp"

namespace kronvec::printing {

Text Printer::call_of(std::string_view name, std::size_t first) const {
  std::string arguments;
  for (std::size_t i = first; i < u.size(); ++i)
    arguments += (i > first ? comma() : "") + text(i);
  return {fmt::format("{}({})", function(name), arguments)};
}

Text Printer::function_of(const Node &f) const {
  switch (f.kind) {
  case Kind::constant:
    return {fmt::format("constant({})", to_string(f.shape))};
  case Kind::trace:
    return call("tr");
  case Kind::sum:
    return call("sum");
  case Kind::det:
    return call("det");
  case Kind::logdet:
    return call("logdet");
  case Kind::signdet:
    return call("signdet");
  case Kind::norm2:
    return call("norm2");
  case Kind::adjugate_factors:
    return call("adjfactors");
  case Kind::adjugate:
    return call("adj");
  case Kind::cholesky:
    return call("chol");
  case Kind::expm:
    return call("expm");
  case Kind::extract:
  case Kind::embed:
    return {fmt::format("{}({},{},{},{})", f.kind == Kind::extract ? "extract" : "embed", text(0), f.window.offset,
                        f.window.step, to_string(f.shape))};
  case Kind::permute:
    return {fmt::format("permute({},{},{},{})", text(0), f.middle.inner, f.middle.m, f.middle.n)};
  case Kind::vech:
    return call("vech");
  case Kind::unvech:
    return call("unvech");
  case Kind::column_shift:
    return call("colmax");
  default:
    return call_of(f.name, 1);
  }
}

} // namespace kronvec::printing

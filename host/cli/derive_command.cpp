/// The command `kronvec derive`.

#include "cli/bindings.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

#include <algorithm>
#include <sys/ioctl.h>
#include <unistd.h>

namespace kronvec::cli {
namespace {

/// mxn with letters or numbers as sizes, or the shape of a value.
SymbolicShape shape_of(const std::string &name, const std::string &text) {
  if (const auto parts = sized_text(text); parts && parts->rows.size() < 16 && parts->cols.size() < 16)
    return {std::string(parts->rows), std::string(parts->cols)};
  const Shape shape = value_of<double>(name, text).shape();
  return {std::to_string(shape.rows), std::to_string(shape.cols)};
}

/// The width of the terminal that shows the result; a usual width if there is none.
std::size_t terminal_width() {
  winsize size{};
  const bool known = isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? std::clamp<std::size_t>(size.ws_col, 60, 160) : 100;
}

/// Runs work(). In a shape error, sizes that have letters print as letters.
template <class Work> auto with_letters(const SizeNames &sizes, Work work) {
  try {
    return work();
  } catch (const ShapeErrorAt &e) {
    throw ShapeErrorAt(sizes.translated(e.what()), e.position());
  } catch (const ShapeError &e) {
    throw ShapeError(sizes.translated(e.what()));
  }
}

} // namespace

void derive(const Request &request) {
  if (request.wrt.find(',') != std::string::npos) throw Error("--wrt " + request.wrt + ": derive takes one variable");
  std::map<std::string, SymbolicShape, std::less<>> shapes;
  for (const auto &[name, text] : named_values(request.bindings))
    shapes.emplace(name, shape_of(name, text));
  SizeNames sizes;
  const std::string formulas = with_letters(sizes, [&] {
    const Symbols symbols = symbols_for(request.expression, shapes, sizes);
    const auto x = symbols.find(request.wrt);
    if (x == symbols.end()) throw Error("--wrt " + request.wrt + ": no symbol '" + request.wrt + "' is there");
    const Derivation derivation(parse(request.expression, symbols), x->second, sizes);
    if (request.format == "latex") return derivation.latex();
    return request.format == "json" ? derivation.json() : derivation.text(terminal_width());
  });
  print(formulas);
}

} // namespace kronvec::cli

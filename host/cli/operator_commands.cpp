/// kronvec apply and kronvec simplify.

#include "cli/bindings.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

#include <fmt/format.h>

namespace kronvec::cli {
namespace {

template <class T> Operator<T> operator_of(const Request &request, Device device) {
  const Bindings<T> bindings = bindings_of<T>(request.bindings);
  note_unused(bindings.symbols, request.expression);
  OperatorSymbols<T> symbols;
  for (const auto &[name, matrix] : bindings.matrices)
    symbols.emplace(name, Operator<T>(matrix.to(device), name));
  return parse_operator<T>(request.expression, symbols, device);
}

template <class T> int run_in(const Request &request) {
  const Device device = Device::named(request.device);
  const Operator<T> a = operator_of<T>(request, device);
  if (request.command == "simplify") {
    print(simplify(a).explain());
    return 0;
  }
  const Matrix<T> x = value_of<T>("to", request.to).to(device);
  const Operator<T> wanted = request.transposed ? a.transpose() : a;
  deliver(on_host(wanted.apply(x)), request.out, wanted.to_string() + " times X");
  return 0;
}

} // namespace

int run_operator(const Request &request) {
  return request.dtype == "float32" ? run_in<float>(request) : run_in<double>(request);
}

} // namespace kronvec::cli

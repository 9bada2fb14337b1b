/// Names of the elementwise functions.

#include "kronvec/elementwise.hpp"

#include <algorithm>
#include <array>

namespace kronvec::inline KRONVEC_ABI {
namespace {

struct NamedFunction {
  Function function;
  std::string_view name;
};

/// In the order of the enumeration.
constexpr std::array entries{
    NamedFunction{Function::abs, "abs"},           NamedFunction{Function::sign, "sign"},
    NamedFunction{Function::step, "step"},         NamedFunction{Function::relu, "relu"},
    NamedFunction{Function::square, "square"},     NamedFunction{Function::sqrt, "sqrt"},
    NamedFunction{Function::cbrt, "cbrt"},         NamedFunction{Function::reciprocal, "reciprocal"},
    NamedFunction{Function::pow, "pow"},           NamedFunction{Function::exp, "exp"},
    NamedFunction{Function::expm1, "expm1"},       NamedFunction{Function::log, "log"},
    NamedFunction{Function::log1p, "log1p"},       NamedFunction{Function::sin, "sin"},
    NamedFunction{Function::cos, "cos"},           NamedFunction{Function::tan, "tan"},
    NamedFunction{Function::asin, "asin"},         NamedFunction{Function::acos, "acos"},
    NamedFunction{Function::atan, "atan"},         NamedFunction{Function::sinh, "sinh"},
    NamedFunction{Function::cosh, "cosh"},         NamedFunction{Function::tanh, "tanh"},
    NamedFunction{Function::sech, "sech"},         NamedFunction{Function::sigmoid, "sigmoid"},
    NamedFunction{Function::softplus, "softplus"}, NamedFunction{Function::erf, "erf"},
};

constexpr auto functions = [] {
  std::array<Function, entries.size()> list{};
  std::transform(entries.begin(), entries.end(), list.begin(), [](const NamedFunction &e) { return e.function; });
  return list;
}();

} // namespace

std::span<const Function> all_functions() { return functions; }

std::string_view name(Function f) { return entries[static_cast<std::size_t>(f)].name; }

std::optional<Function> function_named(std::string_view name) {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const NamedFunction &e) { return e.name == name; });
  return found == entries.end() ? std::nullopt : std::optional(found->function);
}

} // namespace kronvec

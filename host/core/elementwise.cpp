/// Names of the elementwise functions.

#include "kronvec/elementwise.hpp"

#include <algorithm>
#include <array>

namespace kronvec {
namespace {

struct Entry {
  Function function;
  std::string_view name;
};

/// In the order of the enumeration.
constexpr std::array entries{
    Entry{Function::abs, "abs"},         Entry{Function::sign, "sign"},
    Entry{Function::step, "step"},       Entry{Function::relu, "relu"},
    Entry{Function::square, "square"},   Entry{Function::sqrt, "sqrt"},
    Entry{Function::cbrt, "cbrt"},       Entry{Function::reciprocal, "reciprocal"},
    Entry{Function::pow, "pow"},         Entry{Function::exp, "exp"},
    Entry{Function::expm1, "expm1"},     Entry{Function::log, "log"},
    Entry{Function::log1p, "log1p"},     Entry{Function::sin, "sin"},
    Entry{Function::cos, "cos"},         Entry{Function::tan, "tan"},
    Entry{Function::asin, "asin"},       Entry{Function::acos, "acos"},
    Entry{Function::atan, "atan"},       Entry{Function::sinh, "sinh"},
    Entry{Function::cosh, "cosh"},       Entry{Function::tanh, "tanh"},
    Entry{Function::sigmoid, "sigmoid"}, Entry{Function::softplus, "softplus"},
    Entry{Function::erf, "erf"},
};

constexpr auto functions = [] {
  std::array<Function, entries.size()> list{};
  std::transform(entries.begin(), entries.end(), list.begin(), [](const Entry &e) { return e.function; });
  return list;
}();

} // namespace

std::span<const Function> all_functions() { return functions; }

std::string_view name(Function f) { return entries[static_cast<std::size_t>(f)].name; }

std::optional<Function> function_named(std::string_view name) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry &e) { return e.name == name; });
  return found == entries.end() ? std::nullopt : std::optional(found->function);
}

} // namespace kronvec

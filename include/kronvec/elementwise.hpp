#pragma once
/// The elementwise functions of the calculus (ledger D8, D11), one entry per name.

#include "kronvec/abi.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// A function of one real number, applied to every entry.
/// Conventions at points without a derivative: sign(0) = 0, step(0) = 0, abs'(0) = 0, relu'(0) = 0.
enum class Function {
  abs,
  sign,       ///< −1, 0 or 1
  step,       ///< 1 for x > 0, else 0: the derivative of relu
  relu,       ///< max(x, 0)
  square,     ///< x²
  sqrt,       ///< √x
  cbrt,       ///< ∛x
  reciprocal, ///< 1/x
  pow,        ///< x^c for a fixed number c
  exp,
  expm1, ///< eˣ − 1
  log,
  log1p, ///< log(1 + x)
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  sech,     ///< 1/cosh(x), without overflow
  sigmoid,  ///< 1/(1 + e⁻ˣ)
  softplus, ///< log(1 + eˣ), without overflow
  erf,
};

/// Every function, in the order of the enumeration.
std::span<const Function> all_functions();
/// The name used by the command and by derivations.
std::string_view name(Function f);
/// The function with this name, or nothing.
std::optional<Function> function_named(std::string_view name);

} // namespace KRONVEC_ABI
} // namespace kronvec

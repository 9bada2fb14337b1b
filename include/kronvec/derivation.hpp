#pragma once
/// A derivative with its derivation: the differential step by step, and the Jacobian as mathematics (ledger M1).
///
///   const Derivation d(A * exp(X * B), X);
///   std::cout << d.text();       // … J = (I₅ ⊗ A)·Diag(vec exp(X·B))·(Bᵀ ⊗ I₃)
///   evaluate(d.jacobian(), …);   // the same numbers as jacobian(F, X), by the printed formula
///
/// No values are needed. Sizes that a SizeNames gives out print as letters.

#include "kronvec/abi.hpp"
#include "kronvec/derivative.hpp"
#include "kronvec/parse.hpp"

#include <map>
#include <optional>
#include <set>

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// Sizes that print as letters. Each letter stands for a prime, so that products of letters are unambiguous.
class KRONVEC_HOLDS_CONTAINERS SizeNames {
public:
  /// The size that stands for `name`; the same name always gets the same size.
  Index size(const std::string &name);
  /// Makes `spelled` print this number in digits, even if it is a product or sum of letters.
  void keep(Index number) { numbers_.insert(number); }
  /// How a size prints: m·n as mn, n(n + 1)/2, or digits.
  std::string spelled(Index size) const;
  /// The message with its sizes spelled.
  std::string translated(const std::string &message) const;

private:
  std::map<Index, std::string> names_;
  std::set<Index> numbers_;
};

/// A shape whose sizes are numbers or names, such as {"m", "3"}.
struct SymbolicShape {
  std::string rows, cols;
};

/// Symbols for all names in a text, for `parse`. Shapes that are not given are inferred from the text; each size that
/// the text leaves open gets a letter. A name that begins with a lowercase letter is a column unless its shape is
/// given, and a product is a matrix product unless a factor is known to be a scalar. Throws SyntaxError, and
/// ShapeErrorAt with both sizes if they cannot agree.
Symbols symbols_for(std::string_view text, const std::map<std::string, SymbolicShape, std::less<>> &shapes,
                    SizeNames &sizes);

} // namespace KRONVEC_ABI
} // namespace kronvec

namespace kronvec::derivation {
struct Content; // host/calculus/derivation/content.hpp
} // namespace kronvec::derivation

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

class Derivation {
public:
  /// Throws Error for a function of more than 300 operations, which nobody would read.
  Derivation(const Expression &f, const Symbol &x, const SizeNames &sizes = {});

  /// ∂vec F/∂(vec X)ᵀ or its transpose, as an expression in ⊗, K, Diag and the parts of F. `to_string`, `evaluate` and
  /// `parse` accept it. It is meant for reading: evaluating it multiplies dense matrices.
  Expression jacobian(Layout layout = Layout::numerator) const;
  /// The gradient matrix G of a scalar F, df = tr(GᵀdX).
  std::optional<Expression> gradient() const;

  /// For a terminal: Unicode, lines of at most `width` characters where possible. `parse` reads its formulas.
  std::string text(std::size_t width = 100) const;
  /// A LaTeX document that uses amsmath.
  std::string latex() const;
  /// The formulas of the text, as {"function", "variable", "differential", "jacobian", "gradient", "where", …}.
  std::string json() const;

private:
  std::shared_ptr<const derivation::Content> content_;
};

} // namespace KRONVEC_ABI
} // namespace kronvec

#pragma once
/// A derivative with its derivation: the differential step by step, and the Jacobian as mathematics (ledger M1).
///
///   const Derivation d(A * exp(X * B), X);
///   std::cout << d.text();       // … J = (I₅ ⊗ A)·Diag(vec exp(X·B))·(Bᵀ ⊗ I₃)
///   evaluate(d.jacobian(), …);   // the same numbers as jacobian(F, X), by the printed formula
///
/// No values are needed. Where the sizes of the symbols stand for letters, as those of a SizeNames do, letters are
/// printed.

#include "kronvec/containers.hpp"
#include "kronvec/derivative.hpp"
#include "kronvec/parse.hpp"

#include <map>
#include <optional>
#include <set>

namespace kronvec {

/// Sizes that print as letters: primes, so that products of them are told apart.
class KRONVEC_HOLDS_CONTAINERS SizeNames {
public:
  /// The size that stands for a name, the same for the same name.
  Index size(const std::string &name);
  /// Keeps a number from being taken for a sum of letters.
  void keep(Index number) { numbers_.insert(number); }
  /// How a size is written: m·n as mn, n(n + 1)/2, or in digits.
  std::string spelled(Index size) const;
  /// A message with the sizes in it spelled.
  std::string translated(const std::string &message) const;

private:
  std::map<Index, std::string> names_;
  std::set<Index> numbers_;
};

/// A shape in words: numbers or names, as in {"m", "3"}.
struct SymbolicShape {
  std::string rows, cols;
};

/// Symbols for all names in a text, for `parse`. Shapes that are not given are those that the text needs; what it
/// leaves open gets a letter. A name that begins with a small letter is a column unless its shape is given, and a
/// product is one of matrices unless a factor is known to be a scalar. Throws SyntaxError, and ShapeErrorAt with both
/// sizes where they cannot agree.
Symbols symbols_for(std::string_view text, const std::map<std::string, SymbolicShape, std::less<>> &shapes,
                    SizeNames &sizes);

namespace derivation {
struct Content; // host/calculus/derivation/content.hpp
}

class Derivation {
public:
  /// Throws Error for a function of more operations than anyone would read, 2,000.
  Derivation(const Expression &f, const Symbol &x, const SizeNames &sizes = {});

  /// ∂vec F/∂(vec X)ᵀ or its transpose, as an expression in ⊗, K, Diag and the parts of F: `to_string`, `evaluate` and
  /// `parse` take it. It is meant to be read: its value is formed by products of dense matrices.
  Expression jacobian(Layout layout = Layout::numerator) const;
  /// The gradient matrix G of a scalar F, df = tr(GᵀdX).
  std::optional<Expression> gradient() const;

  /// For a terminal: Unicode, lines of at most `width` characters where mathematics allows. `parse` reads its formulas.
  std::string text(std::size_t width = 100) const;
  /// A document, in amsmath.
  std::string latex() const;
  /// The formulas of the text, as {"function", "variable", "differential", "jacobian", "gradient", "where", …}.
  std::string json() const;

private:
  std::shared_ptr<const derivation::Content> content_;
};

} // namespace kronvec

#pragma once
/// Expressions from text, in the grammar that users of matrixcalculus.org and MATLAB know.
///
/// From loosest to tightest: + −, then * / .* ./, then unary −, then ^ .^ and the postfix '. Functions are called by
/// name: exp log … inv tr sum vec norm1 norm2 hadamard eye(n) zeros(m,n) ones(m,n) unvec(u,m,n) K(m,n) L(n).
///
/// Text may also be set as mathematics, as a derivation prints it: A·B, A ⊙ B, A ⊘ B, Xᵀ, X⁻¹, X⁻ᵀ, vec X, I₄, 1₃,
/// 0₂ₓ₃, K₄,₃, and A ⊗ B, A ⊕ B, A ∗ B (Khatri–Rao), which bind between + and the product: I ⊗ A·B is I ⊗ (A·B).

#include "kronvec/expression.hpp"

#include <map>
#include <set>
#include <string_view>

namespace kronvec {

/// A ShapeError with the place of the operator or function, in bytes from the start of the text.
class ShapeErrorAt : public ShapeError {
public:
  ShapeErrorAt(const std::string &message, std::size_t position) : ShapeError(message), position_(position) {}
  std::size_t position() const noexcept { return position_; }

private:
  std::size_t position_;
};

using Symbols = std::map<std::string, Symbol, std::less<>>;

/// The expression that a text spells. Throws SyntaxError, with the place, for anything that it cannot be: an unknown
/// name or function, a function that this version does not have. Throws ShapeErrorAt for shapes that disagree.
Expression parse(std::string_view text, const Symbols &symbols);

/// Names in the text that no function has: what must be bound before `parse`. Throws SyntaxError for a bad character.
std::set<std::string> free_names(std::string_view text);

} // namespace kronvec

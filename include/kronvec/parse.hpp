#pragma once
/// Expressions from text, in a grammar that users of matrixcalculus.org and MATLAB know.
///
/// From loosest to tightest: + −, then * / .* ./, then unary −, then ^ .^ and the postfix '. Functions are called by
/// name: exp log … inv tr sum vec norm1 norm2 hadamard eye(n) zeros(m,n) ones(m,n) unvec(u,m,n) K(m,n) L(n).
///
/// Unicode math notation, as derivations print it, is accepted too: A·B, A ⊙ B, A ⊘ B, Xᵀ, X⁻¹, X⁻ᵀ, vec X, I₄, 1₃,
/// 0₂ₓ₃, K₄,₃; also A ⊗ B, A ⊕ B, A ∗ B (Khatri–Rao), which bind between + and the product: I ⊗ A·B is I ⊗ (A·B).

#include "kronvec/expression.hpp"

#include <map>
#include <set>
#include <string_view>

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

using Symbols = std::map<std::string, Symbol, std::less<>>;

/// The expression that a text denotes. Throws SyntaxError, with the position, for text that is not an expression, such
/// as an unknown name or a function that this version does not have. Throws ShapeErrorAt for shapes that disagree.
Expression parse(std::string_view text, const Symbols &symbols);

/// Names in the text that are not functions: the symbols that `parse` needs. Throws SyntaxError for a bad character.
std::set<std::string> free_names(std::string_view text);

} // namespace KRONVEC_ABI
} // namespace kronvec

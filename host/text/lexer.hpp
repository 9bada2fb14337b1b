#pragma once
/// The tokens of an expression's text, in ASCII or in math notation: A·B, A ⊙ B, A ⊗ B, Xᵀ, X⁻¹, I₄, K₄,₃, 1₃, 0₂ₓ₃.

#include "kronvec/abi.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {

enum class TokenKind { number, name, sign, end };

struct Token {
  TokenKind kind;
  std::string text;     ///< a sign is one of + - * / ^ ' ( ) , .* ./ .^ ⊗ ⊕ ∗
  std::size_t position; ///< in bytes from the start of the text
  double number = 0;
};

/// The tokens of a text; the last one is `end`. Characters outside ASCII become the tokens of their spelling: I₄ those
/// of eye(4), Xᵀ those of X'. Throws SyntaxError for a character that cannot begin a token.
std::vector<Token> tokens(std::string_view text);

} // namespace kronvec

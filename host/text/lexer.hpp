#pragma once
/// The words of an expression's text.

#include <string>
#include <string_view>
#include <vector>

namespace kronvec {

enum class TokenKind { number, name, sign, end };

struct Token {
  TokenKind kind;
  std::string_view text; ///< a sign is one of + - * / ^ ' ( ) , .* ./ .^
  std::size_t position;  ///< in bytes from the start
  double number = 0;
};

/// The tokens of a text, the last of which is `end`. Throws SyntaxError for a character that begins none.
std::vector<Token> tokens(std::string_view text);

} // namespace kronvec

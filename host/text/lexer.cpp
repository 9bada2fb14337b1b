#include "text/lexer.hpp"

#include "kronvec/error.hpp"

#include <charconv>

namespace kronvec {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The length of the UTF-8 character at the start of a text, for messages that show it whole.
std::size_t character_length(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80)
    ++length;
  return length;
}

/// The dot of `2.*X` belongs to the operator, not to the number.
std::string_view without_operator_dot(std::string_view text, std::string_view number) {
  const std::size_t after = static_cast<std::size_t>(number.data() - text.data()) + number.size();
  const bool operator_follows =
      after < text.size() && std::string_view("*/^").find(text[after]) != std::string_view::npos;
  if (number.back() == '.' && operator_follows) number.remove_suffix(1);
  return number;
}

Token number_at(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  double value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  const std::string_view number(rest.data(), static_cast<std::size_t>(end - rest.data()));
  if (error == std::errc::result_out_of_range) throw SyntaxError("a number that no double can hold", at);
  return {TokenKind::number, without_operator_dot(text, number), at, value};
}

Token name_at(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && (is_letter(text[end]) || is_digit(text[end])))
    ++end;
  return {TokenKind::name, text.substr(at, end - at), at};
}

Token sign_at(std::string_view text, std::size_t at) {
  const std::string_view pair = text.substr(at, 2);
  if (pair == ".*" || pair == "./" || pair == ".^") return {TokenKind::sign, pair, at};
  if (std::string_view("+-*/^'(),").find(text[at]) != std::string_view::npos)
    return {TokenKind::sign, text.substr(at, 1), at};
  const auto character = text.substr(at, character_length(text.substr(at)));
  throw SyntaxError("unexpected character '" + std::string(character) + "'", at);
}

} // namespace

std::vector<Token> tokens(std::string_view text) {
  std::vector<Token> result;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at;
      continue;
    }
    const bool number = is_digit(c) || (c == '.' && at + 1 < text.size() && is_digit(text[at + 1]));
    result.push_back(number ? number_at(text, at) : is_letter(c) ? name_at(text, at) : sign_at(text, at));
    at += result.back().text.size();
  }
  result.push_back({TokenKind::end, {}, text.size()});
  return result;
}

} // namespace kronvec

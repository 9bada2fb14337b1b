/// Splits the text of an expression into tokens.

#include "text/lexer.hpp"

#include "kronvec/error.hpp"

#include <charconv>
#include <optional>
#include <utility>

namespace kronvec::inline KRONVEC_ABI {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// The first UTF-8 character of a text.
std::string_view first_character(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80)
    ++length;
  return text.substr(0, length);
}

struct SignSpelling {
  std::string_view mathematics, ascii;
};

constexpr SignSpelling signs[] = {{"·", "*"}, {"⊙", ".*"}, {"⊘", "./"}, {"−", "-"},    {"ᵀ", "'"},
                                  {"⊗", "⊗"}, {"⊕", "⊕"},  {"∗", "∗"},  {"⁻¹", "^-1"}, {"⁻ᵀ", "^-1'"}};

/// Subscripts: digits, and separators of two sizes.
constexpr SignSpelling subscripts[] = {{"₀", "0"}, {"₁", "1"}, {"₂", "2"}, {"₃", "3"}, {"₄", "4"}, {"₅", "5"},
                                       {"₆", "6"}, {"₇", "7"}, {"₈", "8"}, {"₉", "9"}, {"ₓ", ","}, {",", ","}};

/// Matrices written as a letter with their sizes.
constexpr SignSpelling sized[] = {{"I", "eye"}, {"K", "K"}, {"D⁺", "Dplus"}, {"D", "D"},
                                  {"L", "L"},   {"N", "N"}, {"1", "ones"},   {"0", "zeros"}};

template <std::size_t N> const SignSpelling *at_start(const SignSpelling (&spellings)[N], std::string_view text) {
  for (const SignSpelling &s : spellings)
    if (text.starts_with(s.mathematics)) return &s;
  return nullptr;
}

/// The subscript at the start of a text: in ASCII, and its length in the text. A comma belongs to it only before a
/// digit.
struct Subscript {
  std::string ascii;
  std::size_t length = 0;
};

Subscript subscript_at(std::string_view text) {
  Subscript result;
  for (;;) {
    const std::string_view rest = text.substr(result.length);
    const SignSpelling *const next = at_start(subscripts, rest);
    if (!next) return result;
    const bool separates = next->ascii == ",";
    if (separates && (result.length == 0 || !at_start(subscripts, rest.substr(next->mathematics.size()))))
      return result;
    result.ascii += next->ascii;
    result.length += next->mathematics.size();
  }
}

/// Splits a text into tokens, from the front.
class Lexer {
public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (is_blank(c))
        ++at_;
      else if (sized_matrix() || number() || name() || sign())
        continue;
      else
        throw SyntaxError("unexpected character '" + std::string(first_character(rest())) + "'", at_);
    }
    tokens_.push_back({TokenKind::end, {}, text_.size()});
    return std::move(tokens_);
  }

private:
  std::string_view rest() const { return text_.substr(at_); }

  void add(TokenKind kind, std::string_view text, double number = 0) {
    tokens_.push_back({kind, std::string(text), at_, number});
  }

  /// I₄ → eye(4); 1₃ and 0₃, columns, → ones(3,1) and zeros(3,1).
  bool sized_matrix() {
    const SignSpelling *const matrix = at_start(sized, rest());
    if (!matrix) return false;
    Subscript sizes = subscript_at(rest().substr(matrix->mathematics.size()));
    if (sizes.length == 0) return false;
    const bool is_filled = matrix->mathematics == "1" || matrix->mathematics == "0";
    if (is_filled && sizes.ascii.find(',') == std::string::npos) sizes.ascii += ",1";
    add(TokenKind::name, matrix->ascii);
    add(TokenKind::sign, "(");
    spell(sizes.ascii);
    add(TokenKind::sign, ")");
    at_ += matrix->mathematics.size() + sizes.length;
    return true;
  }

  /// Appends the tokens of an ASCII text, all with the current position.
  void spell(std::string_view ascii) {
    for (Token token : Lexer(ascii).run()) {
      token.position = at_;
      if (token.kind != TokenKind::end) tokens_.push_back(std::move(token));
    }
  }

  bool number() {
    const char next = rest().size() > 1 ? rest()[1] : ' ';
    if (!is_digit(rest()[0]) && !(rest()[0] == '.' && is_digit(next))) return false;
    double value = 0;
    const auto [end, error] = std::from_chars(rest().data(), text_.data() + text_.size(), value);
    if (error == std::errc::result_out_of_range) throw SyntaxError("a number that no double can hold", at_);
    auto length = static_cast<std::size_t>(end - rest().data());
    const bool operator_follows =
        length < rest().size() && std::string_view("*/^").find(rest()[length]) != std::string_view::npos;
    if (rest()[length - 1] == '.' && operator_follows) --length; // the dot of 2.*X belongs to the operator
    add(TokenKind::number, rest().substr(0, length), value);
    at_ += length;
    return true;
  }

  /// Letters and digits; E₁ is the name E1.
  bool name() {
    if (!is_letter(rest()[0])) return false;
    std::size_t length = 1;
    while (length < rest().size() && (is_letter(rest()[length]) || is_digit(rest()[length])))
      ++length;
    const Subscript number = subscript_at(rest().substr(length));
    const bool plain = number.ascii.find(',') == std::string::npos;
    add(TokenKind::name, std::string(rest().substr(0, length)) + (plain ? number.ascii : ""));
    at_ += length + (plain ? number.length : 0);
    return true;
  }

  bool sign() {
    if (const SignSpelling *const set = at_start(signs, rest())) {
      set->ascii == set->mathematics ? add(TokenKind::sign, set->ascii) : spell(set->ascii);
      at_ += set->mathematics.size();
      return true;
    }
    const std::string_view pair = rest().substr(0, 2), one = rest().substr(0, 1);
    const bool dotted = pair == ".*" || pair == "./" || pair == ".^";
    if (!dotted && std::string_view("+-*/^'(),").find(one) == std::string_view::npos) return false;
    add(TokenKind::sign, dotted ? pair : one);
    at_ += tokens_.back().text.size();
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

} // namespace

std::vector<Token> tokens(std::string_view text) { return Lexer(text).run(); }

} // namespace kronvec

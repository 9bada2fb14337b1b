#pragma once
/// A recursive-descent parser. A builder gives its words their meaning. A builder has a type Value and
///
///   Value number(double), symbol(const Token &), negated(Value), transposed(Value)
///   Value binary(sign, Value &&, Value)             with a sign of + - * / ^ .* ./ .^ ⊗ ⊕ ∗
///   std::optional<std::size_t> arguments_of(name)   number of arguments of a function, or `any_number`
///   Value call(name, std::vector<Value>)
///
/// The grammar adds the position of the sign or function to ShapeErrors that the builder throws.

#include "kronvec/error.hpp"
#include "kronvec/matrix.hpp"
#include "text/lexer.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {

/// The size that a number denotes: a non-negative integer that fits.
inline std::optional<Index> size_spelled(double x) {
  return x < 0 || x != std::floor(x) || x > 9e15 ? std::nullopt : std::optional(static_cast<Index>(x));
}

constexpr std::size_t any_number = std::numeric_limits<std::size_t>::max();

template <class Builder> class Grammar {
public:
  using Value = typename Builder::Value;
  Grammar(std::string_view text, Builder &builder) : tokens_(tokens(text)), builder_(builder) {}

  Value parse() {
    if (peek().kind == TokenKind::end) throw SyntaxError("the expression is empty", 0);
    Value f = sum_level();
    if (peek().text == ")") throw SyntaxError("')' without '('", peek().position);
    if (peek().kind != TokenKind::end) unexpected();
    return f;
  }

private:
  /// Counts the nesting depth of the text, so that no input can exhaust the stack.
  class Nesting {
  public:
    explicit Nesting(Grammar &grammar) : depth_(grammar.depth_) {
      if (++depth_ > 1000) throw SyntaxError("nested deeper than 1000", grammar.peek().position);
    }
    ~Nesting() { --depth_; }
    Nesting(const Nesting &) = delete;
    Nesting &operator=(const Nesting &) = delete;

  private:
    int &depth_;
  };

  const Token &peek() const { return tokens_[next_]; }
  const Token &take() { return tokens_[next_++]; }
  bool is_sign(std::string_view sign) const { return peek().kind == TokenKind::sign && peek().text == sign; }

  [[noreturn]] void unexpected() const {
    if (peek().kind == TokenKind::end) throw SyntaxError("the expression ends too early", peek().position);
    throw SyntaxError("unexpected '" + peek().text + "'", peek().position);
  }

  /// Calls build() and adds the position to a ShapeError.
  template <class Build> static Value at(std::size_t position, Build build) {
    try {
      return build();
    } catch (const ShapeErrorAt &) {
      throw;
    } catch (const ShapeError &error) {
      throw ShapeErrorAt(error.what(), position);
    }
  }

  Value binary(const Token &sign, Value &&u, const Value &v) {
    return at(sign.position, [&] { return builder_.binary(sign.text, std::move(u), v); });
  }

  Value sum_level() {
    Value f = kronecker_level();
    while (is_sign("+") || is_sign("-")) {
      const Token &sign = take();
      f = binary(sign, std::move(f), kronecker_level());
    }
    return f;
  }

  /// Binds less tightly than the product: I ⊗ A·B is I ⊗ (A·B).
  Value kronecker_level() {
    Value f = product_level();
    while (is_sign("⊗") || is_sign("⊕") || is_sign("∗")) {
      const Token &sign = take();
      f = binary(sign, std::move(f), product_level());
    }
    return f;
  }

  Value product_level() {
    Value f = signed_level();
    while (is_sign("*") || is_sign("/") || is_sign(".*") || is_sign("./")) {
      const Token &sign = take();
      f = binary(sign, std::move(f), signed_level());
    }
    return f;
  }

  Value signed_level() {
    const Nesting nesting(*this);
    if (!is_sign("+") && !is_sign("-")) return power_level();
    const bool negative = take().text == "-";
    Value f = signed_level();
    return negative ? builder_.negated(f) : f;
  }

  Value power_level() {
    Value f = primary();
    while (is_sign("^") || is_sign(".^") || is_sign("'")) {
      const Token &sign = take();
      f = sign.text == "'" ? builder_.transposed(f) : binary(sign, std::move(f), exponent_level());
    }
    return f;
  }

  /// An exponent may have a sign: X^-1, x.^-2.
  Value exponent_level() {
    bool negative = false;
    for (; is_sign("+") || is_sign("-"); take())
      negative ^= is_sign("-");
    Value f = primary();
    return negative ? builder_.negated(f) : f;
  }

  Value primary() {
    const Nesting nesting(*this);
    const Token &token = peek();
    if (token.kind == TokenKind::number) return builder_.number(take().number);
    if (token.kind == TokenKind::name) {
      take();
      if (is_sign("(")) return call(token);
      return token.text == "vec" && peek().kind == TokenKind::name ? vec_of(token) : builder_.symbol(token);
    }
    if (!is_sign("(")) unexpected();
    take();
    Value f = sum_level();
    close(token);
    return f;
  }

  void close(const Token &open) {
    if (is_sign(")")) {
      take();
      return;
    }
    if (peek().kind == TokenKind::end) throw SyntaxError("'(' is never closed", open.position);
    unexpected();
  }

  Value call(const Token &name) {
    const auto wanted = builder_.arguments_of(name.text);
    if (!wanted) throw SyntaxError("there is no function '" + name.text + "'", name.position);
    const std::vector<Value> arguments = argument_list();
    if (*wanted != any_number && arguments.size() != *wanted)
      throw SyntaxError(name.text + " takes " + std::to_string(*wanted) + (*wanted == 1 ? " argument" : " arguments") +
                            ", not " + std::to_string(arguments.size()),
                        name.position);
    return at(name.position, [&] { return builder_.call(name.text, arguments); });
  }

  /// vec X, without parentheses, as in mathematics.
  Value vec_of(const Token &vec) {
    const Value argument = primary();
    return at(vec.position, [&] { return builder_.call(vec.text, {argument}); });
  }

  std::vector<Value> argument_list() {
    const Token &open = take();
    std::vector<Value> arguments;
    if (!is_sign(")")) arguments.push_back(sum_level());
    while (is_sign(",")) {
      take();
      arguments.push_back(sum_level());
    }
    close(open);
    return arguments;
  }

  std::vector<Token> tokens_;
  Builder &builder_;
  std::size_t next_ = 0;
  int depth_ = 0;
};

} // namespace kronvec

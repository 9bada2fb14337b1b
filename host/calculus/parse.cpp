/// A recursive-descent parser that builds the expression as it reads.

#include "kronvec/parse.hpp"

#include "calculus/lexer.hpp"
#include "calculus/node.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>

namespace kronvec {
namespace {

using Arguments = std::span<const Expression>;

struct Builtin {
  std::string_view name;
  std::size_t arguments;
  Expression (*build)(Arguments);
};

/// A size that an expression spells: a non-negative integer.
Index size_of(const Expression &u) {
  const Node &node = *u.node();
  const double value = node.alpha;
  if (node.kind != Kind::number || value < 0 || value != std::floor(value) || value > 9e15)
    throw ShapeError("a size must be a non-negative integer, not " + to_string(u));
  return static_cast<Index>(value);
}

constexpr Builtin builtins[] = {
    {"inv", 1, [](Arguments u) { return inverse(u[0]); }},
    {"tr", 1, [](Arguments u) { return trace(u[0]); }},
    {"trace", 1, [](Arguments u) { return trace(u[0]); }},
    {"sum", 1, [](Arguments u) { return sum(u[0]); }},
    {"vec", 1, [](Arguments u) { return vec(u[0]); }},
    {"neg", 1, [](Arguments u) { return -u[0]; }},
    {"norm1", 1, [](Arguments u) { return norm1(u[0]); }},
    {"norm2", 1, [](Arguments u) { return norm2(u[0]); }},
    {"transpose", 1, [](Arguments u) { return transpose(u[0]); }},
    {"det", 1, [](Arguments u) { return det(u[0]); }},
    {"logdet", 1, [](Arguments u) { return logdet(u[0]); }},
    {"chol", 1, [](Arguments u) { return cholesky(u[0]); }},
    {"expm", 1, [](Arguments u) { return expm(u[0]); }},
    {"solve", 2, [](Arguments u) { return solve(u[0], u[1]); }},
    {"vech", 1, [](Arguments u) { return vech(u[0]); }},
    {"diag", 1, [](Arguments u) { return diag(u[0]); }},
    {"softmax", 1, [](Arguments u) { return softmax(u[0]); }},
    {"logsumexp", 1, [](Arguments u) { return logsumexp(u[0]); }},
    {"kron", 2, [](Arguments u) { return kron(u[0], u[1]); }},
    {"khatrirao", 2, [](Arguments u) { return khatri_rao(u[0], u[1]); }},
    {"dirsum", 2, [](Arguments u) { return direct_sum(u[0], u[1]); }},
    {"hadamard", 2, [](Arguments u) { return hadamard(u[0], u[1]); }},
    {"pow", 2, [](Arguments u) { return pow(u[0], u[1]); }},
    {"eye", 1, [](Arguments u) { return eye(size_of(u[0])); }},
    {"zeros", 2, [](Arguments u) { return zeros(size_of(u[0]), size_of(u[1])); }},
    {"ones", 2, [](Arguments u) { return ones(size_of(u[0]), size_of(u[1])); }},
    {"unvec", 3, [](Arguments u) { return unvec(u[0], size_of(u[1]), size_of(u[2])); }},
};

const Builtin *builtin_named(std::string_view name) {
  const auto found = std::find_if(std::begin(builtins), std::end(builtins), [&](auto &b) { return b.name == name; });
  return found == std::end(builtins) ? nullptr : &*found;
}

/// An elementwise function that a text may call with one argument.
std::optional<Function> unary_named(std::string_view name) {
  const auto f = function_named(name);
  return f == Function::step || f == Function::pow ? std::nullopt : f;
}

class Parser {
public:
  Parser(std::string_view text, const Symbols &symbols) : tokens_(tokens(text)), symbols_(symbols) {}

  Expression parse() {
    if (peek().kind == TokenKind::end) throw SyntaxError("the expression is empty", 0);
    const Expression f = sum_level();
    if (peek().text == ")") throw SyntaxError("')' without '('", peek().position);
    if (peek().kind != TokenKind::end) unexpected();
    return f;
  }

private:
  /// Counts how deep the text nests, so that no input can exhaust the stack.
  class Nesting {
  public:
    explicit Nesting(Parser &parser) : depth_(parser.depth_) {
      if (++depth_ > 1000) throw SyntaxError("nested deeper than 1000", parser.peek().position);
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
    throw SyntaxError("unexpected '" + std::string(peek().text) + "'", peek().position);
  }

  /// build(), with the place added to a ShapeError.
  template <class Build> static Expression at(std::size_t position, Build build) {
    try {
      return build();
    } catch (const ShapeErrorAt &) {
      throw;
    } catch (const ShapeError &error) {
      throw ShapeErrorAt(error.what(), position);
    }
  }

  Expression sum_level() {
    Expression f = product_level();
    while (is_sign("+") || is_sign("-")) {
      const Token &sign = take();
      const Expression v = product_level();
      f = at(sign.position, [&] { return sign.text == "+" ? f + v : f - v; });
    }
    return f;
  }

  Expression product_level() {
    Expression f = signed_level();
    while (is_sign("*") || is_sign("/") || is_sign(".*") || is_sign("./")) {
      const Token &sign = take();
      const Expression v = signed_level();
      f = at(sign.position, [&] {
        if (sign.text == "*") return f * v;
        if (sign.text == "/") return f / v;
        return sign.text == ".*" ? hadamard(f, v) : quotient(f, v);
      });
    }
    return f;
  }

  Expression signed_level() {
    const Nesting nesting(*this);
    if (!is_sign("+") && !is_sign("-")) return power_level();
    const bool negative = take().text == "-";
    const Expression f = signed_level();
    return negative ? -f : f;
  }

  Expression power_level() {
    Expression f = primary();
    while (is_sign("^") || is_sign(".^") || is_sign("'")) {
      const Token &sign = take();
      if (sign.text == "'") {
        f = transpose(f);
        continue;
      }
      const Expression exponent = exponent_level();
      f = at(sign.position, [&] { return sign.text == "^" ? power(f, exponent) : pow(f, exponent); });
    }
    return f;
  }

  /// X^-1, x.^-2: a sign may stand before an exponent.
  Expression exponent_level() {
    bool negative = false;
    for (; is_sign("+") || is_sign("-"); take())
      negative ^= is_sign("-");
    const Expression f = primary();
    return negative ? -f : f;
  }

  static Expression power(const Expression &u, const Expression &exponent) {
    const Node &k = *exponent.node();
    if (u.is_scalar() && exponent.is_scalar()) return pow(u, exponent);
    if (k.kind != Kind::number || k.alpha != std::floor(k.alpha) || std::abs(k.alpha) > 1e6)
      throw ShapeError("^ of a " + to_string(u.shape()) +
                       " matrix needs an integer of at most a million (.^ is entry by entry), not " +
                       to_string(exponent));
    return matrix_power(u, static_cast<Index>(k.alpha));
  }

  Expression primary() {
    const Nesting nesting(*this);
    const Token &token = peek();
    if (token.kind == TokenKind::number) return take().number;
    if (token.kind == TokenKind::name) {
      take();
      return is_sign("(") ? call(token) : symbol(token);
    }
    if (!is_sign("(")) unexpected();
    take();
    const Expression f = sum_level();
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

  Expression symbol(const Token &name) const {
    if (const auto found = symbols_.find(name.text); found != symbols_.end()) return found->second;
    throw SyntaxError("symbol '" + std::string(name.text) + "' has no value", name.position);
  }

  Expression call(const Token &name) {
    const std::string text(name.text);
    const auto function = unary_named(text);
    const Builtin *const builtin = builtin_named(text);
    if (!function && !builtin) {
      throw SyntaxError("there is no function '" + text + "'", name.position);
    }
    const std::vector<Expression> arguments = argument_list();
    const std::size_t wanted = function ? 1 : builtin->arguments;
    if (arguments.size() != wanted)
      throw SyntaxError(text + " takes " + std::to_string(wanted) + (wanted == 1 ? " argument" : " arguments") +
                            ", not " + std::to_string(arguments.size()),
                        name.position);
    return at(name.position,
              [&] { return function ? elementwise(*function, arguments[0]) : builtin->build(arguments); });
  }

  std::vector<Expression> argument_list() {
    const Token &open = take();
    std::vector<Expression> arguments;
    if (!is_sign(")")) arguments.push_back(sum_level());
    while (is_sign(",")) {
      take();
      arguments.push_back(sum_level());
    }
    close(open);
    return arguments;
  }

  std::vector<Token> tokens_;
  const Symbols &symbols_;
  std::size_t next_ = 0;
  int depth_ = 0;
};

} // namespace

Expression parse(std::string_view text, const Symbols &symbols) { return Parser(text, symbols).parse(); }

std::set<std::string> free_names(std::string_view text) {
  std::set<std::string> names;
  const std::vector<Token> all = tokens(text);
  for (std::size_t i = 0; i + 1 < all.size(); ++i)
    if (all[i].kind == TokenKind::name && all[i + 1].text != "(") names.emplace(all[i].text);
  return names;
}

} // namespace kronvec

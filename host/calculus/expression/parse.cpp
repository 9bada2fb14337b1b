/// Expressions from text: the meaning of the grammar's words.

#include "kronvec/parse.hpp"

#include "calculus/expression/function_names.hpp"
#include "calculus/expression/parse_with.hpp"
#include "text/grammar.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>

namespace kronvec::inline KRONVEC_ABI {
namespace {

using Arguments = std::span<const Expression>;

struct Builtin {
  std::string_view name;
  std::size_t arguments;
  Expression (*build)(Arguments);
};

/// The size that an expression denotes: a non-negative integer.
Index size_of(const Expression &u) {
  const auto size = u.node()->kind == Kind::number ? size_spelled(u.node()->alpha) : std::nullopt;
  if (!size) throw ShapeError("a size must be a non-negative integer, not " + to_string(u));
  return *size;
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
    {"adj", 1, [](Arguments u) { return adjugate(u[0]); }},
    {"logdet", 1, [](Arguments u) { return logdet(u[0]); }},
    {"signdet", 1, [](Arguments u) { return signdet(u[0]); }},
    {"chol", 1, [](Arguments u) { return cholesky(u[0]); }},
    {"expm", 1, [](Arguments u) { return expm(u[0]); }},
    {"solve", 2, [](Arguments u) { return solve(u[0], u[1]); }},
    {"vech", 1, [](Arguments u) { return vech(u[0]); }},
    {"unvech", 1, [](Arguments u) { return unvech(u[0]); }},
    {"diag", 1, [](Arguments u) { return diag(u[0]); }},
    {"Diag", 1, [](Arguments u) { return diag(vec(u[0])); }},
    {"softmax", 1, [](Arguments u) { return softmax(u[0]); }},
    {"logsumexp", 1, [](Arguments u) { return logsumexp(u[0]); }},
    {"logsoftmax", 1, [](Arguments u) { return logsoftmax(u[0]); }},
    {"kron", 2, [](Arguments u) { return kron(u[0], u[1]); }},
    {"khatrirao", 2, [](Arguments u) { return khatri_rao(u[0], u[1]); }},
    {"K", 2, [](Arguments u) { return commutation_matrix(size_of(u[0]), size_of(u[1])); }},
    {"L", 1, [](Arguments u) { return elimination_matrix(size_of(u[0])); }},
    {"dadj", 2, [](Arguments u) { return adjugate_derivative(u[0], u[1]); }},
    {"dexpm", 2, [](Arguments u) { return expm_derivative(u[0], u[1]); }},
    {"jexpm", 1, [](Arguments u) { return expm_jacobian(u[0]); }},
    {"dirsum", 2, [](Arguments u) { return direct_sum(u[0], u[1]); }},
    {"inner", 2, [](Arguments u) { return inner(u[0], u[1]); }},
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
  return f == Function::pow ? std::nullopt : f;
}

/// Builds expressions from the grammar's words.
class ExpressionBuilder {
public:
  using Value = Expression;
  explicit ExpressionBuilder(const NamedExpressions &names) : names_(names) {}

  static Value number(double x) { return x; }
  Value symbol(const Token &name) const {
    if (const auto found = names_.find(name.text); found != names_.end()) return found->second;
    throw SyntaxError("symbol '" + name.text + "' has no value", name.position);
  }
  static Value negated(const Value &u) { return -u; }
  static Value transposed(const Value &u) { return transpose(u); }
  static Value binary(std::string_view sign, const Value &u, const Value &v) {
    if (sign == "+") return u + v;
    if (sign == "-") return u - v;
    if (sign == "*") return u * v;
    if (sign == "/") return u / v;
    if (sign == "^") return power(u, v);
    if (sign == "⊗") return kron(u, v);
    if (sign == "⊕") return direct_sum(u, v);
    if (sign == "∗") return khatri_rao(u, v);
    return sign == ".*" ? hadamard(u, v) : sign == "./" ? quotient(u, v) : pow(u, v);
  }
  static std::optional<std::size_t> arguments_of(std::string_view name) {
    if (unary_named(name)) return 1;
    const Builtin *const builtin = builtin_named(name);
    return builtin ? std::optional(builtin->arguments) : std::nullopt;
  }
  static Value call(std::string_view name, const std::vector<Value> &arguments) {
    const auto function = unary_named(name);
    return function ? elementwise(*function, arguments[0]) : builtin_named(name)->build(arguments);
  }

private:
  static Expression power(const Expression &u, const Expression &exponent) {
    const Node &k = *exponent.node();
    if (u.is_scalar() && exponent.is_scalar()) return pow(u, exponent);
    if (k.kind != Kind::number || k.alpha != std::floor(k.alpha) || std::abs(k.alpha) > 1e6)
      throw ShapeError("^ of a " + to_string(u.shape()) +
                       " matrix needs an integer of at most a million (.^ is entry by entry), not " +
                       to_string(exponent));
    return matrix_power(u, static_cast<Index>(k.alpha));
  }

  const NamedExpressions &names_;
};

} // namespace

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names;
  for (const Function f : all_functions())
    if (unary_named(name(f))) names.push_back(name(f));
  for (const Builtin &builtin : builtins)
    names.push_back(builtin.name);
  return names;
}

Expression parse_with(std::string_view text, const NamedExpressions &names) {
  ExpressionBuilder builder(names);
  return Grammar<ExpressionBuilder>(text, builder).parse();
}

Expression parse(std::string_view text, const Symbols &symbols) {
  return parse_with(text, NamedExpressions(symbols.begin(), symbols.end()));
}

std::set<std::string> free_names(std::string_view text) {
  std::set<std::string> names;
  const std::vector<Token> all = tokens(text);
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    const bool is_function = all[i + 1].text == "(" || (all[i].text == "vec" && all[i + 1].kind == TokenKind::name);
    if (all[i].kind == TokenKind::name && !is_function) names.emplace(all[i].text);
  }
  return names;
}

} // namespace kronvec

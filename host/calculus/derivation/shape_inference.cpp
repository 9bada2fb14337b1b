/// Infers the shapes of symbols from the text in which they occur.

#include "calculus/derivation/unification.hpp"
#include "kronvec/derivation.hpp"
#include "text/grammar.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

namespace kronvec::inline KRONVEC_ABI {
namespace {

using derivation::SizeId;
using derivation::Unification;
using Form = Unification::Form;

/// The shape of a part of the text; for a number also its value.
struct TextShape {
  SizeId rows, cols;
  std::optional<double> number = {};
};

/// Derives shapes from the grammar's words.
class ShapeBuilder {
public:
  using Value = TextShape;
  ShapeBuilder(Unification &sizes, const std::map<std::string, SymbolicShape, std::less<>> &given)
      : s(sizes), given_(given) {}

  struct NamedShape {
    std::string name;
    TextShape shape;
  };
  /// The symbols, in the order of their first occurrence.
  const std::vector<NamedShape> &symbols() const { return symbols_; }

  Value number(double x) { return {s.number(1), s.number(1), x}; }
  Value symbol(const Token &token);
  static Value negated(const Value &u) { return {u.rows, u.cols, u.number ? std::optional(-*u.number) : std::nullopt}; }
  static Value transposed(const Value &u) { return {u.cols, u.rows, u.number}; }
  Value binary(std::string_view sign, const Value &u, const Value &v);
  static std::optional<std::size_t> arguments_of(std::string_view name);
  Value call(std::string_view name, const std::vector<Value> &u);

  bool is_scalar(const TextShape &u) const { return s.is(u.rows, 1) && s.is(u.cols, 1); }
  TextShape scalar() { return {s.number(1), s.number(1)}; }
  TextShape square(const TextShape &u) {
    s.unify(u.rows, u.cols);
    return u;
  }
  TextShape entrywise(const TextShape &u, const TextShape &v) {
    if (is_scalar(u)) return v;
    if (is_scalar(v)) return u;
    s.unify(u.rows, v.rows), s.unify(u.cols, v.cols);
    return u;
  }
  TextShape product(const TextShape &u, const TextShape &v) {
    if (is_scalar(u)) return v;
    if (is_scalar(v)) return u;
    s.unify(u.cols, v.rows);
    return {u.rows, v.cols};
  }
  TextShape kron(const TextShape &u, const TextShape &v) {
    return {s.made(Form::product, u.rows, v.rows), s.made(Form::product, u.cols, v.cols)};
  }
  TextShape direct_sum(const TextShape &u, const TextShape &v) {
    return {s.made(Form::sum, u.rows, v.rows), s.made(Form::sum, u.cols, v.cols)};
  }
  TextShape khatri_rao(const TextShape &u, const TextShape &v) {
    s.unify(u.cols, v.cols);
    return {s.made(Form::product, u.rows, v.rows), u.cols};
  }
  TextShape solve(const TextShape &u, const TextShape &v) {
    s.unify(u.rows, u.cols), s.unify(u.cols, v.rows);
    return v;
  }
  TextShape vec(const TextShape &u) { return {s.made(Form::product, u.rows, u.cols), s.number(1)}; }
  TextShape vech(const TextShape &u) {
    s.unify(u.rows, u.cols);
    return {s.made(Form::triangle, u.rows, u.rows), s.number(1)};
  }
  /// Diag for a vector, the diagonal for everything else.
  TextShape diag(const TextShape &u) {
    if (s.is(u.cols, 1)) return {u.rows, u.rows};
    if (s.is(u.rows, 1)) return {u.cols, u.cols};
    s.unify(u.rows, u.cols);
    return {u.rows, s.number(1)};
  }
  TextShape sized(const TextShape &rows, const TextShape &cols) { return {size_of(rows), size_of(cols)}; }
  TextShape one_row(const TextShape &u) { return {s.number(1), u.cols}; }
  TextShape square_of(SizeId n) { return {n, n}; }
  SizeId size_of(const TextShape &u) {
    const auto size = u.number ? size_spelled(*u.number) : std::nullopt;
    if (!size) throw ShapeError("a size must be a non-negative integer");
    return s.number(*size);
  }
  SizeId times(SizeId a, SizeId b) { return s.made(Form::product, a, b); }
  SizeId triangle_of(SizeId n) { return s.made(Form::triangle, n, n); }

private:
  SizeId spelled(const std::string &size) {
    return std::isdigit(static_cast<unsigned char>(size[0])) ? s.number(std::stoll(size)) : s.named(size);
  }

  Unification &s;
  const std::map<std::string, SymbolicShape, std::less<>> &given_;
  std::vector<NamedShape> symbols_;
};

using TextShapes = std::vector<TextShape>;

struct ShapeRule {
  std::string_view name;
  std::size_t arguments;
  TextShape (*shape)(ShapeBuilder &b, const TextShapes &u);
};

constexpr ShapeRule functions[] = {
    {"inv", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.square(u[0]); }},
    {"adj", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.square(u[0]); }},
    {"chol", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.square(u[0]); }},
    {"expm", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.square(u[0]); }},
    {"tr", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.square(u[0]), b.scalar(); }},
    {"trace", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.square(u[0]), b.scalar(); }},
    {"det", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.square(u[0]), b.scalar(); }},
    {"logdet", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.square(u[0]), b.scalar(); }},
    {"signdet", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.square(u[0]), b.scalar(); }},
    {"sum", 1, [](ShapeBuilder &b, const TextShapes &) { return b.scalar(); }},
    {"norm1", 1, [](ShapeBuilder &b, const TextShapes &) { return b.scalar(); }},
    {"norm2", 1, [](ShapeBuilder &b, const TextShapes &) { return b.scalar(); }},
    {"neg", 1, [](ShapeBuilder &, const TextShapes &u) { return u[0]; }},
    {"softmax", 1, [](ShapeBuilder &, const TextShapes &u) { return u[0]; }},
    {"logsoftmax", 1, [](ShapeBuilder &, const TextShapes &u) { return u[0]; }},
    {"logsumexp", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.one_row(u[0]); }},
    {"transpose", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.transposed(u[0]); }},
    {"solve", 2, [](ShapeBuilder &b, const TextShapes &u) { return b.solve(u[0], u[1]); }},
    {"inner", 2, [](ShapeBuilder &b, const TextShapes &u) { return b.entrywise(u[0], u[1]), b.scalar(); }},
    {"hadamard", 2, [](ShapeBuilder &b, const TextShapes &u) { return b.entrywise(u[0], u[1]); }},
    {"pow", 2, [](ShapeBuilder &b, const TextShapes &u) { return b.entrywise(u[0], u[1]); }},
    {"vec", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.vec(u[0]); }},
    {"vech", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.vech(u[0]); }},
    {"diag", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.diag(u[0]); }},
    {"Diag", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.diag(b.vec(u[0])); }},
    {"kron", 2, [](ShapeBuilder &b, const TextShapes &u) { return b.kron(u[0], u[1]); }},
    {"khatrirao", 2, [](ShapeBuilder &b, const TextShapes &u) { return b.khatri_rao(u[0], u[1]); }},
    {"dirsum", 2, [](ShapeBuilder &b, const TextShapes &u) { return b.direct_sum(u[0], u[1]); }},
    {"eye", 1, [](ShapeBuilder &b, const TextShapes &u) { return b.square_of(b.size_of(u[0])); }},
    {"zeros", 2, [](ShapeBuilder &b, const TextShapes &u) { return b.sized(u[0], u[1]); }},
    {"ones", 2, [](ShapeBuilder &b, const TextShapes &u) { return b.sized(u[0], u[1]); }},
    {"unvec", 3, [](ShapeBuilder &b, const TextShapes &u) { return b.sized(u[1], u[2]); }},
    {"K", 2,
     [](ShapeBuilder &b, const TextShapes &u) { return b.square_of(b.times(b.size_of(u[0]), b.size_of(u[1]))); }},
    {"L", 1,
     [](ShapeBuilder &b, const TextShapes &u) {
       const SizeId n = b.size_of(u[0]);
       return TextShape{b.triangle_of(n), b.times(n, n)};
     }},
    {"dadj", 2, [](ShapeBuilder &b, const TextShapes &u) { return b.entrywise(b.square(u[0]), u[1]); }},
    {"dexpm", 2, [](ShapeBuilder &b, const TextShapes &u) { return b.entrywise(b.square(u[0]), u[1]); }},
    {"jexpm", 1,
     [](ShapeBuilder &b, const TextShapes &u) {
       b.square(u[0]);
       return b.square_of(b.times(u[0].rows, u[0].rows));
     }},
};

const ShapeRule *function_of_shapes(std::string_view name) {
  const auto found = std::ranges::find(functions, name, &ShapeRule::name);
  return found == std::end(functions) ? nullptr : &*found;
}

std::optional<std::size_t> ShapeBuilder::arguments_of(std::string_view name) {
  if (const ShapeRule *const f = function_of_shapes(name)) return f->arguments;
  const auto elementwise = function_named(name);
  return elementwise && elementwise != Function::pow ? std::optional<std::size_t>(1) : std::nullopt;
}

TextShape ShapeBuilder::call(std::string_view name, const std::vector<TextShape> &u) {
  const ShapeRule *const f = function_of_shapes(name);
  return f ? f->shape(*this, u) : TextShape{u[0].rows, u[0].cols};
}

TextShape ShapeBuilder::symbol(const Token &token) {
  const auto known = std::ranges::find(symbols_, token.text, &NamedShape::name);
  if (known != symbols_.end()) return known->shape;
  const auto given = given_.find(token.text);
  TextShape shape{};
  if (given != given_.end())
    shape = {spelled(given->second.rows), spelled(given->second.cols)};
  else
    shape = {s.open(), std::islower(static_cast<unsigned char>(token.text[0])) ? s.number(1) : s.open()};
  symbols_.push_back({token.text, shape});
  return shape;
}

TextShape ShapeBuilder::binary(std::string_view sign, const TextShape &u, const TextShape &v) {
  if (sign == "*") return product(u, v);
  if (sign == "⊗") return kron(u, v);
  if (sign == "⊕") return direct_sum(u, v);
  if (sign == "∗") return khatri_rao(u, v);
  if (sign == "/") {
    s.unify(v.rows, s.number(1)), s.unify(v.cols, s.number(1));
    return {u.rows, u.cols};
  }
  if (sign == "^" && !is_scalar(u)) return square({u.rows, u.cols});
  const TextShape result = entrywise(u, v);
  return {result.rows, result.cols};
}

/// The usual letters for sizes. Letters with a Unicode subscript come first.
constexpr std::array letters{"m", "n", "p", "r", "s", "k", "l", "t", "h", "j", "i", "q", "a", "b", "c", "d"};

bool is_number(const std::string &size) { return std::isdigit(static_cast<unsigned char>(size[0])); }

} // namespace

Symbols symbols_for(std::string_view text, const std::map<std::string, SymbolicShape, std::less<>> &shapes,
                    SizeNames &sizes) {
  Unification unification;
  ShapeBuilder builder(unification, shapes);
  Grammar<ShapeBuilder>(text, builder).parse();
  std::set<std::string> taken;
  for (const auto &symbol : builder.symbols())
    taken.insert(symbol.name);
  for (const auto &[name, shape] : shapes)
    for (const std::string &size : {shape.rows, shape.cols})
      is_number(size) ? sizes.keep(std::stoll(size)) : void(taken.insert(size));
  const auto value = [&](SizeId size) {
    if (unification.is_open(size)) {
      const auto letter = std::ranges::find_if(letters, [&](const char *l) { return !taken.contains(l); });
      const std::string name = letter == letters.end() ? "n" + std::to_string(taken.size()) : *letter;
      taken.insert(name);
      unification.name(size, name);
    }
    return unification.value(size, [&](const std::string &name) { return sizes.size(name); });
  };
  Symbols symbols;
  for (const auto &[name, shape] : builder.symbols()) {
    const Index rows = value(shape.rows), cols = value(shape.cols);
    symbols.emplace(name, Symbol(name, rows, cols));
  }
  for (const auto &[name, shape] : shapes) { // symbols that the text does not use
    const auto size = [&](const std::string &s) { return is_number(s) ? std::stoll(s) : sizes.size(s); };
    if (!symbols.contains(name)) symbols.emplace(name, Symbol(name, size(shape.rows), size(shape.cols)));
  }
  return symbols;
}

} // namespace kronvec

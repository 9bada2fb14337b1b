/// Expressions as mathematics, in Unicode text or in LaTeX.

#include "calculus/printing/printer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace kronvec::inline KRONVEC_ABI {
namespace {

/// Lowercase letters and digits as subscripts, if Unicode has all of them.
std::optional<std::string> unicode_subscript(const std::string &text) {
  static const std::unordered_map<char, std::string> letters{
      {'a', "ₐ"}, {'e', "ₑ"}, {'h', "ₕ"}, {'i', "ᵢ"}, {'j', "ⱼ"}, {'k', "ₖ"}, {'l', "ₗ"}, {'m', "ₘ"},
      {'n', "ₙ"}, {'o', "ₒ"}, {'p', "ₚ"}, {'r', "ᵣ"}, {'s', "ₛ"}, {'t', "ₜ"}, {'u', "ᵤ"}, {'v', "ᵥ"},
      {'x', "ₓ"}, {'0', "₀"}, {'1', "₁"}, {'2', "₂"}, {'3', "₃"}, {'4', "₄"}, {'5', "₅"}, {'6', "₆"},
      {'7', "₇"}, {'8', "₈"}, {'9', "₉"}, {'+', "₊"}, {'(', "₍"}, {')', "₎"}, {',', ","}};
  std::string result;
  for (const char c : text) {
    const auto letter = letters.find(c);
    if (letter == letters.end()) return std::nullopt;
    result += letter->second;
  }
  return result;
}

} // namespace

} // namespace kronvec

namespace kronvec::printing {
namespace {

/// A letter with sizes as its subscript.
std::string with_subscript(const std::string &letter, const std::string &subscript, Notation notation) {
  if (notation == Notation::latex) return fmt::format("{}_{{{}}}", letter, subscript);
  const auto small = unicode_subscript(subscript);
  return small ? letter + *small : fmt::format("{}_({})", letter, subscript);
}

class Mathematics final : public Printer {
public:
  explicit Mathematics(const Spelling &spelling) : spelling_(spelling), notation_(spelling.notation) {}

private:
  bool latex() const { return notation_ == Notation::latex; }
  /// One of two spellings of a piece of mathematics.
  std::string pick(const char *text, const char *tex) const { return latex() ? tex : text; }
  std::string size(Index n) const { return spelling_.size ? spelling_.size(n) : std::to_string(n); }
  /// The left factor of a product. vec A gets parentheses; otherwise its argument would seem to be all of A·B.
  std::string left_factor(const Node &f) const {
    const bool open = f.operands[0]->kind == Kind::reshape && u[0]->precedence == Precedence::sign;
    return open ? fmt::format("({})", text(0)) : within(*u[0], Precedence::product);
  }
  /// a ⊙ b or a ⊘ b. Readers do not know whether these bind before or after a product, so products get parentheses.
  static Text apart(const Text &a, const std::string &sign, const Text &b) {
    return {within(a, Precedence::sign) + sign + within(b, Precedence::sign), Precedence::entrywise};
  }
  std::string function(std::string_view name) const override {
    if (!latex()) return std::string(name);
    static constexpr std::array known{"exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "det"};
    const bool command = std::find(known.begin(), known.end(), name) != known.end();
    return command ? fmt::format("\\{}", name) : fmt::format("\\operatorname{{{}}}", name);
  }
  std::string comma() const override { return ", "; }
  std::string minus() const override { return pick("−", "-"); }
  Text scaled(double alpha, const Text &part) const override {
    const std::string factor = alpha == -1 ? minus() : number(alpha).text + pick("·", "\\,");
    return {factor + within(part, Precedence::product), alpha < 0 ? Precedence::sum : Precedence::product};
  }

  Text print(const Node &f) const override;
  Text elementwise(const Node &f) const;
  Text filled(const Node &f) const;
  Text named(const Node &f) const;
  Text associative(const Node &f, const std::string &sign) const;
  Text transposed(const Node &f) const;
  Text reshaped(const Node &f) const;
  Text embedded(const Node &f) const;
  Text scaled_by(const Node &f) const;

  const Spelling &spelling_;
  Notation notation_;
};

/// A matrix whose entries are all one number.
Text Mathematics::filled(const Node &f) const {
  const auto [rows, cols] = f.shape;
  const bool zero = f.alpha == 0;
  const std::string letter = zero ? pick("0", "0") : pick("1", "\\mathbf{1}");
  const std::string sizes = cols == 1 ? size(rows) : size(rows) + pick("x", "\\times ") + size(cols);
  const Text matrix{with_subscript(letter, sizes, notation_)};
  return zero || f.alpha == 1 ? matrix : scaled(f.alpha, matrix);
}

Text Mathematics::elementwise(const Node &f) const {
  const bool scalar = f.shape == Shape{1, 1};
  const auto power = [&](const std::string &exponent) -> Text {
    const std::string base = within(*u[0], Precedence::atom);
    if (latex()) return {fmt::format("{}^{{{}{}}}", base, scalar ? "" : "\\circ ", exponent), Precedence::power};
    return {fmt::format("{}{}{}", base, scalar ? "^" : ".^", exponent), Precedence::sign};
  };
  switch (f.function) {
  case Function::square:
    return power("2");
  case Function::pow:
    return power(f.alpha < 0 && !latex() ? fmt::format("-{}", -f.alpha) : fmt::format("{}", f.alpha));
  case Function::reciprocal:
    if (scalar) return infix({"1"}, "/", *u[0], Precedence::product);
    return apart({"1"}, pick(" ⊘ ", " \\oslash "), *u[0]);
  default:
    return call(kronvec::name(f.function));
  }
}

Text Mathematics::transposed(const Node &f) const {
  if (f.operands[0]->kind == Kind::inverse && !spelling_.names.contains(f.operands[0].get())) {
    const std::string &inverse = text(0); // U⁻¹ becomes U⁻ᵀ
    const std::string sign = pick("⁻¹", "^{-1}");
    if (inverse.ends_with(sign))
      return {inverse.substr(0, inverse.size() - sign.size()) + pick("⁻ᵀ", "^{-\\mathsf{T}}"), Precedence::power};
  }
  // LaTeX allows no second superscript
  return {within(*u[0], latex() ? Precedence::atom : Precedence::power) + pick("ᵀ", "^{\\mathsf{T}}"),
          Precedence::power};
}

Text Mathematics::reshaped(const Node &f) const {
  if (f.shape.cols != 1)
    return {fmt::format("{}({}, {}, {})", function("unvec"), text(0), size(f.shape.rows), size(f.shape.cols))};
  const bool alone = u[0]->precedence == Precedence::atom && !text(0).starts_with("(");
  return {fmt::format(fmt::runtime(alone ? "{} {}" : "{}({})"), function("vec"), text(0)),
          alone ? Precedence::sign : Precedence::atom};
}

/// A ⊗ B. Operands that are of the same kind need no parentheses.
Text Mathematics::associative(const Node &f, const std::string &sign) const {
  const auto operand = [&](std::size_t i) {
    const Node &part = *f.operands[i];
    const bool alike = part.kind == Kind::named && part.name == f.name;
    return within(*u[i], alike ? Precedence::kronecker : Precedence::product);
  };
  return {operand(1) + sign + operand(2), Precedence::kronecker};
}

Text Mathematics::named(const Node &f) const {
  if (f.name == "kron") return associative(f, pick(" ⊗ ", " \\otimes "));
  if (f.name == "dirsum") return associative(f, pick(" ⊕ ", " \\oplus "));
  if (f.name == "khatrirao") return associative(f, pick(" ∗ ", " \\ast "));
  if (f.name == "diag" && f.shape.cols > 1) return call_of("Diag", 1);
  if (f.name != "d") return call_of(f.name, 1);
  const std::string d = latex() ? "\\mathrm{d}" : "d";
  const bool alone = f.operands[1]->kind == Kind::symbol || spelling_.names.contains(f.operands[1].get());
  return {d + (alone ? text(1) : fmt::format("({})", text(1)))};
}

Text Mathematics::print(const Node &f) const {
  const auto is_scalar = [](const NodePtr &part) { return part->shape == Shape{1, 1}; };
  switch (f.kind) {
  case Kind::symbol:
    return {print_name(f.name, notation_)};
  case Kind::number:
    return number(f.alpha);
  case Kind::eye:
    return {with_subscript("I", size(f.shape.rows), notation_)};
  case Kind::commutation:
    return {with_subscript("K", size(f.middle.m) + "," + size(f.middle.n), notation_)};
  case Kind::elimination:
    return {with_subscript("L", size(triangle_side(f.shape.rows)), notation_)};
  case Kind::filled:
    return filled(f);
  case Kind::add:
    return infix(times(f.alpha, *u[0]), f.beta < 0 ? fmt::format(" {} ", minus()) : " + ",
                 times(std::abs(f.beta), *u[1]), Precedence::sum);
  case Kind::scale:
    return scaled(f.alpha, *u[0]);
  case Kind::multiply: { // is associative
    const Precedence least = f.operands[1]->kind == Kind::multiply ? Precedence::product : Precedence::sign;
    return {left_factor(f) + pick("·", "\\,") + within(*u[1], least), Precedence::product};
  }
  case Kind::hadamard:
  case Kind::hadamard_or_zero:
    if (is_scalar(f.operands[0]) || is_scalar(f.operands[1])) return scaled_by(f);
    return apart(*u[0], pick(" ⊙ ", " \\odot "), *u[1]);
  case Kind::quotient:
  case Kind::quotient_or_zero:
    if (is_scalar(f.operands[1])) return infix(*u[0], "/", *u[1], Precedence::product);
    return apart(*u[0], pick(" ⊘ ", " \\oslash "), *u[1]);
  case Kind::power: {
    const std::string exponent =
        latex() ? fmt::format("^{{\\circ {}}}", text(1)) : ".^" + within(*u[1], Precedence::atom);
    const Text power{within(*u[0], Precedence::atom) + exponent, Precedence::power};
    if (f.alpha == 0) return power;
    const Text log = call("log"),
               factor{log.text + (latex() ? "^{\\circ " : ".^") + fmt::format("{}", f.alpha) + (latex() ? "}" : "")};
    return apart(power, pick(" ⊙ ", " \\odot "), f.alpha == 1 ? log : factor);
  }
  case Kind::elementwise:
    return elementwise(f);
  case Kind::transpose:
    return transposed(f);
  case Kind::inverse:
    return {within(*u[0], Precedence::atom) + pick("⁻¹", "^{-1}"), Precedence::power};
  case Kind::solve:
    return {within(*u[0], Precedence::atom) + pick("⁻¹·", "^{-1}\\,") + within(*u[1], Precedence::sign),
            Precedence::product};
  case Kind::inner:
    return {fmt::format("{}({}{}{})", function("tr"), within(*u[0], Precedence::atom), pick("ᵀ·", "^{\\mathsf{T}}\\,"),
                        within(*u[1], Precedence::sign))};
  case Kind::reshape:
    return reshaped(f);
  case Kind::embed:
    return embedded(f);
  case Kind::named:
    return named(f);
  default:
    return function_of(f);
  }
}

/// A scalar times a matrix. A scalar that is itself a product gets parentheses before a matrix.
Text Mathematics::scaled_by(const Node &f) const {
  const bool chain =
      f.operands[0]->kind == Kind::multiply && f.shape != Shape{1, 1} && u[0]->precedence != Precedence::atom;
  const std::string scalar = chain ? fmt::format("({})", text(0)) : left_factor(f);
  return {scalar + pick("·", "\\,") + within(*u[1], Precedence::product), Precedence::product};
}

/// U padded with zeros: 0 ⊕ U ⊕ 0, or Diag(u).
Text Mathematics::embedded(const Node &f) const {
  const Shape part = f.operands[0]->shape;
  if (f.window.step == f.shape.rows + 1) return call_of("Diag", 0);
  if (f.window.step != f.shape.rows) return function_of(f);
  const auto [row, col] = f.window.first(part, f.shape);
  const Index below = f.shape.rows - row - part.rows, beside = f.shape.cols - col - part.cols;
  const auto zeros = [&](Index rows, Index cols) {
    return with_subscript("0", size(rows) + pick("x", "\\times ") + size(cols), notation_);
  };
  const std::string sum = pick(" ⊕ ", " \\oplus ");
  std::string result = within(*u[0], Precedence::product);
  if (row + col > 0) result = zeros(row, col) + sum + result;
  if (below + beside > 0) result += sum + zeros(below, beside);
  return {result, Precedence::kronecker};
}

} // namespace

std::unique_ptr<Printer> mathematics_printer(const Spelling &spelling) {
  return std::make_unique<Mathematics>(spelling);
}

} // namespace kronvec::printing

namespace kronvec::inline KRONVEC_ABI {

std::string print_name(const std::string &name, Notation notation) {
  if (notation == Notation::grammar) return name;
  const std::size_t last = name.find_last_not_of("0123456789");
  const std::string letters = name.substr(0, last + 1), digits = name.substr(last + 1);
  const bool is_sized = std::string_view("IKLDN").find(letters) != std::string_view::npos; // I₃ is an identity
  if (is_sized && letters.size() == 1 && notation == Notation::text) return name;
  if (notation == Notation::text) return digits.empty() ? name : letters + *unicode_subscript(digits);
  std::string escaped;
  for (const char c : letters)
    escaped += c == '_' ? "\\_" : std::string(1, c);
  if (letters.size() > 1) escaped = fmt::format("\\mathit{{{}}}", escaped);
  return digits.empty() ? escaped : fmt::format("{}_{{{}}}", escaped, digits);
}

} // namespace kronvec

/// Names for subexpressions that occur more than once.

#include "calculus/derivation/content.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace kronvec::derivation {
namespace {

/// Min length, in bytes, of a text that gets a name: five to eight letters.
constexpr std::size_t shortest = 8;

/// The letters that are usual for a function's value.
std::string_view letter_of(const Node &f) {
  if (f.kind == Kind::elementwise && f.function == Function::exp) return "E";
  if (f.kind == Kind::elementwise && f.function == Function::tanh) return "T";
  if (f.kind == Kind::elementwise && f.function == Function::sigmoid) return "S";
  if (f.kind == Kind::named && f.name == "softmax") return "P";
  if (f.kind == Kind::inverse) return "V";
  return "U";
}

class Namer {
public:
  explicit Namer(const std::vector<Symbol> &symbols) {
    for (const Symbol &symbol : symbols)
      taken_.insert(symbol.name());
  }

  std::string name_for(const Node &f) {
    std::string letter(letter_of(f));
    if (f.shape.cols == 1 || f.shape.rows == 1) letter[0] = static_cast<char>(letter[0] - 'A' + 'a');
    std::string name = letter;
    for (int k = 1; !taken_.insert(name).second; ++k)
      name = letter + std::to_string(k);
    return name;
  }

private:
  std::set<std::string> taken_{"I", "K", "L", "D", "N", "d"};
};

/// If F is vec E or Diag(vec E), returns E, which gets the name instead of F.
Expression unwrapped(Expression f) {
  while (f.node()->kind == Kind::reshape || is_function(f, "diag"))
    f = argument(f, 0);
  return f;
}

/// How often each part occurs in a formula, if every part is written once.
std::unordered_map<const Node *, int> occurrences(const Expression &formula) {
  std::unordered_map<const Node *, int> counts;
  for (const NodePtr &node : argument_order(formula.node()))
    for (const NodePtr &argument : arguments(*node))
      ++counts[argument.get()];
  return counts;
}

/// Reorders the names so that each follows those that its definition uses.
std::vector<std::pair<std::string, Expression>>
in_order_of_use(const std::vector<std::pair<std::string, Expression>> &names) {
  std::unordered_map<const Node *, std::string> left;
  for (const auto &[name, part] : names)
    left.emplace(part.node().get(), name);
  std::vector<std::pair<std::string, Expression>> ordered;
  for (const auto &[name, part] : names)
    for (const NodePtr &node : argument_order(part.node()))
      if (const auto found = left.find(node.get()); found != left.end()) {
        ordered.emplace_back(found->second, Expression(node));
        left.erase(found);
      }
  return ordered;
}

} // namespace

std::vector<std::pair<std::string, Expression>> named_parts(const std::vector<Expression> &parts,
                                                            const std::vector<Expression> &formulas,
                                                            const std::vector<Symbol> &symbols) {
  Namer namer(symbols);
  std::vector<std::pair<std::string, Expression>> names;
  Spelling known{.notation = Notation::text};
  const auto give_name = [&](const Expression &part) {
    const std::string name = namer.name_for(*part.node());
    known.names.emplace(part.node().get(), name);
    names.emplace_back(name, part);
  };
  std::ranges::for_each(parts, give_name);
  for (const Expression &formula : formulas) {
    const auto counts = occurrences(formula);
    for (const NodePtr &node : argument_order(formula.node())) {
      const auto count = counts.find(node.get());
      if (count == counts.end() || count->second < 2 || arguments(*node).empty()) continue;
      const Expression part = unwrapped(Expression(node));
      if (!known.names.contains(part.node().get()) && print(part, known).size() >= shortest) give_name(part);
    }
  }
  return in_order_of_use(names);
}

} // namespace kronvec::derivation

/// Expressions as text; visits each node once.

#include "calculus/printing/printer.hpp"

namespace kronvec::inline KRONVEC_ABI {
namespace {

constexpr std::size_t longest = 20000;

} // namespace

std::string print_definition(const Expression &f, const Spelling &spelling) {
  const auto printer =
      spelling.notation == Notation::grammar ? printing::grammar_printer() : printing::mathematics_printer(spelling);
  std::unordered_map<const Node *, printing::Text> texts;
  for (const NodePtr &node : topological_order(f.node())) {
    const auto name = spelling.names.find(node.get());
    if (name != spelling.names.end() && node != f.node()) {
      texts.emplace(node.get(), printing::Text{print_name(name->second, spelling.notation)});
      continue;
    }
    std::vector<const printing::Text *> operands;
    for (const NodePtr &operand : node->operands)
      operands.push_back(&texts.at(operand.get()));
    printing::Text text = printer->text_of(*node, operands);
    if (text.text.size() > longest) text = {"…"};
    texts.emplace(node.get(), std::move(text));
  }
  return texts.at(f.node().get()).text;
}

std::string print(const Expression &f, const Spelling &spelling) {
  const auto name = spelling.names.find(f.node().get());
  return name == spelling.names.end() ? print_definition(f, spelling) : print_name(name->second, spelling.notation);
}

std::string to_string(const Expression &f) { return print(f, {}); }
std::ostream &operator<<(std::ostream &out, const Expression &f) { return out << to_string(f); }

} // namespace kronvec

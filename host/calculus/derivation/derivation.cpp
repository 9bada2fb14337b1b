/// Builds the content of a derivation, and checks that it is short enough to read.

#include "kronvec/derivation.hpp"

#include "calculus/derivation/content.hpp"
#include "calculus/rewriting/rewriter.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kronvec::derivation {
namespace {

std::vector<Symbol> symbols_of(const Expression &f, const Symbol &x) {
  std::vector<Symbol> symbols;
  for (const NodePtr &node : argument_order(f.node()))
    if (node->kind == Kind::symbol) symbols.emplace_back(Expression(node));
  if (std::ranges::none_of(symbols, [&](const Symbol &s) { return s.node() == x.node(); })) symbols.push_back(x);
  std::ranges::sort(symbols, {}, [](const Symbol &s) { return s.name(); });
  return symbols;
}

/// Max number of operations. Nobody reads longer derivations; the limit also bounds the recursion of some rules.
constexpr std::size_t max_operations = 300;

/// Returns F. Throws Error if F is too long.
const Expression &readable(const Expression &f) {
  if (const std::size_t operations = argument_order(f.node()).size(); operations > max_operations)
    throw Error(fmt::format("a function of {} operations: a derivation is to be read, and takes {} at the most",
                            operations, max_operations));
  return f;
}

/// The remarks on F's parts, each once.
std::vector<std::string> remarks_about(const Expression &f) {
  std::vector<std::string> all;
  for (const NodePtr &node : argument_order(f.node()))
    if (const auto text = remark(*node); !text.empty() && std::ranges::find(all, text) == all.end())
      all.emplace_back(text);
  return all;
}

/// Turns off the rules that only save work: nothing is computed here.
double any_work_is_equal(const Expression &, const std::unordered_set<const Node *> &) { return 0; }

} // namespace

Content::Content(const Expression &function, const Symbol &variable, const SizeNames &names_of_sizes)
    : x(variable), sizes(names_of_sizes), written(function), f(function), factors(0), jacobian(0),
      jacobian_transpose(0) {
  Simplifier simplify;
  written = simplify(readable(function));
  f = simplify(rewriting::Rewriter(any_work_is_equal)(written));
  symbols = symbols_of(f, x);
  for (const Symbol &symbol : symbols)
    if (symbol.name() == "d" + x.name())
      throw Error(fmt::format("the symbol '{0}' would be read as the differential of {1}", symbol.name(), x.name()));
  for (const char *letter : {"F", "Y", "G", "H", "Z", "F0"})
    if (name.empty() && std::ranges::none_of(symbols, [&](const Symbol &s) { return s.name() == letter; }))
      name = letter;
  parts = differential_steps(f, x, simplify);
  const Differential df = textbook_differential(f, x);
  simplify.take_applied();
  if (f.is_scalar()) { // J = vec(∇F)ᵀ (D0)
    gradient = simplify(applied(transposed(df, x.shape()), Expression(1)));
    factors = jacobian = simplify(transpose(vec(*gradient)));
    const Expression form = simplify(inner(*gradient, d(x))); // tr(∇Fᵀ·dX)
    if (!same(form, parts.back().lines.back().differential))
      parts.back().lines.push_back(
          {form,
           {x.is_scalar() ? RuleName{"terms collected", ""} : RuleName{"the trace is linear and cyclic", "T3, T4"}}});
  } else {
    factors = simplify.as_written(matrix_of(df, x.shape()));
    jacobian = simplify(factors);
    identities = simplify.take_applied();
  }
  jacobian_transpose = simplify(transpose(jacobian));
  std::vector<Expression> derived_once;
  for (const DerivedPart &part : std::span(parts).first(parts.size() - 1))
    derived_once.push_back(part.f);
  names = named_parts(derived_once, {gradient.value_or(jacobian)}, symbols);
  remarks = remarks_about(f);
}

Spelling Content::spelling(Notation notation) const {
  Spelling spelling{.notation = notation};
  for (const auto &[letter, part] : names)
    spelling.names.emplace(part.node().get(), letter);
  spelling.size = [this](Index n) { return sizes.spelled(n); };
  return spelling;
}

std::string Content::function(Notation notation) const {
  const Spelling with_names = spelling(notation);
  const std::string text = print(written, {.notation = notation, .size = with_names.size});
  return text.size() < longest_in_full ? text : print_definition(written, with_names);
}

} // namespace kronvec::derivation

namespace kronvec::inline KRONVEC_ABI {

Derivation::Derivation(const Expression &f, const Symbol &x, const SizeNames &sizes)
    : content_(std::make_shared<const derivation::Content>(f, x, sizes)) {}

Expression Derivation::jacobian(Layout layout) const {
  return layout == Layout::numerator ? content_->jacobian : content_->jacobian_transpose;
}

std::optional<Expression> Derivation::gradient() const { return content_->gradient; }

} // namespace kronvec

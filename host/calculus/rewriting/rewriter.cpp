/// One pass of rewriting.

#include "calculus/rewriting/rewriter.hpp"

#include <map>

namespace kronvec::rewriting {
namespace {

struct CompiledRule {
  const Rule *rule;
  Pattern pattern;
};

using Table = std::map<std::string, std::vector<CompiledRule>, std::less<>>;

/// The rules by the head of their pattern.
const Table &compiled() {
  static const Table &table = *[] {
    auto *result = new Table;
    for (const Rule &rule : rules()) {
      Pattern pattern(rule.before);
      std::string head = pattern.head();
      (*result)[std::move(head)].push_back({&rule, std::move(pattern)});
    }
    return result;
  }();
  return table;
}

} // namespace

std::optional<Expression> Rewriter::rewritten_once(const Expression &f) {
  const auto candidates = compiled().find(head_of(*f.node()));
  if (candidates == compiled().end()) return std::nullopt;
  for (const auto &[rule, pattern] : candidates->second) {
    const auto bindings = pattern.match(*f.node());
    if (!bindings || !rule->holds(*bindings)) continue;
    const Expression after = parse_with(rule->after, *bindings);
    if (after.shape() != f.shape()) continue; // a scalar that broadcasts
    if (rule->saves_work) {
      std::unordered_set<const Node *> known;
      for (const auto &[name, part] : *bindings)
        known.insert(part.node().get());
      if (cost_(after, known) >= cost_(f, known)) continue;
    }
    applied_.push_back({rule, f, after});
    return after;
  }
  return std::nullopt;
}

Expression Rewriter::operator()(const Expression &f) {
  std::unordered_map<const Node *, NodePtr> done;
  const Expression whole = interner_(f);
  for (const NodePtr &node : argument_order(whole.node())) {
    std::vector<NodePtr> parts;
    for (const NodePtr &argument : arguments(*node))
      parts.push_back(done.at(argument.get()));
    const bool same = std::ranges::equal(parts, arguments(*node));
    Expression result = same ? Expression(node) : interner_(with_arguments(*node, parts));
    while (const auto next = rewritten_once(result))
      result = interner_(*next);
    done.emplace(node.get(), result.node());
  }
  return Expression(done.at(whole.node().get()));
}

} // namespace kronvec::rewriting

namespace kronvec::inline KRONVEC_ABI {

Expression rewritten(const Expression &f) { return rewriting::Rewriter()(f); }

} // namespace kronvec

/// Maps equal expressions to one node.

#include "calculus/derivation/interning.hpp"

#include "calculus/expression/make.hpp"

#include <fmt/format.h>

#include <unordered_map>

namespace kronvec::derivation {
namespace {

/// A key that identifies a node, given that its arguments are interned.
std::string key_of(const Node &f) {
  std::string key = fmt::format("{} {} {} {} {} {} {} {} {} {} {} {}", static_cast<int>(f.kind), f.shape.rows,
                                f.shape.cols, f.alpha, f.beta, static_cast<int>(f.function), f.name, f.window.offset,
                                f.window.step, f.middle.inner, f.middle.m, f.middle.n);
  for (const NodePtr &argument : arguments(f))
    key += fmt::format(" {}", fmt::ptr(argument.get()));
  for (const double entry : f.entries)
    key += fmt::format(" {}", entry);
  return key;
}

} // namespace

Expression d(const Expression &u) { return named("d", u, {u}); }

std::span<const NodePtr> arguments(const Node &f) {
  return std::span(f.operands).subspan(f.kind == Kind::named ? 1 : 0);
}

Expression with_arguments(const Node &f, const std::vector<NodePtr> &arguments) {
  if (f.kind == Kind::named) {
    const std::vector<Expression> parts(arguments.begin(), arguments.end());
    return f.name == "d" ? d(parts[0]) : named_function(f.name, parts);
  }
  auto node = std::make_shared<Node>(f.kind, f.shape, arguments, f.alpha, f.beta);
  node->function = f.function;
  node->name = f.name;
  node->entries = f.entries;
  node->window = f.window;
  node->middle = f.middle;
  return Expression(std::move(node));
}

Expression Interner::operator()(const Expression &f) {
  if (known_.contains(f.node().get())) return f;
  std::unordered_map<const Node *, NodePtr> interned;
  for (const NodePtr &node : argument_order(f.node())) {
    std::vector<NodePtr> parts(arguments(*node).begin(), arguments(*node).end());
    bool same = true;
    for (NodePtr &part : parts) {
      const NodePtr &twin = interned.at(part.get());
      same = same && twin == part;
      part = twin;
    }
    NodePtr candidate = same ? node : with_arguments(*node, parts).node();
    // A symbol is identified by its address, not by its name.
    const std::string key = node->kind == Kind::symbol ? fmt::format("{}", fmt::ptr(node.get())) : key_of(*candidate);
    const NodePtr &twin = nodes_.try_emplace(key, std::move(candidate)).first->second;
    known_.insert(twin.get());
    interned.emplace(node.get(), twin);
  }
  return Expression(interned.at(f.node().get()));
}

} // namespace kronvec::derivation

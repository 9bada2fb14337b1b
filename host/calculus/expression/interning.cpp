/// Maps equal expressions to one node.

#include "calculus/expression/interning.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>

namespace kronvec::inline KRONVEC_ABI {

std::span<const NodePtr> arguments(const Node &f) {
  return std::span(f.operands).subspan(f.kind == Kind::named ? 1 : 0);
}

Expression with_arguments(const Node &f, const std::vector<NodePtr> &arguments) {
  if (f.kind == Kind::named) return named_function(f.name, std::vector<Expression>(arguments.begin(), arguments.end()));
  auto node = std::make_shared<Node>(f.kind, f.shape, arguments, f.alpha, f.beta);
  node->function = f.function;
  node->name = f.name;
  node->entries = f.entries;
  node->window = f.window;
  node->middle = f.middle;
  return Expression(std::move(node));
}

namespace {

std::uint64_t bits(double x) { return std::bit_cast<std::uint64_t>(x); }

} // namespace

std::size_t Interner::Hash::operator()(const NodePtr &f) const {
  if (f->kind == Kind::symbol) return std::hash<NodePtr>()(f);
  std::size_t hash = 0;
  const auto mix = [&](auto part) {
    hash = (hash ^ std::hash<decltype(part)>()(part)) * std::size_t{0x9e3779b97f4a7c15};
    hash ^= hash >> 29;
  };
  mix(static_cast<int>(f->kind)), mix(f->shape.rows), mix(f->shape.cols), mix(bits(f->alpha)), mix(bits(f->beta));
  mix(static_cast<int>(f->function)), mix(f->name), mix(f->window.offset), mix(f->window.step);
  mix(f->middle.inner), mix(f->middle.m), mix(f->middle.n);
  for (const NodePtr &argument : arguments(*f))
    mix(argument.get());
  for (const double entry : f->entries)
    mix(bits(entry));
  return hash;
}

bool Interner::Equal::operator()(const NodePtr &f, const NodePtr &g) const {
  if (f->kind == Kind::symbol || g->kind == Kind::symbol) return f == g;
  const auto same = [](double x, double y) { return bits(x) == bits(y); };
  return f->kind == g->kind && f->shape == g->shape && same(f->alpha, g->alpha) && same(f->beta, g->beta) &&
         f->function == g->function && f->name == g->name && f->window.offset == g->window.offset &&
         f->window.step == g->window.step && f->middle.inner == g->middle.inner && f->middle.m == g->middle.m &&
         f->middle.n == g->middle.n && std::ranges::equal(arguments(*f), arguments(*g)) &&
         std::ranges::equal(f->entries, g->entries, same);
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
    const NodePtr &twin = *nodes_.insert(same ? node : with_arguments(*node, parts).node()).first;
    known_.insert(twin.get());
    interned.emplace(node.get(), twin);
  }
  return Expression(interned.at(f.node().get()));
}

} // namespace kronvec

/// The differential, line by line: each line applies the rules of all d(U) in the line before, once.

#include "calculus/derivation/content.hpp"

#include <algorithm>

namespace kronvec::derivation {
namespace {

Expression d_of(const NodePtr &u) { return d(Expression(u)); }

class Steps {
public:
  Steps(const Expression &f, const Symbol &x, Simplifier &simplify) : f_(f), x_(x.node()), simplify_(simplify) {
    order_ = argument_order(f.node());
    for (const NodePtr &node : order_) {
      Index below = node == x_ ? 1 : 0;
      for (const NodePtr &argument : arguments(*node)) {
        below += nodes_below_[argument.get()];
        if (depends(argument)) ++uses_[argument.get()];
      }
      nodes_below_[node.get()] = below + (below > 0 && node != x_ ? 1 : 0);
    }
  }

  std::vector<DerivedPart> run() {
    std::vector<DerivedPart> parts;
    for (const NodePtr &node : order_)
      if (node == f_.node() || is_derived_once(node)) parts.push_back(part(node));
    return parts;
  }

private:
  bool depends(const NodePtr &node) const { return nodes_below_.at(node.get()) > 0; }
  /// Whether a part is derived separately and its differential only named in other lines: it occurs more than once and
  /// is not trivial.
  bool is_derived_once(const NodePtr &node) const {
    const auto uses = uses_.find(node.get());
    return node != x_ && uses != uses_.end() && uses->second > 1 && nodes_below_.at(node.get()) > 3;
  }

  DerivedPart part(const NodePtr &root) {
    root_ = root;
    expanded_.clear();
    DerivedPart result{Expression(root), {{d_of(root)}}};
    if (root == x_)
      result.lines.push_back({d_of(root)});
    else if (!depends(root))
      result.lines.push_back({zeros(root->shape.rows, root->shape.cols), {{"constant", "D1"}}});
    if (root == x_ || !depends(root)) return result;
    for (std::vector<NodePtr> next{root}; !next.empty(); next = frontier_) {
      const std::vector<RuleName> rules = expand(next);
      result.lines.push_back({simplify_(rendered(root)), rules});
    }
    return result;
  }

  /// Applies the rules of these parts. In the same line, also applies the rules of their arguments if these are linear
  /// or repeat the rule.
  std::vector<RuleName> expand(std::vector<NodePtr> parts) {
    std::vector<RuleName> rules, linear;
    const auto add = [](std::vector<RuleName> &all, RuleName rule) {
      const auto known = [&](const RuleName &r) { return r.name == rule.name; };
      if (std::none_of(all.begin(), all.end(), known)) all.push_back(rule);
    };
    const std::size_t given = parts.size();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const NodePtr node = parts[i];
      // The rule of the surrounding sum already names this one.
      const bool is_named = i >= given && node->kind == Kind::elementwise;
      if (!is_named)
        add(is_linear(*node) ? linear : rules, rule_name(*node, [&](const NodePtr &part) { return depends(part); }));
      expanded_.insert(node.get());
      for (const NodePtr &argument : arguments(*node))
        if (depends(argument) && stops(argument) && (is_linear(*argument) || goes_on(*node, *argument)))
          parts.push_back(argument);
    }
    return rules.empty() ? linear : rules;
  }

  /// Whether this line keeps the d of a part unexpanded.
  bool stops(const NodePtr &node) const {
    return !expanded_.contains(node.get()) && node != x_ && (node == root_ || !is_derived_once(node));
  }

  /// dU as this line writes it. Parts that are still to be expanded go to `frontier_`.
  Expression rendered(const NodePtr &root) {
    frontier_.clear();
    std::unordered_map<const Node *, Expression> done;
    for (const NodePtr &node : order_) {
      if (!depends(node)) continue;
      done.emplace(node.get(), expanded_.contains(node.get()) ? by_rule(node, done) : d_of(node));
      if (node == root) break;
    }
    for (const NodePtr &node : order_)
      if (expanded_.contains(node.get()))
        for (const NodePtr &argument : arguments(*node))
          if (depends(argument) && stops(argument) && std::ranges::find(frontier_, argument) == frontier_.end())
            frontier_.push_back(argument);
    return done.at(root.get());
  }

  Expression by_rule(const NodePtr &node, const std::unordered_map<const Node *, Expression> &done) const {
    std::vector<Differential> parts;
    std::unordered_map<const LinearNode *, Expression> seeds;
    for (const NodePtr &argument : arguments(*node)) {
      parts.emplace_back(argument->shape);
      if (!depends(argument)) continue;
      parts.back() = seed(argument->shape);
      seeds.emplace(parts.back().node().get(), done.at(argument.get()));
    }
    return applied(textbook_rule(node, parts), seeds);
  }

  Expression f_;
  NodePtr x_, root_;
  Simplifier &simplify_;
  std::vector<NodePtr> order_, frontier_;
  std::unordered_map<const Node *, Index> nodes_below_, uses_; ///< of nodes that depend on X
  std::unordered_set<const Node *> expanded_;
};

} // namespace

std::vector<DerivedPart> differential_steps(const Expression &f, const Symbol &x, Simplifier &simplify) {
  return Steps(f, x, simplify).run();
}

} // namespace kronvec::derivation

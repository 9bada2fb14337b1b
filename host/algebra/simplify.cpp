/// Rewriting: parts first, then neighbours by the rules, until none applies.

#include "algebra/composed.hpp"
#include "algebra/kronecker.hpp"
#include "algebra/rules.hpp"

#include <fmt/format.h>

namespace kronvec {

using namespace algebra;

namespace {

template <class T> class Simplifier {
public:
  explicit Simplifier(std::vector<Rewriting> &steps) : steps_(steps) {}

  NodePtr<T> simplified(const NodePtr<T> &a) {
    if (const auto *scaled = as<Scaled<T>>(a)) return multiple_of(*scaled);
    if (a->shape() == Shape{1, 1} && as<Kronecker<T>>(a) && as<Kronecker<T>>(a)->factors().empty())
      return identity<T>(1, a->device()).node();
    if (const auto *p = as<Composition<T>>(a)) return reduced(p->factors(), product_rules<T>(), true, product<T>);
    if (const auto *s = as<Sum<T>>(a)) return reduced(s->terms(), sum_rules<T>(), false, sum<T>);
    if (const auto *k = as<Kronecker<T>>(a)) return reduced(k->factors(), kronecker_rules<T>(), true, kronecker);
    if (const auto *d = as<DirectSum<T>>(a); d && !d->blocks().empty())
      return reduced(d->blocks(), direct_sum_rules<T>(), true, direct_sum);
    return a;
  }

private:
  using Combine = NodePtr<T> (*)(const NodePtr<T> &, const NodePtr<T> &);
  using Parts = std::vector<NodePtr<T>>;

  static NodePtr<T> kronecker(const NodePtr<T> &a, const NodePtr<T> &b) {
    return kronvec::kron(Operators<T>{Operator<T>(a), Operator<T>(b)}).node();
  }
  static NodePtr<T> direct_sum(const NodePtr<T> &a, const NodePtr<T> &b) {
    return kronvec::direct_sum(Operators<T>{Operator<T>(a), Operator<T>(b)}).node();
  }

  NodePtr<T> multiple_of(const Scaled<T> &scaled) {
    const NodePtr<T> inside = simplified(scaled.a());
    if (scaled.scale() == T(0)) return (kronvec::zero<T>(scaled.rows(), scaled.cols(), scaled.device())).node();
    const NodePtr<T> all = multiple<T>(scaled.scale(), inside);
    const auto *result = as<Scaled<T>>(all);
    return result->scale() == T(1) ? result->a() : all;
  }

  /// Replaces neighbours (any two, where the order does not matter) by what a rule makes of them.
  NodePtr<T> reduced(Parts parts, std::span<const Rule<T>> rules, bool ordered, Combine combine) {
    for (NodePtr<T> &part : parts)
      part = simplified(part);
    while (apply_one(parts, rules, ordered, combine)) {
    }
    NodePtr<T> all = parts.front();
    for (std::size_t p = 1; p < parts.size(); ++p)
      all = combine(all, parts[p]);
    return all;
  }

  bool apply_one(Parts &parts, std::span<const Rule<T>> rules, bool ordered, Combine combine) {
    for (std::size_t i = 0; i < parts.size(); ++i)
      for (std::size_t j = i + 1; j < (ordered ? std::min(i + 2, parts.size()) : parts.size()); ++j) {
        if (replaced(parts, i, j, parts[j], 1, rules, combine)) return true;
        const bool three = ordered && j + 1 < parts.size(); // for rules about three neighbours
        if (three && replaced(parts, i, j, combine(parts[j], parts[j + 1]), 2, rules, combine)) return true;
      }
    return false;
  }

  /// Replaces parts i and j … j + count − 1, which are `right`, by the first rule that is worth it.
  bool replaced(Parts &parts, std::size_t i, std::size_t j, const NodePtr<T> &right, std::size_t count,
                std::span<const Rule<T>> rules, Combine combine) {
    const NodePtr<T> left = parts[i];
    for (const Rule<T> &rule : rules) {
      const NodePtr<T> made = applied(rule, left, right);
      if (!made) continue;
      const NodePtr<T> before = combine(left, right);
      const std::size_t step = steps_.size();
      steps_.push_back({rule.statement, rule.ledger, before->text(), made->text(), 0});
      const NodePtr<T> result = simplified(made);
      const double saved = before->flops() - result->flops();
      if (saved < 0 || (rule.must_save && saved == 0 && result->size() >= before->size())) {
        steps_.resize(step);
        continue;
      }
      steps_[step].flops_saved = saved;
      parts[i] = result;
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(j),
                  parts.begin() + static_cast<std::ptrdiff_t>(j + count));
      return true;
    }
    return false;
  }

  /// What the rule makes of the two; the same operator for the same two, so that it is seen to be a common factor.
  NodePtr<T> applied(const Rule<T> &rule, const NodePtr<T> &left, const NodePtr<T> &right) {
    for (const Made &made : made_)
      if (made.rule == &rule && same<T>(made.left, left) && same<T>(made.right, right)) return made.result;
    const NodePtr<T> result = rule.apply(left, right);
    if (result) made_.push_back({&rule, left, right, result});
    return result;
  }

  struct Made {
    const Rule<T> *rule;
    NodePtr<T> left, right, result;
  };
  std::vector<Made> made_;
  std::vector<Rewriting> &steps_;
};

} // namespace

template <class T> Simplified<T> simplify(const Operator<T> &a) {
  std::vector<Rewriting> steps;
  const NodePtr<T> result = Simplifier<T>(steps).simplified(a.node());
  return {a, Operator<T>(result), std::move(steps)};
}

template <class T> std::string Simplified<T>::explain() const {
  std::string text = fmt::format("{}: {:.6g} flops a column\n", before.to_string(), before.flops());
  for (const Rewriting &step : steps)
    text += fmt::format("  {:<4} {}\n         {} → {}{}\n", step.ledger, step.rule, step.before, step.after,
                        step.flops_saved > 0 ? fmt::format(", saves {:.6g}", step.flops_saved) : "");
  return text + fmt::format("{}: {:.6g} flops a column\n", result.to_string(), result.flops());
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template Simplified<T> simplify(const Operator<T> &);                                                                \
  template struct Simplified<T>;
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)
KRONVEC_INSTANTIATE(std::complex<float>)
KRONVEC_INSTANTIATE(std::complex<double>)

} // namespace kronvec

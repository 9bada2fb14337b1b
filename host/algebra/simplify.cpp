/// Rewrites operators: first the parts, then neighbours, until no rule applies.

#include "algebra/composed.hpp"
#include "algebra/kronecker.hpp"
#include "algebra/rules.hpp"
#include "algebra/structured.hpp"

#include <fmt/format.h>

#include <array>

namespace kronvec::inline KRONVEC_ABI {

using namespace algebra;

namespace {

template <class T> class OperatorSimplifier {
public:
  explicit OperatorSimplifier(std::vector<Rewriting> &steps) : steps_(steps) {}

  NodePtr<T> simplified(const NodePtr<T> &a) {
    if (const auto *scaled = as<Scaled<T>>(a)) return multiple_of(*scaled);
    for (const CombinationKind &kind : combinations())
      if (const Parts *parts = kind.parts(a); parts && !parts->empty()) return reduced(kind, *parts);
    return a;
  }

private:
  using Parts = std::vector<NodePtr<T>>;

  /// A way to combine operators, with its rules. If the order matters, rules apply to neighbours only.
  struct CombinationKind {
    std::span<const Rule<T>> rules;
    bool ordered;
    const Parts *(*parts)(const NodePtr<T> &a); ///< the parts of a combination of this kind, or null
    NodePtr<T> (*combine)(const NodePtr<T> &a, const NodePtr<T> &b);
  };
  template <class Kind> static const Parts *parts_of(const NodePtr<T> &a) {
    const Kind *kind = as<Kind>(a);
    return kind ? &kind->parts() : nullptr;
  }
  static NodePtr<T> kronecker(const NodePtr<T> &a, const NodePtr<T> &b) {
    return kronvec::kron(Operators<T>{Operator<T>(a), Operator<T>(b)}).node();
  }
  static NodePtr<T> direct_sum(const NodePtr<T> &a, const NodePtr<T> &b) {
    return kronvec::direct_sum(Operators<T>{Operator<T>(a), Operator<T>(b)}).node();
  }
  static std::array<CombinationKind, 4> combinations() {
    return {{{product_rules<T>(), true, parts_of<Composition<T>>, product<T>},
             {sum_rules<T>(), false, parts_of<Sum<T>>, sum<T>},
             {kronecker_rules<T>(), true, parts_of<Kronecker<T>>, kronecker},
             {direct_sum_rules<T>(), true, parts_of<DirectSum<T>>, direct_sum}}};
  }

  NodePtr<T> multiple_of(const Scaled<T> &scaled) {
    const NodePtr<T> inside = simplified(scaled.a());
    if (scaled.scale() == T(0) || as<Zero<T>>(inside))
      return kronvec::zero<T>(scaled.rows(), scaled.cols(), scaled.device()).node();
    const NodePtr<T> all = multiple<T>(scaled.scale(), inside);
    const auto *result = as<Scaled<T>>(all);
    return result->scale() == T(1) ? result->a() : all;
  }

  /// Simplifies the parts, then applies rules to them until none applies.
  NodePtr<T> reduced(const CombinationKind &kind, const Parts &all) {
    Parts parts;
    for (const NodePtr<T> &part : all)
      append(kind, parts, simplified(part));
    while (parts.size() > 1 && apply_one(kind, parts)) {
    }
    NodePtr<T> result = parts.front();
    for (std::size_t p = 1; p < parts.size(); ++p)
      result = kind.combine(result, parts[p]);
    // The factors of a Kronecker product may have given up their numbers.
    const bool numbers_came_out = parts.size() > 1 && as<Scaled<T>>(result);
    return numbers_came_out ? simplified(result) : result;
  }

  /// Appends the part; for a combination of the same kind, its own parts.
  static void append(const CombinationKind &kind, Parts &parts, const NodePtr<T> &part) {
    const Parts *inner = kind.parts(part);
    inner ? (void)parts.insert(parts.end(), inner->begin(), inner->end()) : parts.push_back(part);
  }

  /// Applies the first rule that fits anywhere. Rules are tried in order, because the first ones leave the smallest
  /// results.
  bool apply_one(const CombinationKind &kind, Parts &parts) {
    for (const Rule<T> &rule : kind.rules)
      for (std::size_t i = 0; i + 1 < parts.size(); ++i)
        for (std::size_t j = i + 1; j < (kind.ordered ? i + 2 : parts.size()); ++j) {
          if (replaced(kind, rule, parts, i, j, parts[j], 1)) return true;
          const bool three = kind.ordered && j + 1 < parts.size(); // for rules about three neighbours
          if (three && replaced(kind, rule, parts, i, j, kind.combine(parts[j], parts[j + 1]), 2)) return true;
        }
    return false;
  }

  /// Replaces part i and the parts j … j + count − 1 (combined: `right`) by the result of the rule, if it is worth it.
  bool replaced(const CombinationKind &kind, const Rule<T> &rule, Parts &parts, std::size_t i, std::size_t j,
                const NodePtr<T> &right, std::size_t count) {
    const NodePtr<T> left = parts[i], made = applied(rule, left, right);
    if (!made) return false;
    const NodePtr<T> before = kind.combine(left, right);
    const std::size_t step = steps_.size();
    steps_.push_back({rule.statement, rule.ledger, before->text(), made->text(), 0});
    const NodePtr<T> result = simplified(made);
    const double saved = before->flops() - result->flops();
    if (saved < 0 || (rule.must_save && saved == 0 && result->size() >= before->size())) {
      steps_.resize(step);
      return false;
    }
    steps_[step].flops_saved = saved;
    Parts next;
    for (std::size_t p = 0; p < parts.size(); ++p)
      if (p == i) {
        append(kind, next, result);
      } else if (p < j || p >= j + count) {
        next.push_back(parts[p]);
      }
    parts = std::move(next);
    return true;
  }

  /// The result of the rule for these two. The same two give the same operator object, so that later rules recognise it
  /// as a common factor.
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
  const NodePtr<T> result = OperatorSimplifier<T>(steps).simplified(a.node());
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

/// Rewrites operators: first the parts, then neighbours, until no rule applies.

#include "algebra/composed.hpp"
#include "algebra/kronecker.hpp"
#include "algebra/rules.hpp"
#include "algebra/structured.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <list>
#include <set>
#include <unordered_map>

namespace kronvec::inline KRONVEC_ABI {

using namespace algebra;

namespace {

template <class T> using Parts = std::vector<NodePtr<T>>;

/// The parts of a sum, in buckets by the keys of one rule.
template <class T> class Buckets {
public:
  explicit Buckets(const Rule<T> &rule) : rule_(rule) {}
  const Rule<T> &rule() const { return rule_; }
  void add(std::size_t place, const NodePtr<T> &part) {
    if (keys_.size() <= place) keys_.resize(place + 1);
    keys_[place] = rule_.keys(part);
    for (const RuleKey key : keys_[place])
      places_[key].insert(place);
  }
  void remove(std::size_t place) {
    for (const RuleKey key : keys_[place])
      places_[key].erase(place);
    keys_[place].clear();
  }
  /// Calls work(other) for the places before `end` of parts that the rule may fit together with this one, until it
  /// returns true.
  bool any_partner(std::size_t place, std::size_t end, const std::set<std::size_t> &all, const auto &work) const {
    const auto among = [&](const std::set<std::size_t> &places) {
      for (auto other = places.begin(); other != places.end() && *other < end; ++other)
        if (*other != place && work(*other)) return true;
      return false;
    };
    if (rule_.fits_any && !keys_[place].empty()) return among(all);
    return std::ranges::any_of(rule_.fits_any ? std::vector<RuleKey>{0} : keys_[place], [&](RuleKey key) {
      const auto bucket = places_.find(key);
      return bucket != places_.end() && among(bucket->second);
    });
  }

private:
  const Rule<T> &rule_;
  std::vector<std::vector<RuleKey>> keys_; ///< of each place
  std::unordered_map<RuleKey, std::set<std::size_t>> places_;
};

template <class T> class OperatorSimplifier {
public:
  explicit OperatorSimplifier(std::vector<Rewriting> &steps) : steps_(steps) {}

  NodePtr<T> simplified(const NodePtr<T> &a) {
    if (const auto *scaled = as<Scaled<T>>(a)) return multiple_of(*scaled);
    for (const CombinationKind &kind : combinations())
      if (const Parts<T> *parts = kind.parts(a); parts && !parts->empty()) return reduced(kind, *parts);
    return a;
  }

private:
  /// A way to combine operators, with its rules. If the order matters, rules apply to neighbours only.
  struct CombinationKind {
    std::span<const Rule<T>> rules;
    bool ordered;
    const Parts<T> *(*parts)(const NodePtr<T> &a); ///< the parts of a combination of this kind, or null
    NodePtr<T> (*combine)(Parts<T> parts);
  };
  template <class Kind> static const Parts<T> *parts_of(const NodePtr<T> &a) {
    const Kind *kind = as<Kind>(a);
    return kind ? &kind->parts() : nullptr;
  }
  static NodePtr<T> kronecker(Parts<T> parts) { return kronvec::kron(operators_of<T>(parts)).node(); }
  static NodePtr<T> direct_sum(Parts<T> parts) { return kronvec::direct_sum(operators_of<T>(parts)).node(); }
  static std::array<CombinationKind, 4> combinations() {
    return {{{product_rules<T>(), true, parts_of<Composition<T>>, combined<Composition<T>, T>},
             {sum_rules<T>(), false, parts_of<Sum<T>>, combined<Sum<T>, T>},
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

  /// Simplifies the parts, then applies rules to them until none applies. Rules are tried in order, because the first
  /// ones leave the smallest results. What a rule has left is tried with all rules before it, and nothing else is tried
  /// again.
  NodePtr<T> reduced(const CombinationKind &kind, const Parts<T> &all) {
    Parts<T> parts;
    for (const NodePtr<T> &part : all)
      append(kind, parts, simplified(part));
    parts = kind.ordered ? with_neighbours_merged(kind, parts) : with_terms_merged(kind, std::move(parts));
    const bool several = parts.size() > 1;
    const NodePtr<T> result = kind.combine(std::move(parts));
    // The factors of a Kronecker product may have given up their numbers.
    return several && as<Scaled<T>>(result) ? simplified(result) : result;
  }

  /// Appends the part; for a combination of the same kind, its own parts.
  static void append(const CombinationKind &kind, Parts<T> &parts, const NodePtr<T> &part) {
    const Parts<T> *inner = kind.parts(part);
    inner ? (void)parts.insert(parts.end(), inner->begin(), inner->end()) : parts.push_back(part);
  }

  using Chain = std::list<NodePtr<T>>;
  using Link = typename Chain::iterator;

  /// Neighbours of a chain that are to be tried: `length` of them from `first` on.
  struct Stretch {
    Link first;
    std::size_t length;
  };

  Parts<T> with_neighbours_merged(const CombinationKind &kind, const Parts<T> &parts) {
    Chain chain(parts.begin(), parts.end());
    for (std::size_t r = 0; r < kind.rules.size(); ++r)
      for (Link at = chain.begin(); at != chain.end();)
        if (auto changed = merged_at(kind, kind.rules[r], chain, {at, 1}, at, 0)) {
          at = settled(kind, r, chain, *changed).first;
        } else {
          ++at;
        }
    return {chain.begin(), chain.end()};
  }

  /// Applies the first r rules within a stretch until none applies. Returns what has changed.
  Stretch settled(const CombinationKind &kind, std::size_t r, Chain &chain, Stretch stretch) {
    for (std::size_t q = 0; q < r;) {
      std::optional<Stretch> changed;
      Link at = stretch.first;
      for (std::size_t k = 0; k < stretch.length && !changed; ++k, ++at)
        if ((changed = merged_at(kind, kind.rules[q], chain, stretch, at, k))) break;
      if (changed)
        stretch = *changed, q = 0;
      else
        ++q;
    }
    return stretch;
  }

  /// Applies a rule to the part `at`, which is number k of the stretch, and the one or two parts after it. Returns the
  /// stretch as it is then, with the two parts before it.
  std::optional<Stretch> merged_at(const CombinationKind &kind, const Rule<T> &rule, Chain &chain, Stretch stretch,
                                   Link at, std::size_t k) {
    const Link next = std::next(at);
    if (next == chain.end()) return std::nullopt;
    std::size_t gone = 1;
    auto made = rewritten(kind, rule, *at, *next);
    if (const Link third = std::next(next); !made && third != chain.end()) // for rules about three neighbours
      made = rewritten(kind, rule, *at, kind.combine({*next, *third})), gone = 2;
    if (!made) return std::nullopt;
    chain.erase(next, std::next(next, static_cast<std::ptrdiff_t>(gone)));
    *at = made->front();
    chain.insert(std::next(at), made->begin() + 1, made->end());
    const std::size_t after = stretch.length - std::min(stretch.length, k + 1 + gone);
    stretch.length = k + made->size() + after;
    for (int back = 0; back < 2 && stretch.first != chain.begin(); ++back)
      --stretch.first, ++stretch.length;
    return stretch;
  }

  Parts<T> with_terms_merged(const CombinationKind &kind, Parts<T> parts) {
    std::vector<Buckets<T>> buckets;
    for (const Rule<T> &rule : kind.rules)
      buckets.emplace_back(rule);
    std::set<std::size_t> places;
    const auto place = [&](std::size_t at) {
      places.insert(at);
      for (Buckets<T> &of_rule : buckets)
        of_rule.add(at, parts[at]);
    };
    const auto remove = [&](std::size_t at) {
      places.erase(at);
      for (Buckets<T> &of_rule : buckets)
        of_rule.remove(at);
    };
    for (std::size_t at = 0; at < parts.size(); ++at)
      place(at);
    bool split = false; // a rule has made several terms: all places change
    /// Applies rule r to the part at a place and one before `end`. Returns the place of the result.
    const auto merged = [&](std::size_t r, std::size_t at, std::size_t end) {
      std::optional<std::size_t> result;
      buckets[r].any_partner(at, end, places, [&](std::size_t other) {
        const std::size_t first = std::min(at, other), second = std::max(at, other);
        const auto made = rewritten(kind, kind.rules[r], parts[first], parts[second]);
        if (!made) return false;
        remove(first), remove(second);
        split = made->size() > 1;
        parts[second] = nullptr, parts[first] = split ? kind.combine(*made) : made->front();
        if (!split) place(first);
        result = first;
        return true;
      });
      return result;
    };
    for (std::size_t r = 0; r < buckets.size(); ++r)
      for (std::size_t at = 0; at < parts.size() && !split; ++at) {
        auto changed = parts[at] ? merged(r, at, at) : std::nullopt;
        while (changed && !split) {
          std::optional<std::size_t> again;
          for (std::size_t q = 0; q <= r && !again; ++q)
            again = merged(q, *changed, q < r ? parts.size() : at);
          changed = again;
        }
      }
    Parts<T> left;
    for (const NodePtr<T> &part : parts)
      if (part) append(kind, left, part);
    return split ? with_terms_merged(kind, std::move(left)) : left;
  }

  /// The parts that the rule makes of two, if it fits them and is worth it.
  std::optional<Parts<T>> rewritten(const CombinationKind &kind, const Rule<T> &rule, const NodePtr<T> &left,
                                    const NodePtr<T> &right) {
    const NodePtr<T> made = applied(rule, left, right);
    if (!made) return std::nullopt;
    Parts<T> two;
    append(kind, two, left), append(kind, two, right);
    const NodePtr<T> before = kind.combine(std::move(two));
    const std::size_t step = steps_.size();
    steps_.push_back({rule.statement, rule.ledger, before->text(), made->text(), 0});
    const NodePtr<T> result = simplified(made);
    const double saved = before->flops() - result->flops();
    if (saved < 0 || (rule.must_save && saved == 0 && result->size() >= before->size())) {
      steps_.resize(step);
      return std::nullopt;
    }
    steps_[step].flops_saved = saved;
    Parts<T> parts;
    append(kind, parts, result);
    return parts;
  }

  /// The result of the rule for these two. The same two give the same operator object, so that later rules recognise it
  /// as a common factor.
  NodePtr<T> applied(const Rule<T> &rule, const NodePtr<T> &left, const NodePtr<T> &right) {
    const RuleKey key = with(with(key_of<T>(left), key_of<T>(right)), std::hash<const void *>()(&rule));
    const auto [first, last] = made_.equal_range(key);
    for (auto made = first; made != last; ++made)
      if (made->second.rule == &rule && same<T>(made->second.left, left) && same<T>(made->second.right, right))
        return made->second.result;
    const NodePtr<T> result = rule.apply(left, right);
    if (result) made_.emplace(key, Made{&rule, left, right, result});
    return result;
  }

  struct Made {
    const Rule<T> *rule;
    NodePtr<T> left, right, result;
  };
  std::unordered_multimap<RuleKey, Made> made_;
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

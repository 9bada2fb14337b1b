/// Brings sums of terms to the normal form.

#include "calculus/terms/normal_form.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <tuple>

namespace kronvec::inline KRONVEC_ABI {
namespace {

using Factor = Term::Factor;
using Factors = std::vector<Factor>;

Labels bit(int q) { return Labels(1) << q; }

Labels labels_of(const Factors &factors) {
  Labels set = 0;
  for (const Factor &f : factors)
    set |= kronvec::labels_of(f.map);
  return set;
}

bool same(const Factor &f, const Factor &g) { return f.buffer == g.buffer && f.map == g.map; }

/// Orders the labels independently of how the term came about: mapped labels first, by their strides.
void order_canonically(Term &t) {
  using Signature = std::tuple<bool, Index, Index, Index, Index>;
  const Labels pending = t.pending();
  const auto signature = [&](int q) {
    return Signature{pending >> q & 1, -t.seed.stride[q], t.row.stride[q], t.col.stride[q], t.extent[q]};
  };
  const auto company = [&](int q) { // the labels with which it shares factors
    std::vector<std::vector<Signature>> all;
    for (const Factor &f : t.factors) {
      if (!f.map.stride[q]) continue;
      auto &one = all.emplace_back();
      for (int p = 0; p < t.labels; ++p)
        if (f.map.stride[p]) one.push_back(signature(p));
      std::sort(one.begin(), one.end());
    }
    std::sort(all.begin(), all.end());
    return all;
  };
  std::vector<int> order(static_cast<std::size_t>(t.labels));
  for (int q = 0; q < t.labels; ++q)
    order[static_cast<std::size_t>(q)] = q;
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    const Signature of_a = signature(a), of_b = signature(b);
    return of_a != of_b ? of_a < of_b : company(a) < company(b);
  });
  t.reorder(order);
  std::stable_sort(t.factors.begin(), t.factors.end(), [](const Factor &f, const Factor &g) {
    return kronvec::labels_of(f.map) < kronvec::labels_of(g.map);
  });
}

/// Whether two terms in canonical order write to the same places, in the same order of labels.
bool same_places(const Term &u, const Term &t) {
  const int n = std::popcount(t.mapped());
  return n == std::popcount(u.mapped()) && std::equal(u.extent.begin(), u.extent.begin() + n, t.extent.begin()) &&
         u.row == t.row && u.col == t.col && u.seed == t.seed;
}

/// Whether two terms differ only in their scales and buffers.
bool same_table(const Term &u, const Term &t) {
  if (u.labels != t.labels || !same_places(u, t) || u.extent != t.extent || u.factors.size() != t.factors.size())
    return false;
  return std::equal(u.factors.begin(), u.factors.end(), t.factors.begin(), [](const Factor &f, const Factor &g) {
    return kronvec::labels_of(f.map) == kronvec::labels_of(g.map);
  });
}

} // namespace

NormalForm::NormalForm(Program &program, double entries, int cap)
    : program_(program), contractor_(program), entries_(entries), limit_(std::max(entries / 16, 4096.0)),
      cap_(static_cast<std::size_t>(cap)) {}

/// Multiplies each factor whose labels are a subset of another's into that factor. The label sets then form an
/// antichain.
void NormalForm::absorb(Term &t) {
  std::stable_sort(t.factors.begin(), t.factors.end(), [](const Factor &f, const Factor &g) {
    return std::popcount(kronvec::labels_of(f.map)) > std::popcount(kronvec::labels_of(g.map));
  });
  Factors kept;
  for (const Factor &f : t.factors) {
    const Labels inner = kronvec::labels_of(f.map);
    const auto host = std::find_if(kept.begin(), kept.end(), [&](const Factor &g) {
      const Labels outer = kronvec::labels_of(g.map);
      return (inner & ~outer) == 0 && (inner != 0 || outer == 0); // a single number stays: applying it costs nothing
    });
    if (host == kept.end()) {
      kept.push_back(f);
    } else {
      *host = contractor_.contract(t, {*host, f}, kronvec::labels_of(host->map));
    }
  }
  t.factors = std::move(kept);
}

/// Sums each pending label if the result is no larger than the largest of its factors, or than `limit`.
void NormalForm::contract_pending(Term &t, double limit) {
  for (;;) {
    struct Choice {
      double growth, size;
      Labels gone, keep;
      Factors factors;
    };
    std::optional<Choice> best;
    for (Labels left = t.pending(); left; left &= left - 1) {
      const int q = std::countr_zero(left);
      Factors with, without;
      for (const Factor &f : t.factors)
        (f.map.stride[q] ? with : without).push_back(f);
      const Labels lone = labels_of(with) & t.pending() & ~labels_of(without);
      const Labels gone = lone | bit(q), keep = labels_of(with) & ~gone;
      double largest = 1;
      for (const Factor &f : with)
        largest = std::max(largest, t.volume(kronvec::labels_of(f.map)));
      const double size = t.volume(keep);
      if (!best || size / largest < best->growth) best = Choice{size / largest, size, gone, keep, with};
    }
    if (!best || (best->growth > 1 && best->size > limit && t.factors.size() <= 9)) return;
    if (best->factors.empty()) {
      t.scale *= t.volume(best->gone);
    } else {
      const Factor made = contractor_.contract(t, best->factors, best->keep);
      std::erase_if(t.factors, [&](const Factor &f) {
        return std::any_of(best->factors.begin(), best->factors.end(), [&](const Factor &g) { return same(f, g); });
      });
      t.factors.push_back(made);
    }
    for (int q = t.labels; q-- > 0;)
      if (best->gone >> q & 1) drop(t, q);
    absorb(t);
  }
}

void NormalForm::tidy(Term &t, double limit) {
  absorb(t);
  contract_pending(t, limit);
  order_canonically(t);
}

/// u += t as one term. Returns false if that is impossible.
bool NormalForm::join(Term &u, const Term &t) {
  if (same_table(u, t)) {
    std::vector<std::size_t> differ;
    for (std::size_t f = 0; f < u.factors.size(); ++f)
      if (!same(u.factors[f], t.factors[f])) differ.push_back(f);
    if (differ.empty()) return u.scale += t.scale, true;
    if (differ.size() == 1) {
      Factor &f = u.factors[differ[0]];
      f = contractor_.sum(u, {{u.scale, {f}}, {t.scale, {t.factors[differ[0]]}}}, kronvec::labels_of(f.map));
      return u.scale = 1, true;
    }
  }
  const auto promotes = [](const Term &one, const Term &other) {
    return one.factors.size() == 1 && (labels_of(other.factors) & ~labels_of(one.factors)) == 0;
  };
  if (!same_places(u, t) || u.pending() || t.pending()) return false;
  const bool into_u = promotes(u, t);
  if (!into_u && !promotes(t, u)) return false;
  const Labels labels = labels_of(into_u ? u.factors : t.factors);
  u.factors = {contractor_.sum(u, {{u.scale, u.factors}, {t.scale, t.factors}}, labels)};
  return u.scale = 1, true;
}

Terms NormalForm::merge(Terms terms) {
  Terms kept;
  for (Term &t : terms) {
    if (t.scale == 0) continue;
    for (std::size_t k = 0; k < kept.size();) {
      if (join(kept[k], t)) {
        t = std::move(kept[k]);
        kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(k));
        tidy(t, 0);
        k = 0;
      } else {
        ++k;
      }
    }
    kept.push_back(std::move(t));
  }
  std::erase_if(kept, [](const Term &t) { return t.scale == 0; });
  return kept;
}

/// Joins terms with equal places and a common factor g that has a label of its own: (sum of the rest) · g.
bool NormalForm::slab(Terms &terms) {
  for (std::size_t z = 0; z < terms.size(); ++z)
    for (const Factor &g : terms[z].factors) {
      const Term u = terms[z];
      const Factor common = g;
      const Labels mapped = u.mapped(), of_g = kronvec::labels_of(common.map);
      if (of_g & ~mapped) continue; // a common factor must not have pending labels
      std::vector<std::size_t> group;
      std::vector<Contractor::WeightedProduct> parts;
      Labels rest = 0;
      for (std::size_t y = 0; y < terms.size(); ++y) {
        const auto has = [&](const Factor &f) { return same(f, common); };
        const Term &t = terms[y];
        if (!same_places(u, t) || std::none_of(t.factors.begin(), t.factors.end(), has)) continue;
        Factors others = t.factors;
        others.erase(std::find_if(others.begin(), others.end(), has));
        rest |= labels_of(others) & mapped;
        group.push_back(y);
        const Labels unused = t.pending() & ~labels_of(others);
        const double scale = t.scale * t.volume(unused);
        if (others.size() > 1 || (labels_of(others) & ~mapped)) others = {contractor_.contract(t, others, mapped)};
        parts.push_back({scale, std::move(others)});
      }
      if (group.size() < 2 || (of_g & ~rest) == 0) continue;
      Term w = u;
      for (int q = w.labels; q-- > std::popcount(mapped);) { // pending labels come last
        w.factors.clear();
        drop(w, q);
      }
      w.scale = 1;
      w.factors = {contractor_.sum(w, parts, rest), common};
      for (std::size_t y = group.size(); y-- > 0;)
        terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(group[y]));
      tidy(w, 0);
      terms.push_back(std::move(w));
      return true;
    }
  return false;
}

Terms NormalForm::slabs(Terms terms) {
  while (slab(terms)) {
  }
  return terms;
}

namespace {

/// Whether two terms can be stacked along one pending label: they differ only in scales, buffers and the extent of that
/// label, which a term may lack.
bool can_stack(const Term &u, const Term &t) {
  const Labels mapped = u.mapped();
  const auto alike = [&](const Factor &f, const Factor &g) {
    return (kronvec::labels_of(f.map) & mapped) == (kronvec::labels_of(g.map) & mapped);
  };
  return same_places(u, t) && u.labels - std::popcount(mapped) <= 1 && t.labels - std::popcount(mapped) <= 1 &&
         u.factors.size() > 1 && u.factors.size() == t.factors.size() &&
         std::equal(u.factors.begin(), u.factors.end(), t.factors.begin(), alike);
}

} // namespace

/// Joins terms that can be stacked along a pending label: one product with a longer inner side.
Terms NormalForm::stack(const Terms &terms) {
  std::vector<Terms> groups;
  for (const Term &t : terms) {
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const Terms &g) { return can_stack(g[0], t); });
    group == groups.end() ? groups.push_back({t}) : group->push_back(t);
  }
  Terms result;
  for (const Terms &group : groups) {
    if (group.size() < 2 || std::popcount(group[0].mapped()) == max_labels) {
      result.insert(result.end(), group.begin(), group.end());
    } else {
      result.push_back(stacked(group));
    }
  }
  return result;
}

Term NormalForm::stacked(const Terms &group) {
  Term w = group[0];
  const Labels mapped = w.mapped();
  const int label = std::popcount(mapped); // if a term has this label, it is the last
  const auto count = [&](const Term &t) { return t.labels > label ? t.extent[label] : 1; };
  w.scale = 1, w.labels = label + 1, w.extent[label] = 0;
  for (const Term &t : group)
    w.extent[label] += count(t);
  bool scaled = false;
  for (std::size_t f = w.factors.size(); f-- > 0;) {
    const Factor &first = group[0].factors[f];
    const auto common = [&](const Term &t) { return same(t.factors[f], first); };
    const bool varies = first.map.stride[label] != 0 || !std::all_of(group.begin(), group.end(), common);
    if (!varies && !(f == 0 && !scaled)) continue;
    std::vector<Contractor::WeightedProduct> parts;
    for (const Term &t : group)
      parts.push_back({scaled ? 1 : t.scale, {t.factors[f]}, count(t)});
    scaled = true;
    w.factors[f] = contractor_.stack(w, parts, kronvec::labels_of(first.map) & mapped, label);
  }
  tidy(w, 0);
  return w;
}

Term NormalForm::dense(const Terms &terms, Shape node) {
  Index first = std::numeric_limits<Index>::max(), last = 0; // first and last entry of the seed
  for (const Term &t : terms)
    first = std::min(first, t.seed.offset), last = std::max(last, t.last(t.seed));
  const Index seeds = last - first + 1;
  const double size = static_cast<double>(node.size()) * static_cast<double>(seeds);
  if (size > std::max(entries_, 65536.0)) throw NoTerms{"its terms do not stay few"};
  Emission emission{Axis::all(node.size() * seeds), Axis::all(1), {}};
  for (const Term &t : terms) {
    Product p{.labels = t.labels, .extent = t.extent, .scale = t.scale, .factors = t.factors};
    p.row = t.row + node.rows * t.col + node.size() * t.seed;
    p.row.offset -= node.size() * first;
    emission.products.push_back(std::move(p));
  }
  Term t;
  t.row = t.label(node.rows), t.col = t.label(node.cols), t.seed = t.label(seeds);
  t.factors = {{program_.emission(std::move(emission)), t.row + node.rows * t.col + node.size() * t.seed}};
  t.seed.offset = first;
  return t;
}

/// Joins terms, at rising cost, until there are no more than the cap.
Terms NormalForm::capped(Terms terms, Shape node) {
  if (terms.size() > cap_) terms = slabs(std::move(terms));
  if (terms.size() > cap_) terms = stack(terms);
  if (terms.size() > cap_) {
    for (Term &t : terms)
      tidy(t, limit_);
    terms = merge(std::move(terms));
  }
  if (terms.size() > cap_) terms = {dense(terms, node)};
  return terms;
}

namespace {

/// Groups terms by their entries of the seed. With several variables, the groups have no entries in common.
std::vector<Terms> by_seeds(Terms terms) {
  const auto begins_before = [](const Term &t, const Term &u) { return t.seed.offset < u.seed.offset; };
  std::stable_sort(terms.begin(), terms.end(), begins_before);
  std::vector<Terms> groups;
  Index reached = -1;
  for (Term &t : terms) {
    const Index last = t.last(t.seed);
    if (t.seed.offset > reached) groups.emplace_back();
    reached = std::max(reached, last);
    groups.back().push_back(std::move(t));
  }
  return groups;
}

} // namespace

Terms NormalForm::normalise(Terms terms, Shape node) {
  for (Term &t : terms)
    tidy(t, 0);
  terms = merge(std::move(terms));
  if (terms.size() <= cap_) return terms;
  Terms result;
  for (Terms &group : by_seeds(std::move(terms)))
    for (Term &t : capped(std::move(group), node))
      result.push_back(std::move(t));
  return result;
}

Terms NormalForm::finish(Terms terms) {
  for (Term &t : terms)
    tidy(t, limit_);
  terms = merge(slabs(merge(std::move(terms))));
  if (terms.size() > 4) terms = stack(terms);
  for (Term &t : terms) {
    Factors summed, others;
    for (const Factor &f : t.factors)
      (kronvec::labels_of(f.map) & t.pending() ? summed : others).push_back(f);
    if (summed.size() <= 2) continue;
    t.factors = contractor_.contract_to_two(t, summed, t.mapped());
    t.factors.insert(t.factors.end(), others.begin(), others.end());
  }
  return terms;
}

} // namespace kronvec

/// Plans an emission for the CPU.

#include "devices/cpu/emission/plan.hpp"

#include "devices/cpu/emission/contraction.hpp"
#include "devices/cpu/emission/draft.hpp"
#include "devices/cpu/emission/runs.hpp"
#include "devices/cpu/emission/simd.hpp"
#include "emission/labels.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <tuple>

namespace kronvec::cpu {
namespace {

class EmissionPlanner {
public:
  EmissionPlanner(const Emission &emission, Index bytes_each, const Limits &limits)
      : bytes_each_(bytes_each), limits_(limits),
        shelf_(plan_, std::max(indices(emission.rows) * indices(emission.cols) / 16, limits.tables)) {
    plan_.limits = limits;
    plan_.rows = emission.rows, plan_.cols = emission.cols;
    plan_.row_indices = indices(emission.rows), plan_.col_indices = indices(emission.cols);
    for (const DraftGroup &d : drafts(emission.products))
      for (DraftGroup &resolved : resolve_sums(d))
        add_groups(std::move(resolved));
    choose_tiling();
  }
  Plan take() { return std::move(plan_); }

private:
  /// If only one factor depends on a summed label, sums that factor into a table.
  void reduce_factors(const DraftGroup &d, DraftTerm &term) {
    for (std::size_t s = term.sum_extent.size(); s-- > 0;) {
      DraftFactor *only = nullptr;
      int users = 0;
      for (DraftFactor &f : term.factors)
        if (f.sum_stride[s]) ++users, only = &f;
      if (users != 1) continue;
      Table table;
      Table::Source source{only->array, only->offset, {}, {}};
      std::vector<Index> stride(d.labels.size());
      Index size = 1;
      for (std::size_t q = 0; q < d.labels.size(); ++q) {
        if (only->stride[q] == 0) continue;
        source.stride[table.extent.size()] = only->stride[q];
        table.extent.push_back(d.labels[q].extent);
        stride[q] = size, size *= d.labels[q].extent;
      }
      std::vector<Index> kept(term.sum_extent.size());
      for (std::size_t o = 0; o < term.sum_extent.size(); ++o) {
        if (o == s || only->sum_stride[o] == 0) continue;
        source.stride[table.extent.size()] = only->sum_stride[o];
        table.extent.push_back(term.sum_extent[o]);
        kept[o] = size, size *= term.sum_extent[o];
      }
      if (!shelf_.affords(size)) continue;
      table.sum_extent = {term.sum_extent[s]}, source.sum_stride[0] = only->sum_stride[s];
      table.sources = {source};
      *only = {shelf_.add(std::move(table)), 0, stride, kept};
      term.sum_extent.erase(term.sum_extent.begin() + static_cast<std::ptrdiff_t>(s));
      for (DraftFactor &f : term.factors)
        f.sum_stride.erase(f.sum_stride.begin() + static_cast<std::ptrdiff_t>(s));
    }
  }

  /// One term for every value of the summed labels.
  static std::vector<DraftTerm> expanded(const DraftTerm &term) {
    std::vector<DraftTerm> terms{term};
    terms[0].sum_extent.clear();
    for (std::size_t s = 0; s < term.sum_extent.size(); ++s) {
      std::vector<DraftTerm> more;
      for (const DraftTerm &t : terms)
        for (Index a = 0; a < term.sum_extent[s]; ++a) {
          more.push_back(t);
          for (DraftFactor &f : more.back().factors)
            f.offset += a * f.sum_stride[s];
        }
      terms = std::move(more);
    }
    for (DraftTerm &t : terms)
      for (DraftFactor &f : t.factors)
        f.sum_stride.clear();
    return terms;
  }

  /// Writes out short sums, and makes long ones contractions. A term whose sums need a loop becomes a draft of its own.
  std::vector<DraftGroup> resolve_sums(const DraftGroup &d) {
    DraftGroup plain{d.row_offset, d.col_offset, d.labels, {}};
    std::vector<DraftGroup> result;
    for (DraftTerm term : d.terms) {
      reduce_factors(d, term);
      const Index values = std::accumulate(term.sum_extent.begin(), term.sum_extent.end(), Index(1), std::multiplies());
      if (values <= few_values) {
        for (DraftTerm &t : expanded(term))
          plain.terms.push_back(std::move(t));
      } else if (contract(plan_, shelf_, bytes_each_, d, term, contraction_tiling_)) {
        plain.terms.push_back(std::move(term));
      } else {
        result.push_back({d.row_offset, d.col_offset, d.labels, {std::move(term)}});
      }
    }
    if (!plain.terms.empty()) {
      if (!contraction_tiling_) fuse(plain); // reduced factors may now be fusable
      result.push_back(std::move(plain));
    }
    return result;
  }

  /// Adds groups with at most as many terms as a band allows.
  void add_groups(DraftGroup d) {
    std::vector<DraftTerm> terms = std::move(d.terms);
    d.terms.clear();
    int operands = 0;
    for (DraftTerm &term : terms) {
      const int more = static_cast<int>(term.factors.size());
      if (!d.terms.empty() && (static_cast<int>(d.terms.size()) == max_terms || operands + more > max_operands)) {
        add_group(d);
        d.terms.clear(), operands = 0;
      }
      operands += more;
      d.terms.push_back(std::move(term));
    }
    add_group(d);
  }

  void add_group(DraftGroup &d) {
    const Roles r = roles(d);
    const std::vector<int> run = choose_run(d, r.rows, shelf_);
    Group g;
    g.row_offset = d.row_offset, g.col_offset = d.col_offset;
    std::vector<int> order = r.columns; // the draft's labels by their place in the group
    order.insert(order.end(), r.loops.begin(), r.loops.end());
    g.columns = static_cast<int>(r.columns.size());
    g.loops = static_cast<int>(order.size()) - g.columns;
    order.insert(order.end(), r.rows.rbegin(), r.rows.rend() - static_cast<std::ptrdiff_t>(run.size()));
    for (const int q : run)
      g.length *= d.labels[q].extent;
    for (std::size_t k = 0; k < order.size(); ++k)
      std::tie(g.extent[k], g.row[k], g.col[k]) =
          std::tie(d.labels[order[k]].extent, d.labels[order[k]].row, d.labels[order[k]].col);
    g.rows = static_cast<int>(order.size()) - g.columns - g.loops;
    add_terms(g, d, order, run);
    finish_rows(g);
    plan_.groups.push_back(std::move(g));
  }

  /// Adds the operands of the terms, and loops for their sums.
  static void add_terms(Group &g, const DraftGroup &d, std::vector<int> order, const std::vector<int> &run) {
    const auto &sums = d.terms[0].sum_extent; // a draft with sums has one term
    const std::size_t at = static_cast<std::size_t>(g.first_row_label());
    const auto insert = [&](Strides &s, std::size_t k, Index value) {
      std::copy_backward(s.begin() + static_cast<std::ptrdiff_t>(at + k), s.end() - 1, s.end());
      s[at + k] = value;
    };
    for (std::size_t k = 0; k < sums.size(); ++k)
      insert(g.extent, k, sums[k]), insert(g.row, k, 0), insert(g.col, k, 0);
    for (const DraftTerm &term : d.terms) {
      PlannedTerm t{term.scale, static_cast<int>(g.operands.size()), 0, 0};
      for (const RunShape wanted : {RunShape::scalar, RunShape::vector})
        for (const DraftFactor &f : term.factors) {
          if (run_shape(d, f, run) != wanted) continue;
          Operand operand{f.array, f.offset};
          for (std::size_t k = 0; k < order.size(); ++k)
            operand.stride[k] = f.stride[order[k]];
          for (std::size_t k = 0; k < sums.size(); ++k)
            insert(operand.stride, k, f.sum_stride[k]);
          g.operands.push_back(operand);
          ++(wanted == RunShape::scalar ? t.scalars : t.vectors);
        }
      g.terms.push_back(t);
    }
    g.loops += static_cast<int>(sums.size());
  }

  /// Adds a band label if there is none. Computes how far rows reach, and whether the group covers all rows.
  void finish_rows(Group &g) const {
    if (g.rows == 0) g.extent[g.first_row_label()] = 1, g.row[g.first_row_label()] = g.length, g.rows = 1;
    bool dense = g.loops == 0 && g.row_offset == 0;
    Index reach = g.length - 1;
    for (int q = g.band(); q >= g.first_row_label(); --q) {
      g.below[q] = reach;
      dense = dense && g.row[q] == reach + 1;
      reach += (g.extent[q] - 1) * g.row[q];
    }
    for (int q = 0; q < g.columns; ++q)
      dense = dense && g.row[q] == 0;
    g.covers = dense && reach + 1 == plan_.row_indices;
  }

  /// A label of the columns, and the bytes of a column's vectors that do not depend on the label.
  struct SharedLabel {
    Index stride = 0, extent = 0, bytes = 0;
  };

  /// The label whose columns share the most vector bytes. Only vectors count that are at least a quarter of the bytes
  /// written and do not stay in the first-level cache: loads from farther away delay the streaming stores.
  SharedLabel largest_shared(const Group &g) const {
    SharedLabel most;
    const Index column = plan_.row_indices * bytes_each_;
    for (int q = 0; q < g.columns; ++q) {
      SharedLabel here{g.col[q], g.extent[q], 0};
      for (const PlannedTerm &term : g.terms)
        for (int v = 0; v < term.vectors; ++v) {
          const Operand &operand = g.operands[term.first + term.scalars + v];
          Index bytes = g.length * bytes_each_, all = bytes;
          for (int p = 0; p <= g.band(); ++p) {
            const Index extent = operand.stride[p] ? g.extent[p] : 1;
            all *= extent, bytes *= p < g.columns ? 1 : extent;
          }
          if (all >= limits_.near && bytes >= column / 4 && operand.stride[q] == 0) here.bytes += bytes;
        }
      if (here.bytes > most.bytes && here.extent >= 4) most = here;
    }
    return most;
  }

  void choose_tiling() {
    const Index column = plan_.row_indices * bytes_each_;
    Tiling &t = plan_.tiling;
    if (contraction_tiling_) {
      t = *contraction_tiling_;
      return;
    }
    t.bound = t.period = std::max<Index>(plan_.col_indices, 1), t.periods = 1;
    t.width = std::max<Index>(1, limits_.task / std::max<Index>(column, 1));
    t.height = column <= 2 * limits_.task ? std::max<Index>(plan_.row_indices, 1)
                                          : std::max<Index>(limits_.task / bytes_each_, 1);
    t.chunk = t.height;
    const auto leading = std::find_if(plan_.groups.begin(), plan_.groups.end(), [](auto &g) { return g.covers; });
    if (leading == plan_.groups.end()) return;
    if (const SharedLabel s = largest_shared(*leading); s.bytes > 0) {
      t.bound = t.period = s.stride, t.periods = std::min<Index>(max_periods, s.extent);
      t.width = std::clamp<Index>(limits_.slabs / s.bytes, 1, t.width);
      const Index chunk = std::max<Index>(limits_.chunk / bytes_each_, 1);
      t.chunk = leading->length < chunk ? chunk / leading->length * leading->length : chunk;
    }
  }

  const Index bytes_each_;
  const Limits limits_;
  Plan plan_;
  TableShelf shelf_;
  std::optional<Tiling> contraction_tiling_;
};

} // namespace

Plan plan(const Emission &emission, Index bytes_each, const Limits &limits) {
  return EmissionPlanner(emission, bytes_each, limits).take();
}

} // namespace kronvec::cpu

/// Plans the sums that several factors share as matrix products.

#include "devices/cpu/emission/contraction.hpp"

#include "emission/labels.hpp"

#include <functional>
#include <numeric>

namespace kronvec::cpu {
namespace {

constexpr std::size_t max_factors = 6;
/// Max bytes of C for one task. C should stay in the second-level cache.
constexpr Index max_block_bytes = 4 << 20;

using Factors = std::vector<DraftFactor>;

class ContractionPlanner {
public:
  ContractionPlanner(Plan &plan, TableShelf &shelf, Index bytes_each, const DraftGroup &d, DraftTerm &term)
      : plan_(plan), shelf_(shelf), bytes_each_(bytes_each), d_(d), roles_(roles(d)), term_(term) {}

  bool contract(std::optional<Tiling> &tiling) {
    for (const DraftFactor &f : term_.factors) {
      if (f.array >= first_local) return false;
      const bool sums = std::any_of(f.sum_stride.begin(), f.sum_stride.end(), [](Index s) { return s != 0; });
      (sums ? summed_ : rest_).push_back(f);
    }
    if (summed_.size() > max_factors || !choose_sides()) return false;
    return as_table() || as_blocks(tiling);
  }

private:
  static bool uses(const Factors &side, std::size_t q) {
    return std::any_of(side.begin(), side.end(), [q](const auto &f) { return f.stride[q] != 0; });
  }
  static bool sums(const Factors &side, std::size_t s) {
    return std::any_of(side.begin(), side.end(), [s](const auto &f) { return f.sum_stride[s] != 0; });
  }
  Index entries(const Factors &side) const {
    Index size = 1;
    for (std::size_t q = 0; q < d_.labels.size(); ++q)
      if (uses(side, q)) size *= d_.labels[q].extent;
    for (std::size_t s = 0; s < term_.sum_extent.size(); ++s)
      size *= term_.sum_extent[s];
    return size;
  }
  /// The label with row stride 1, along which the runs go, or −1.
  int run_label() const { return !roles_.rows.empty() && d_.labels[roles_.rows[0]].row == 1 ? roles_.rows[0] : -1; }

  /// The factors on the two sides of a split. If a factor has the label of the runs, it is on the first side.
  std::array<Factors, 2> sides_of(unsigned split) const {
    std::array<Factors, 2> sides;
    for (std::size_t f = 0; f < summed_.size(); ++f)
      sides[split >> f & 1].push_back(summed_[f]);
    const int run = run_label();
    if (run >= 0 && uses(sides[1], static_cast<std::size_t>(run))) std::swap(sides[0], sides[1]);
    return sides;
  }

  /// The entries of both sides, if each side has all summed labels, and only the first one the label of the runs.
  std::optional<Index> entries_of(unsigned split) const {
    const std::array<Factors, 2> sides = sides_of(split);
    for (std::size_t s = 0; s < term_.sum_extent.size(); ++s)
      if (!sums(sides[0], s) || !sums(sides[1], s)) return {};
    if (run_label() >= 0 && uses(sides[1], static_cast<std::size_t>(run_label()))) return {};
    return entries(sides[0]) + entries(sides[1]);
  }

  bool choose_sides() {
    if (summed_.empty()) return false;
    const auto split = cheapest_split(summed_.size(), true, [this](unsigned s) { return entries_of(s); });
    if (split) sides_ = sides_of(*split);
    return split.has_value();
  }

  /// The labels of C that belong to this side only, or to both sides: first the row labels, in the order that the runs
  /// need, then the column labels.
  std::vector<int> side_labels(int side, bool both) const {
    std::vector<int> order = roles_.rows;
    order.insert(order.end(), roles_.columns.rbegin(), roles_.columns.rend());
    order.insert(order.end(), roles_.loops.begin(), roles_.loops.end());
    std::erase_if(order, [&](int q) {
      const auto label = static_cast<std::size_t>(q);
      return !uses(sides_[side], label) || uses(sides_[1 - side], label) != both;
    });
    return order;
  }

  /// A side as a table. The left side has its own labels before the summed ones, the right side after them; labels
  /// `last` come at the end. block[q] is the number of values of label q.
  Table side_table(int side, const std::vector<int> &own, const std::vector<int> &last, const std::vector<Index> &block,
                   std::vector<int> &axis) const {
    Table table;
    for (const DraftFactor &f : sides_[side])
      table.sources.push_back({f.array, f.offset, {}, {}});
    const auto add = [&](Index extent, int label, auto stride_in) {
      for (std::size_t i = 0; i < table.sources.size(); ++i)
        table.sources[i].stride[table.extent.size()] = stride_in(sides_[side][i]);
      table.extent.push_back(extent), axis.push_back(label);
    };
    const auto add_labels = [&](const std::vector<int> &labels) {
      for (const int q : labels)
        add(block[q], q, [q](const DraftFactor &f) { return f.stride[q]; });
    };
    if (side == 0) add_labels(own);
    for (std::size_t s = 0; s < term_.sum_extent.size(); ++s)
      add(term_.sum_extent[s], -1, [s](const DraftFactor &f) { return f.sum_stride[s]; });
    if (side == 1) add_labels(own);
    add_labels(last);
    return table;
  }

  Index product_of(const std::vector<int> &labels, const std::vector<Index> &extent) const {
    Index size = 1;
    for (const int q : labels)
      size *= extent[q];
    return size;
  }
  Index values() const {
    return std::accumulate(term_.sum_extent.begin(), term_.sum_extent.end(), Index(1), std::multiplies());
  }
  std::vector<Index> extents() const {
    std::vector<Index> result;
    for (const DraftLabel &label : d_.labels)
      result.push_back(label.extent);
    return result;
  }

  void replace(int array, const std::vector<Index> &stride) {
    term_.factors = std::move(rest_);
    for (DraftFactor &f : term_.factors)
      f.sum_stride.clear();
    term_.factors.push_back({array, 0, stride, {}});
    term_.sum_extent.clear();
  }

  /// C as a whole, as one more table.
  bool as_table() {
    const auto extent = extents();
    const auto m = side_labels(0, false), n = side_labels(1, false), both = side_labels(0, true);
    const Index size = product_of(m, extent) * product_of(n, extent) * product_of(both, extent);
    if (!shelf_.affords(size + entries(sides_[0]) + entries(sides_[1]))) return false;
    std::vector<int> unused;
    Table table;
    table.multiplied = {shelf_.add(side_table(0, m, both, extent, unused)),
                        shelf_.add(side_table(1, n, both, extent, unused)),
                        product_of(m, extent),
                        product_of(n, extent),
                        values(),
                        product_of(both, extent)};
    std::vector<Index> stride(d_.labels.size());
    Index step = 1;
    for (const auto &labels : {m, n, both})
      for (const int q : labels)
        stride[q] = step, step *= extent[q], table.extent.push_back(extent[q]);
    replace(shelf_.add(std::move(table)), stride);
    return true;
  }

  /// Whether the labels are digits without gaps along the columns; along the rows they must also reach every row.
  bool dense(const std::vector<int> &labels, bool rows) const {
    Index step = 1;
    for (const int q : labels) {
      if ((rows ? d_.labels[q].row : d_.labels[q].col) != step) return false;
      step *= d_.labels[q].extent;
    }
    return !rows || (step == plan_.row_indices && d_.row_offset == 0);
  }

  bool on(int side, int q) const {
    return uses(sides_[side], static_cast<std::size_t>(q)) && !uses(sides_[1 - side], static_cast<std::size_t>(q));
  }

  /// Chooses how the result is cut, and how many values of each label a block has.
  bool choose_blocks(Tiling &t, std::vector<Index> &block, int &cut_row) const {
    std::vector<int> columns(roles_.columns.rbegin(), roles_.columns.rend()); // smallest stride first
    if (!roles_.loops.empty() || !dense(columns, false)) return false;
    block = extents(), cut_row = -1;
    for (const int q : columns)
      block[q] = 1;
    Index size = bytes_each_;
    for (const int q : roles_.rows)
      size *= block[q];
    const Index all = std::max<Index>(plan_.row_indices, 1);
    t = {.bound = 1, .width = 1, .period = 1, .periods = 1, .height = all, .chunk = all, .origin = d_.col_offset};
    const bool fixed = std::all_of(columns.begin(), columns.end(), [&](int q) { return d_.labels[q].row == 0; });
    if (size > plan_.limits.block && fixed && !roles_.rows.empty() && dense(roles_.rows, true)) {
      cut_row = roles_.rows.back();
      const Index each = size / block[cut_row];
      block[cut_row] = std::clamp<Index>(plan_.limits.block / each, 1, block[cut_row]);
      t.height = t.chunk = block[cut_row] * d_.labels[cut_row].row;
      size = each * block[cut_row];
    }
    if (columns.empty()) return size <= max_block_bytes;
    const int inner = columns.front(), outer = columns.back();
    const Index n = cut_row < 0 ? std::max<Index>(plan_.limits.block / size, 1) : 1;
    const bool apart = columns.size() > 1 && ((on(0, inner) && on(1, outer)) || (on(1, inner) && on(0, outer)));
    if (apart && n > 1) {
      Index across = 1; // a square block reads the fewest entries of the sides
      while (2 * across * across <= n)
        across *= 2;
      block[outer] = std::min({n / across, Index(max_periods), d_.labels[outer].extent});
      block[inner] = std::min(n / block[outer], d_.labels[inner].extent);
    } else {
      block[inner] = std::min(n, d_.labels[inner].extent);
    }
    t.width = block[inner], t.bound = d_.labels[inner].extent;
    t.period = columns.size() > 1 ? d_.labels[outer].col : t.bound;
    t.periods = columns.size() > 1 ? block[outer] : 1;
    return size * block[inner] * (columns.size() > 1 ? block[outer] : 1) <= max_block_bytes;
  }

  /// C block by block, in memory of the task.
  bool as_blocks(std::optional<Tiling> &tiling) {
    Tiling t;
    std::vector<Index> block;
    int cut_row;
    if (plan_.contractions.size() == max_contractions || !choose_blocks(t, block, cut_row)) return false;
    if (tiling && *tiling != t) return false;
    const auto extent = extents();
    // A block must be a matrix within a kept table: first labels with all values, then one label that is cut, then
    // labels with a single value.
    const auto in_order = [&](std::vector<int> labels) {
      std::stable_sort(labels.begin(), labels.end(), [&](int a, int b) { return rank(a, block) < rank(b, block); });
      return labels;
    };
    const std::array<std::vector<int>, 2> own{in_order(side_labels(0, false)), in_order(side_labels(1, false))};
    const auto both = side_labels(0, true);
    for (const auto &labels : own)
      if (std::count_if(labels.begin(), labels.end(), [&](int q) { return rank(q, block) == 1; }) > 1) return false;
    Contraction c;
    c.col_offset = d_.col_offset, c.columns = product_of(roles_.columns, extent), c.k = values();
    c.m = product_of(own[0], block), c.n = product_of(own[1], block);
    std::vector<Index> stride(d_.labels.size());
    for (const auto &labels : {own[0], own[1], both})
      for (const int q : labels) {
        stride[q] = c.size, c.size *= block[q];
        Contraction::Label label{extent[q], d_.labels[q].col, block[q], q == cut_row};
        label.stride = stride[q], label.of = {uses(sides_[0], q), uses(sides_[1], q)};
        c.labels.push_back(label);
      }
    for (const int side : {0, 1}) {
      const bool keeps = shelf_.affords(entries(sides_[side]));
      std::vector<int> axis, single, whole;
      for (const int q : own[side])
        (block[q] == 1 && keeps ? single : whole).push_back(q);
      single.insert(single.end(), both.begin(), both.end());
      Table table = side_table(side, whole, single, keeps ? extent : block, axis);
      set_strides(c, side, table, axis, {own[0], own[1], both});
      if (keeps)
        c.kept[side] = shelf_.add(std::move(table));
      else
        c.side[side] = std::move(table);
    }
    tiling = t;
    plan_.contractions.push_back(std::move(c));
    replace(first_local + static_cast<int>(plan_.contractions.size() - 1), stride);
    return true;
  }

  /// 0: the block has all values of the label, 1: some, 2: a single one of several.
  int rank(int q, const std::vector<Index> &block) const {
    return block[q] == d_.labels[q].extent ? 0 : block[q] > 1 ? 1 : 2;
  }

  /// Sets the strides of C's labels in a side's table.
  void set_strides(Contraction &c, int side, const Table &table, const std::vector<int> &axis,
                   const std::array<std::vector<int>, 3> &groups) const {
    std::vector<int> order;
    for (const auto &labels : groups)
      order.insert(order.end(), labels.begin(), labels.end());
    Index step = 1;
    bool before = true; // on the left side, the labels before the first summed one make up the leading dimension
    for (std::size_t a = 0; a < axis.size(); ++a) {
      if (axis[a] < 0) {
        if (before && side == 0) c.step[0] = step;
        before = false;
      } else {
        const auto place = std::find(order.begin(), order.end(), axis[a]) - order.begin();
        c.labels[static_cast<std::size_t>(place)].at[side] = step;
      }
      step *= table.extent[a];
    }
    if (side == 1) c.step[1] = c.k;
    c.axis[side].clear();
    for (const int q : axis)
      c.axis[side].push_back(q < 0 ? -1 : static_cast<int>(std::find(order.begin(), order.end(), q) - order.begin()));
  }

  Plan &plan_;
  TableShelf &shelf_;
  const Index bytes_each_;
  const DraftGroup &d_;
  const Roles roles_;
  DraftTerm &term_;
  Factors summed_, rest_;
  std::array<Factors, 2> sides_;
};

} // namespace

bool contract(Plan &plan, TableShelf &shelf, Index bytes_each, const DraftGroup &draft, DraftTerm &term,
              std::optional<Tiling> &tiling) {
  return ContractionPlanner(plan, shelf, bytes_each, draft, term).contract(tiling);
}

} // namespace kronvec::cpu

/// Chooses the runs of a group, and tables in their shape.

#include "devices/cpu/emission/runs.hpp"

#include "devices/cpu/emission/simd.hpp"

#include <algorithm>

namespace kronvec::cpu {
namespace {

/// Runs get at least this length if small tables allow it.
constexpr Index long_run = 16;

bool in(const std::vector<int> &run, std::size_t q) {
  return std::find(run.begin(), run.end(), static_cast<int>(q)) != run.end();
}

/// Groups the factors by table. A factor joins a table if its labels, apart from those of the runs, are a subset of the
/// table's.
std::vector<std::vector<DraftFactor>> shared_tables(const DraftGroup &d, std::vector<DraftFactor> factors,
                                                    const std::vector<int> &run) {
  const auto beside = [&](const DraftFactor &f) {
    std::vector<bool> uses;
    for (std::size_t q = 0; q < d.labels.size(); ++q)
      uses.push_back(f.stride[q] != 0 && !in(run, q));
    for (const Index s : f.sum_stride)
      uses.push_back(s != 0);
    return uses;
  };
  const auto count = [&](const DraftFactor &f) {
    const auto uses = beside(f);
    return std::count(uses.begin(), uses.end(), true);
  };
  std::stable_sort(factors.begin(), factors.end(), [&](auto &a, auto &b) { return count(a) > count(b); });
  std::vector<std::vector<DraftFactor>> tables;
  for (const DraftFactor &f : factors) {
    const auto uses = beside(f);
    const auto host = std::find_if(tables.begin(), tables.end(), [&](const auto &table) {
      const auto has = beside(table[0]);
      for (std::size_t q = 0; q < uses.size(); ++q)
        if (uses[q] && !has[q]) return false;
      return true;
    });
    if (host == tables.end())
      tables.push_back({f});
    else
      host->push_back(f);
  }
  return tables;
}

Index sums_of(const DraftTerm &term, const DraftFactor &f) {
  Index size = 1;
  for (std::size_t s = 0; s < f.sum_stride.size(); ++s)
    if (f.sum_stride[s]) size *= term.sum_extent[s];
  return size;
}

Index size_of_table(const DraftGroup &d, const std::vector<DraftFactor> &sources, const std::vector<int> &run) {
  Index size = 1;
  for (std::size_t q = 0; q < d.labels.size(); ++q)
    if (in(run, q) || sources[0].stride[q]) size *= d.labels[q].extent;
  // Sums that are left to a loop occur only in drafts of one term.
  return size * (d.terms.size() == 1 ? sums_of(d.terms[0], sources[0]) : 1);
}

/// A table with the product of the sources, in the shape of the runs, for all values of the sources' other labels.
DraftFactor table_of(const DraftGroup &d, const DraftTerm &term, const std::vector<DraftFactor> &sources,
                     const std::vector<int> &run, TableShelf &shelf) {
  Table table;
  DraftFactor result{0, 0, std::vector<Index>(d.labels.size()), std::vector<Index>(term.sum_extent.size())};
  for (const DraftFactor &f : sources)
    table.sources.push_back({f.array, f.offset, {}, {}});
  Index size = 1;
  const auto add_label = [&](Index extent, auto stride_in) {
    for (std::size_t i = 0; i < sources.size(); ++i)
      table.sources[i].stride[table.extent.size()] = *stride_in(sources[i]);
    *stride_in(result) = size;
    table.extent.push_back(extent), size *= extent;
  };
  for (const int q : run)
    add_label(d.labels[q].extent, [q](auto &f) { return &f.stride[static_cast<std::size_t>(q)]; });
  for (std::size_t q = 0; q < d.labels.size(); ++q)
    if (!in(run, q) && sources[0].stride[q]) add_label(d.labels[q].extent, [q](auto &f) { return &f.stride[q]; });
  for (std::size_t s = 0; s < term.sum_extent.size(); ++s)
    if (sources[0].sum_stride[s]) add_label(term.sum_extent[s], [s](auto &f) { return &f.sum_stride[s]; });
  result.array = shelf.add(std::move(table));
  return result;
}

/// Whether all factors have, or can get, the shape of the runs along `run`. If so and `makes`, adds the tables for it.
bool shape_runs(DraftGroup &d, const std::vector<int> &run, bool makes, TableShelf &shelf) {
  Index spent = 0;
  for (DraftTerm &term : d.terms) {
    int vectors = 0;
    std::vector<DraftFactor> odd, rest;
    for (DraftFactor &f : term.factors) {
      const RunShape shape = run_shape(d, f, run);
      if (shape == RunShape::odd && f.array >= first_local) return false;
      (shape == RunShape::odd ? odd : rest).push_back(f);
      vectors += shape == RunShape::vector;
    }
    for (const std::vector<DraftFactor> &sources : shared_tables(d, odd, run)) {
      spent += size_of_table(d, sources, run);
      if (++vectors > max_vectors || (!makes && !shelf.affords(spent))) return false;
      if (makes) rest.push_back(table_of(d, term, sources, run, shelf));
    }
    if (vectors > max_vectors) return false;
    if (makes) term.factors = std::move(rest);
  }
  return true;
}

/// Copies scalars with a large stride along the band to a table, because they are read more often than the table is
/// made.
void straighten_scalars(DraftGroup &d, const std::vector<int> &run, int band, TableShelf &shelf) {
  if (d.labels[band].extent < long_run) return;
  for (DraftTerm &term : d.terms)
    for (DraftFactor &f : term.factors) {
      const Index step = f.stride[band];
      if (run_shape(d, f, run) != RunShape::scalar || step == 0 || step == 1 || f.array >= first_local) continue;
      if (shelf.affords(size_of_table(d, {f}, {band}))) f = table_of(d, term, {f}, {band}, shelf);
    }
}

} // namespace

RunShape run_shape(const DraftGroup &d, const DraftFactor &f, const std::vector<int> &run) {
  bool scalar = true, vector = true;
  Index step = 1;
  for (const int q : run) {
    scalar = scalar && f.stride[q] == 0, vector = vector && f.stride[q] == step;
    step *= d.labels[q].extent;
  }
  return scalar ? RunShape::scalar : vector ? RunShape::vector : RunShape::odd;
}

std::vector<int> choose_run(DraftGroup &d, const std::vector<int> &rows, TableShelf &shelf) {
  std::vector<int> run;
  Index length = 1;
  while (run.size() < rows.size() && length < long_run && d.labels[rows[run.size()]].row == length) {
    length *= d.labels[rows[run.size()]].extent;
    run.push_back(rows[run.size()]);
  }
  while (!run.empty() && !shape_runs(d, run, false, shelf))
    run.pop_back();
  shape_runs(d, run, true, shelf);
  if (run.size() < rows.size()) straighten_scalars(d, run, rows[run.size()], shelf);
  return run;
}

} // namespace kronvec::cpu

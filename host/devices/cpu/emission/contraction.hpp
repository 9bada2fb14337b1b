#pragma once
/// Sums over labels that several factors share, as matrix products.

#include "devices/cpu/emission/draft.hpp"

#include <algorithm>
#include <optional>

namespace kronvec::cpu {

/// The tables of a plan. Their total size is small compared with the result.
class TableShelf {
public:
  TableShelf(Plan &plan, Index entries) : plan_(plan), budget_(entries) {}

  bool affords(Index entries) const { return entries <= budget_; }
  /// Adds a table and returns its array number for operands.
  int add(Table table) {
    for (const Index n : table.extent)
      table.size *= n;
    table.begin = plan_.table_size;
    constexpr Index line = 16; // in elements; tables start at cache lines
    const Index size = (table.size + line - 1) / line * line;
    plan_.table_size += size, budget_ -= size;
    plan_.tables.push_back(std::move(table));
    return ~static_cast<int>(plan_.tables.size() - 1);
  }

private:
  Plan &plan_;
  Index budget_;
};

/// Replaces the term's factors that have summed labels by one factor, computed by a contraction or a table; the term
/// then has no sums. Contractions computed block by block set `tiling`. Returns false, without changes, if that is
/// impossible.
bool contract(Plan &plan, TableShelf &shelf, Index bytes_each, const DraftGroup &draft, DraftTerm &term,
              std::optional<Tiling> &tiling);

} // namespace kronvec::cpu

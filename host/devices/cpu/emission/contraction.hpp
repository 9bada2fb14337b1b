#pragma once
/// Sums over labels that several factors share, as products of matrices.

#include "devices/cpu/emission/draft.hpp"

#include <algorithm>
#include <optional>

namespace kronvec::cpu {

/// The tables of a plan, which together are small beside the result.
class TableShelf {
public:
  TableShelf(Plan &plan, Index entries) : plan_(plan), budget_(entries) {}

  bool affords(Index entries) const { return entries <= budget_; }
  /// What an operand calls the table.
  int add(Table table) {
    for (const Index n : table.extent)
      table.size *= n;
    table.begin = plan_.table_size;
    constexpr Index line = 16; // elements: tables start at cache lines
    const Index size = (table.size + line - 1) / line * line;
    plan_.table_size += size, budget_ -= size;
    plan_.tables.push_back(std::move(table));
    return ~static_cast<int>(plan_.tables.size() - 1);
  }

private:
  Plan &plan_;
  Index budget_;
};

/// Replaces the term's factors that have summed labels by one that a contraction or a table makes, and so its sums.
/// Contractions that are made block by block want the tiling that they set. False, with nothing done, where that does
/// not fit.
bool contract(Plan &plan, TableShelf &shelf, Index bytes_each, const Draft &draft, DraftTerm &term,
              std::optional<Tiling> &tiling);

} // namespace kronvec::cpu

#pragma once
/// Products on their way to groups: what `emission_plan` works with.

#include "devices/cpu/emission/plan.hpp"

#include <vector>

namespace kronvec::cpu {

struct DraftLabel {
  Index extent, row, col;
  friend bool operator==(const DraftLabel &, const DraftLabel &) = default;
  friend auto operator<=>(const DraftLabel &, const DraftLabel &) = default;
};

struct DraftFactor {
  int array;
  Index offset;
  std::vector<Index> stride, sum_stride; ///< over the labels of the group, over those that the term sums over
};

struct DraftTerm {
  double scale;
  std::vector<Index> sum_extent;
  std::vector<DraftFactor> factors;
};

struct Draft {
  Index row_offset, col_offset;
  std::vector<DraftLabel> labels;
  std::vector<DraftTerm> terms;
};

/// The products in canonical form, grouped: extents are at least 2, column strides positive, and row strides where
/// there is no column stride; labels that follow one another in every map are one.
std::vector<Draft> drafts(const std::vector<Product> &products);

/// The labels of a draft in the roles that they have for a column.
struct Roles {
  std::vector<int> columns, loops, rows; ///< as in Group, but the rows smallest stride first
};
Roles roles(const Draft &draft);

/// Labels of the draft, fused where they follow one another in every map.
void fuse(Draft &draft);

} // namespace kronvec::cpu

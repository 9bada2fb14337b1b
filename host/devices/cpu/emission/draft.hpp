#pragma once
/// Groups of products while `plan` works on them.

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
  std::vector<Index> stride, sum_stride; ///< over the labels of the group; over the summed labels of the term
};

struct DraftTerm {
  double scale;
  std::vector<Index> sum_extent;
  std::vector<DraftFactor> factors;
};

struct DraftGroup {
  Index row_offset, col_offset;
  std::vector<DraftLabel> labels;
  std::vector<DraftTerm> terms;
};

/// The products in canonical form, grouped. Extents are at least 2. Column strides are positive; where a column stride
/// is 0, the row stride is positive. Labels that continue one another in every map are fused.
std::vector<DraftGroup> drafts(const std::vector<Product> &products);

/// The roles of a draft's labels within a column.
struct Roles {
  std::vector<int> columns, loops, rows; ///< as in Group, but rows by ascending stride
};
Roles roles(const DraftGroup &draft);

/// Fuses labels of the draft that continue one another in every map.
void fuse(DraftGroup &draft);

} // namespace kronvec::cpu

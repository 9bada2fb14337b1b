#pragma once
/// What the CPU does for an emission, found out once from its integers.
///
/// Products with equal row and column maps make a group. A column's index is decoded into values of the labels that
/// have a column stride; for each value of the remaining labels the group then has a *run*, entries of a column that
/// follow one another, which is a sum over terms of (product of scalars) · (entrywise product of vectors). A *band* is
/// the runs along one label. A factor that is no vector of the runs' shape is copied into a table that is.

#include "devices/emission.hpp"

#include <array>
#include <vector>

namespace kronvec::cpu {

/// One more than products have: a band has a label even if it is of a single run.
using Strides = std::array<Index, most_labels + 1>;

/// An array, and where its entry is for each value of a group's labels.
struct Operand {
  int array; ///< a buffer of the caller, or ~t for table t
  Index offset = 0;
  Strides stride{};
};

/// scale · Π scalars · Π vectors; `first` counts operands of the group, scalars before vectors.
struct Term {
  double scale;
  int first, scalars, vectors;
};

constexpr int most_operands = 32;

struct Group {
  /// Labels in this order: those that a column's index decodes into, largest stride first; those that are looped over
  /// and added up, summed ones or such whose column strides do not nest with the others; those of the rows, largest
  /// stride first, the last of which is the band's. The runs' labels are not among them.
  int columns = 0, loops = 0, rows = 0;
  Strides extent{}, row{}, col{};
  Strides below{}; ///< of a label of the rows: how far the row labels after it reach, and the run
  Index row_offset = 0, col_offset = 0;
  Index length = 1;    ///< of a run
  bool covers = false; ///< every column that the group has, in order
  std::vector<Term> terms = {};
  std::vector<Operand> operands = {};

  int first_row_label() const { return columns + loops; }
  int band() const { return columns + loops + rows - 1; }
};

/// table[a_0 + extent_0·(a_1 + extent_1·(…))] = Σ over the summed labels of Π sources.
struct Table {
  struct Source {
    int array; ///< as in Operand, an earlier table
    Index offset = 0;
    Strides stride{}, sum_stride{};
  };
  std::vector<Index> extent, sum_extent;
  std::vector<Source> sources;
  Index begin = 0, size = 1; ///< among all tables, in elements
};

/// How the columns are cut into tasks: blocks of `width` column indices that do not cross multiples of `bound`, in each
/// of `periods` consecutive periods. Long columns are cut into pieces of `height` row indices. Columns of several
/// periods go down together, by `chunk` rows.
struct Tiling {
  Index bound, width, period, periods, height, chunk;
};
constexpr int most_periods = 8;

struct Plan {
  Axis rows, cols;
  Index row_indices, col_indices;
  std::vector<Group> groups;
  std::vector<Table> tables;
  Index table_size = 0;
  Tiling tiling;
};

/// Indices of the maps that an axis may have.
inline Index indices(const Axis &axis) { return axis.triangle ? axis.triangle * axis.triangle : axis.size; }

Plan plan(const Emission &emission, Index bytes_each);

} // namespace kronvec::cpu

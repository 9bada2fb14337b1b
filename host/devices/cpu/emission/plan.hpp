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
  int array; ///< a buffer of the caller, ~t for table t, or first_local + c for what contraction c made
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
  std::vector<Source> sources; ///< one if there is anything to sum
  /// Instead of the above: for each of `batch` values, the m×k table `left` times the k×n table `right`.
  struct Multiplied {
    int left = 0, right = 0;
    Index m = 0, n = 0, k = 0, batch = 0;
  } multiplied = {};
  Index begin = 0, size = 1; ///< among all tables, in elements
};

/// C = Σ_K left · right for a task's block of the labels, by matrix products, M×K by K×N, one for each value of the
/// labels that both sides have. Sides are tables; those too large to keep are made anew for each block.
struct Contraction {
  struct Label {
    Index extent, col;    ///< of the group's label; its value in a column is (index − col_offset) / col mod extent
    Index block;          ///< values in a block: extent (all), 1, or fewer than extent
    bool cut_row = false; ///< a block is `block` values of it, from a piece of the rows
    Index stride = 0;     ///< in C
    std::array<Index, 2> at{}; ///< stride in the tables of the sides
    std::array<bool, 2> of{};  ///< whether the side has it
  };
  std::vector<Label> labels;
  Index col_offset = 0, columns = 1;    ///< there is a block for these columns
  Index k = 1, m = 1, n = 1;            ///< of a whole block
  std::array<Table, 2> side;            ///< over the block's labels in order, where the side is not kept
  std::array<std::vector<int>, 2> axis; ///< label of each axis of the side's table, −1 for summed ones
  std::array<int, 2> kept{};            ///< the table that is kept, as in Operand; 0 if there is none
  std::array<Index, 2> step{};          ///< leading dimensions of the sides
  Index size = 1;
};
constexpr int first_local = 1 << 24, most_contractions = 8;

/// How the columns are cut into tasks: blocks of `width` column indices that do not cross multiples of `bound`, in each
/// of `periods` consecutive periods. Long columns are cut into pieces of `height` row indices. Columns of several
/// periods go down together, by `chunk` rows.
struct Tiling {
  Index bound, width, period, periods, height, chunk;
  Index origin = 0; ///< a column index that starts a period
  friend bool operator==(const Tiling &, const Tiling &) = default;
};
constexpr int most_periods = 8;

/// Sizes at which one way gives way to another, in bytes unless said; tests make them small.
struct Limits {
  Index streaming = 4 << 20;    ///< results from which on they are written past the caches
  Index task = 256 << 10;       ///< what a task writes; pieces of columns twice as long
  Index chunk = 8 << 10;        ///< of columns that go down together, and what is put together in the nearest cache
  Index near = 24 << 10;        ///< what stays in the nearest cache
  Index slabs = 512 << 10;      ///< what a task's columns have in the next one
  Index block = 1 << 20;        ///< of a contraction's result
  Index tables = 4096;          ///< entries of tables that are small beside any result
  Index short_column = 4 << 10; ///< columns that are better read as parts of longer ones
};

struct Plan {
  Limits limits;
  Axis rows, cols;
  Index row_indices, col_indices;
  std::vector<Group> groups;
  std::vector<Table> tables;
  Index table_size = 0;
  std::vector<Contraction> contractions;
  Tiling tiling;
};

/// Indices of the maps that an axis may have.
inline Index indices(const Axis &axis) { return axis.triangle ? axis.triangle * axis.triangle : axis.size; }

Plan plan(const Emission &emission, Index bytes_each, const Limits &limits);

} // namespace kronvec::cpu

#pragma once
/// The CPU's plan for an emission, computed once from its integers.
///
/// Products with equal row and column maps form a group. A column's index decodes into values of the labels that have a
/// column stride. For each value of the remaining labels the group has a *run*: consecutive entries of a column,
/// computed as a sum over terms of (product of scalars) · (entrywise product of vectors). A *band* is the runs along
/// one label. A factor that is neither a scalar nor a vector along the run is copied into a table that is.
///
/// Pipeline: drafts (draft.hpp) → contractions (contraction.hpp) → runs (runs.hpp) → Plan → tables (tables.hpp),
/// tasks (task_partition.hpp), columns (column.hpp) and bands (simd.hpp).

#include "emission/emission.hpp"

#include <array>
#include <vector>

namespace kronvec::cpu {

/// One more than products have, because a band has a label even for a single run.
using Strides = std::array<Index, max_labels + 1>;

/// An array, and the strides of its entry in a group's labels.
struct Operand {
  int array; ///< a buffer of the caller, ~t for table t, or first_local + c for the result of contraction c
  Index offset = 0;
  Strides stride{};
};

/// scale · Π scalars · Π vectors. The term's operands start at `first` in the group, scalars before vectors.
struct PlannedTerm {
  double scale;
  int first, scalars, vectors;
};

constexpr int max_operands = 32;

struct Group {
  /// The labels come in this order. First the labels that a column's index decodes into, largest stride first. Then the
  /// labels that are looped over and added up: summed labels, and labels whose column strides do not nest with the
  /// others. Then the row labels, largest stride first; the last one is the band's. The labels of the runs are not
  /// included.
  int columns = 0, loops = 0, rows = 0;
  Strides extent{}, row{}, col{};
  Strides below{}; ///< of a row label: the combined reach of the later row labels and the run
  Index row_offset = 0, col_offset = 0;
  Index length = 1;    ///< of a run
  bool covers = false; ///< whether the group writes every entry of its columns, in order
  std::vector<PlannedTerm> terms = {};
  std::vector<Operand> operands = {};

  int first_row_label() const { return columns + loops; }
  int band() const { return columns + loops + rows - 1; }
};

/// table[a_0 + extent_0·(a_1 + extent_1·(…))] = Σ over the summed labels of Π sources.
struct Table {
  struct Source {
    int array; ///< as in Operand, or an earlier table
    Index offset = 0;
    Strides stride{}, sum_stride{};
  };
  std::vector<Index> extent, sum_extent;
  std::vector<Source> sources; ///< a single one if there is anything to sum
  /// Alternative to the above: for each of `batch` values, the m×k table `left` times the k×n table `right`.
  struct Multiplied {
    int left = 0, right = 0;
    Index m = 0, n = 0, k = 0, batch = 0;
  } multiplied = {};
  Index begin = 0, size = 1; ///< position within the memory of all tables, in elements
};

/// C = Σ_K left · right for a task's block of the labels, by matrix products M×K by K×N, one for each value of the
/// labels that both sides have. The sides are tables; a table that is too large to keep is recomputed for each block.
struct Contraction {
  struct Label {
    Index extent, col;    ///< of the group's label; its value in a column is (index − col_offset) / col mod extent
    Index block;          ///< number of values in a block: extent (all), 1, or some
    bool cut_row = false; ///< whether a block has `block` of its values, from a piece of the rows
    Index stride = 0;     ///< in C
    std::array<Index, 2> at{}; ///< strides in the tables of the sides
    std::array<bool, 2> of{};  ///< whether the side has the label
  };
  std::vector<Label> labels;
  Index col_offset = 0, columns = 1;    ///< the columns that have a block
  Index k = 1, m = 1, n = 1;            ///< of a complete block
  std::array<Table, 2> side;            ///< over the block's labels in order, if the side is not kept
  std::array<std::vector<int>, 2> axis; ///< label of each axis of the side's table, −1 for summed ones
  std::array<int, 2> kept{};            ///< the kept table, as in Operand; 0 if there is none
  std::array<Index, 2> step{};          ///< leading dimensions of the sides
  Index size = 1;
};
constexpr int first_local = 1 << 24, max_contractions = 8;

/// How the columns are cut into tasks. A task has blocks of `width` column indices that do not cross multiples of
/// `bound`, one in each of `periods` consecutive periods. Long columns are cut into pieces of `height` row indices. The
/// columns of several periods advance together, by `chunk` rows.
struct Tiling {
  Index bound, width, period, periods, height, chunk;
  Index origin = 0; ///< a column index at which a period starts
  friend bool operator==(const Tiling &, const Tiling &) = default;
};
constexpr int max_periods = 8;

/// Thresholds between methods, in bytes unless stated otherwise. Tests make them small.
struct Limits {
  Index streaming = 4 << 20;    ///< results of at least this size are written past the caches
  Index task = 256 << 10;       ///< result of a task; columns more than twice as long are cut into pieces
  Index chunk = 8 << 10;        ///< piece by which columns of several periods advance together
  Index near = 24 << 10;        ///< data that stays in the first-level cache
  Index slabs = 512 << 10;      ///< vectors shared by a task's columns, in the second-level cache
  Index block = 1 << 20;        ///< result of a contraction
  Index tables = 4096;          ///< entries of tables that every result affords
  Index short_column = 4 << 10; ///< shorter columns are better read as parts of longer ones
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

/// Number of indices that the maps of an axis may have.
inline Index indices(const Axis &axis) { return axis.triangle ? axis.triangle * axis.triangle : axis.size; }

Plan plan(const Emission &emission, Index bytes_each, const Limits &limits);

} // namespace kronvec::cpu

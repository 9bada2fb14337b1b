/// Emission on the CPU. An emission is planned once. A run writes Y column by column: the first group of a column
/// stores, the others add to it in the cache.

#include "devices/cpu/emission/emitter.hpp"

#include "devices/backend.hpp"
#include "devices/cpu/emission/column.hpp"
#include "devices/cpu/emission/tables.hpp"
#include "devices/cpu/emission/task_partition.hpp"
#include "devices/cpu/parallel.hpp"
#include "devices/cpu/simd.hpp"
#include "devices/reference/emission.hpp"
#include "emission/flatten.hpp"

#include <memory>

namespace kronvec::cpu {
namespace {

/// Max bytes of tables that lie on the stack; bytes of the stage, the buffer in the first-level cache where columns are
/// assembled.
constexpr Index small_tables = 8 << 10, stage_bytes = 16 << 10;
/// Number of consecutive items that a thread takes at a time when threads share the items.
constexpr Index items_of_a_piece = 16;

/// One item in a run of an emitter. `streams`: the item is written past the caches.
template <class T> class ItemRun {
public:
  ItemRun(const Plan &plan, const TaskPartition &partition, const Arrays<T> &arrays, Index first_row, Index first_col,
          MatrixView<T> y, bool streams)
      : plan_(plan), arrays_(arrays), first_row_(first_row), first_col_(first_col), y_(y), partition_(partition),
        rows_(partition.rows()), cols_(partition.cols()), streams_(streams) {}

  void all() const {
    if (rows_.size() == 0 || cols_.size() == 0) return;
    parallel(partition_.tasks(), partition_.worth(), [&](Index task) {
      const auto [piece, first, width] = partition_.bounds(task);
      Task(*this, piece).run(first, width);
    });
  }

private:
  /// A block of columns in several periods, or pieces of those columns. Columns at the same place of each period
  /// advance together, because they share many operands.
  class Task {
  public:
    Task(const ItemRun &run, Index piece)
        : run_(run), piece_(piece), rows_{std::max(run.rows_.begin, piece * run.plan_.tiling.height),
                                          std::min(run.rows_.end, (piece + 1) * run.plan_.tiling.height)},
          arrays_(run.arrays_) {
      const Axis &axis = run.plan_.rows;
      first_ = axis.below(rows_.begin) - run.first_row_;
      count_ = axis.below(rows_.end) - run.first_row_ - first_;
    }
    void run(Index first, Index width) {
      const Tiling &t = run_.plan_.tiling;
      if (count_ == 0 || !meets(first, width)) return;
      const Pool::Block room = contract(first);
      for (Index x = 0; x < width; ++x) {
        int columns = 0;
        for (int k = 0; k < t.periods; ++k)
          if (start(first + x + k * t.period, streams_[k], columns_[columns])) ++columns;
        const Index chunk = run_.streams_ ? t.chunk : count_;
        for (Index p = 0; p < count_; p += chunk)
          for (int c = 0; c < columns; ++c)
            go_on(columns_[c], p, std::min(chunk, count_ - p));
      }
      for (Stream<T> &stream : streams_)
        if (stream.out) finish(stream);
    }

  private:
    using How = typename Target<T>::How;
    static constexpr int max_found = 4; ///< max number of passes that are kept per column

    /// Whether the block has columns in the window.
    bool meets(Index first, Index width) const {
      const Tiling &t = run_.plan_.tiling;
      for (Index k = 0; k < t.periods; ++k)
        if (first + k * t.period < run_.cols_.end && first + k * t.period + width > run_.cols_.begin) return true;
      return false;
    }

    /// Computes the blocks of the contractions. The returned memory must outlive the task.
    Pool::Block contract(Index first) {
      const auto &contractions = run_.plan_.contractions;
      if (contractions.empty()) return {};
      const Index size = room_for(contractions);
      Pool::Block block = cpu_backend().pool().take(static_cast<std::size_t>(size) * sizeof(T));
      T *const sides = static_cast<T *>(block.data()), *result = sides + size;
      for (std::size_t c = 0; c < contractions.size(); ++c) {
        result -= contractions[c].size;
        arrays_.local[c] = make_block(contractions[c], run_.arrays_, first, piece_, sides, result);
      }
      return block;
    }

    /// Uninitialized memory for a pass.
    union Room {
      Room() {}
      ColumnPass<T> pass;
    };

    struct Column {
      Index index;
      T *y;
      Stream<T> *stream;
      /// The passes of the groups over this column. They are computed once if they are few and no loop is involved;
      /// `found` is their number, or −1 if they are not kept.
      std::array<Room, max_found> rooms;
      int found;
      bool covered;        ///< whether one of the passes stores every entry
      ColumnPass<T> *only; ///< the pass, if a single group makes the whole column
    };

    bool start(Index col, Stream<T> &stream, Column &column) {
      if (col < run_.cols_.begin || col >= run_.cols_.end || !run_.plan_.cols.has(col)) return false;
      column.index = col, column.stream = &stream;
      column.y = &run_.y_(first_, run_.plan_.cols.below(col) - run_.first_col_);
      if (run_.streams_ && stream.out != column.y) {
        if (stream.out) finish(stream);
        begin(column.y, stream);
      }
      find_passes(column);
      const bool alone = column.found == 1 && column.covered && !run_.plan_.rows.triangle;
      column.only = alone ? &column.rooms[0].pass : nullptr;
      return true;
    }

    void find_passes(Column &column) {
      column.found = 0, column.covered = false;
      for (const Group &g : run_.plan_.groups) {
        Digits digits(g);
        if (g.loops == 0 && !decode(g, column.index, digits)) continue;
        if (g.loops > 0 || column.found == max_found) {
          column.found = -1, column.covered = false;
          return;
        }
        column.covered = column.covered || g.covers;
        std::construct_at(&column.rooms[static_cast<std::size_t>(column.found++)].pass, g, arrays_, digits, weights_);
      }
    }

    /// Calls work(pass) for every pass of the column: either for groups that cover their columns, or for the others.
    void for_passes(Column &column, bool covering, auto work) {
      for (int k = 0; k < column.found; ++k)
        if (ColumnPass<T> &pass = column.rooms[static_cast<std::size_t>(k)].pass; pass.group().covers == covering)
          work(pass);
      if (column.found >= 0) return;
      for (const Group &g : run_.plan_.groups) {
        if (g.covers != covering) continue;
        Digits digits(g);
        do {
          if (!decode(g, column.index, digits)) continue;
          ColumnPass<T> pass(g, arrays_, digits, weights_);
          work(pass);
        } while (next_loop(g, digits));
      }
    }

    /// Continues the column: `n` entries from a position on.
    void go_on(Column &column, Index position, Index n) {
      if (!run_.streams_) {
        if (column.only) return column.only->run(rows_, {How::store, column.y - rows_.begin, nullptr});
        pass(column, first_ + position, n, column.y + position, false);
        return;
      }
      if (column.only)
        return column.only->run({rows_.begin + position, rows_.begin + position + n},
                                {How::stream, nullptr, column.stream});
      constexpr Index most = stage_bytes / sizeof(T);
      for (Index p = 0; p < n; p += most) {
        const Index m = std::min(most, n - p);
        if (!clean_ && !column.covered) std::fill_n(stage_, most, T(0)), clean_ = true;
        clean_ = pass(column, first_ + position + p, m, stage_, clean_);
        put(stage_, m, *column.stream);
        if (clean_) clear(column, first_ + position + p, m, stage_);
      }
    }

    /// y = `n` entries of the column from a position on. `zeros`: y holds zeros. Returns whether y would still hold
    /// zeros after `clear`.
    bool pass(Column &column, Index position, Index n, T *y, bool zeros) {
      bool stored = false, covered = false;
      for (const bool covering : {true, false}) {
        if (!covering && !stored && !zeros) std::fill_n(y, n, T(0));
        for_passes(column, covering, [&](ColumnPass<T> &pass) {
          const How how = stored || !covering ? How::add : How::store;
          segments(pass, position, n, how, y);
          stored = true, covered = covered || covering;
        });
      }
      return zeros && !covered;
    }

    /// Stores zeros wherever the groups have entries.
    void clear(Column &column, Index position, Index n, T *y) {
      for_passes(column, false, [&](ColumnPass<T> &pass) { segments(pass, position, n, How::clear, y); });
    }

    /// Processes these positions as runs of consecutive row indices. The pass is not copied: the compiler would copy it
    /// by rep movs, which waits until all earlier streaming stores are done.
    void segments(ColumnPass<T> &pass, Index position, Index n, How how, T *y) {
      while (n > 0) {
        const Axis::IndexRun run = run_.plan_.rows.at(run_.first_row_ + position);
        const Index length = std::min(run.length, n);
        pass.run({run.index, run.index + length}, {how, y - run.index, nullptr});
        y += length, position += length, n -= length;
      }
    }

    // In the order with the least padding.
    std::array<Stream<T>, max_periods> streams_;
    alignas(64) T stage_[stage_bytes / sizeof(T)];
    const ItemRun &run_;
    const Index piece_;
    Index first_, count_; ///< positions in y
    const IndexRange rows_;
    Arrays<T> arrays_;
    std::array<Column, max_periods> columns_;
    Weights<T> weights_;
    bool clean_ = false; ///< whether the stage holds zeros
  };

  const Plan &plan_;
  const Arrays<T> arrays_;
  const Index first_row_, first_col_;
  const MatrixView<T> y_;
  const TaskPartition &partition_;
  const IndexRange rows_, cols_;
  const bool streams_;
};

template <class T> class CpuEmitter final : public Emitter<T> {
public:
  CpuEmitter(const Emission &emission, const Limits &limits)
      : rows_(emission.rows.size), plan_(plan(emission, sizeof(T), limits)) {
    if (const auto flat = flattened(emission, sizeof(T), limits.short_column)) {
      flat_columns_ = flat->columns;
      flat_ = plan(flat->emission, sizeof(T), limits);
    }
  }

  void run(std::span<const Buffer<T>> buffers, Index first_row, Index first_col, BatchView<T> y) const override {
    if (y.rows == 0 || y.cols == 0 || y.count == 0) return;
    const Index n = flat_columns_;
    if (n > 0 && y.rows == rows_ && y[0].packed() && first_col % n == 0 && y.cols % n == 0)
      return run(flat_, buffers, 0, first_col / n, {y.data, y.rows * n, y.cols / n, y.rows * n, y.count, y.stride});
    run(plan_, buffers, first_row, first_col, y);
  }

  Blocks scratch(Index count) const override {
    const Plan &plan = flat_columns_ > 0 ? flat_ : plan_;
    const Shape y{plan.rows.size, plan.cols.size};
    if (y.size() == 0) return {};
    const TaskPartition partition(plan, 0, 0, y);
    const auto at_once = static_cast<std::size_t>(workers(pieces_of(count), worth_of_items(partition, count)));
    return Blocks(table_bytes(plan), at_once) +
           Blocks(static_cast<std::size_t>(room_for(plan.contractions)) * sizeof(T),
                  at_once * static_cast<std::size_t>(workers(partition.tasks(), partition.worth())));
  }

private:
  /// Bytes of the tables, if they do not fit on the stack.
  static std::size_t table_bytes(const Plan &plan) {
    const auto bytes = static_cast<std::size_t>(plan.table_size) * sizeof(T);
    return bytes > small_tables ? bytes : 0;
  }

  /// The amount of work if threads share the items, one thread per item; 0 if the threads share the work within each
  /// item.
  static Index worth_of_items(const TaskPartition &partition, Index count) {
    return partition.worth() < worth_threads ? partition.worth() * count : 0;
  }

  static Index pieces_of(Index count) { return (count + items_of_a_piece - 1) / items_of_a_piece; }

  static void run(const Plan &plan, std::span<const Buffer<T>> buffers, Index first_row, Index first_col,
                  const BatchView<T> &y) {
    const TaskPartition partition(plan, first_row, first_col, {y.rows, y.cols});
    const bool streams = y.rows * y.cols * y.count * static_cast<Index>(sizeof(T)) >= plan.limits.streaming;
    const SharedTables shared = shared_tables(plan, buffers);
    parallel(pieces_of(y.count), worth_of_items(partition, y.count), [&](Index piece) {
      alignas(64) T few[small_tables / sizeof(T)];
      const Pool::Block block = cpu_backend().pool().take(table_bytes(plan));
      T *const tables = block.data() ? static_cast<T *>(block.data()) : few;
      const Index first = piece * items_of_a_piece, last = std::min(first + items_of_a_piece, y.count);
      for (Index item = first; item < last; ++item) {
        const Arrays<T> arrays{buffers, item, tables, plan.tables.data()};
        fill_tables(plan, arrays, item == first ? SharedTables{} : shared, tables);
        ItemRun<T>(plan, partition, arrays, first_row, first_col, y[item], streams).all();
      }
    });
  }

  const Index rows_;
  Plan plan_, flat_;
  Index flat_columns_ = 0; ///< number of columns that form one column of the flat plan; 0: no flat plan
};

} // namespace

template <class T> std::unique_ptr<Emitter<T>> emitter(Emission emission, const Limits &limits) {
  const auto many = [](const Product &p) { return p.factors.size() > static_cast<std::size_t>(max_operands); };
  if (std::any_of(emission.products.begin(), emission.products.end(), many))
    return reference::emitter<T>(std::move(emission));
  return std::make_unique<CpuEmitter<T>>(emission, limits);
}

template std::unique_ptr<Emitter<float>> emitter(Emission, const Limits &);
template std::unique_ptr<Emitter<double>> emitter(Emission, const Limits &);

} // namespace kronvec::cpu

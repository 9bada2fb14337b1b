#pragma once
/// The tables of an emission.

#include "devices/cpu/emission/column.hpp"
#include "devices/cpu/parallel.hpp"

namespace kronvec::cpu {

/// Multiplications that are as much work as an entry. OpenBLAS takes several threads for more than 4 · 2¹⁶ where no
/// region is open, and results must not depend on that.
constexpr Index products_per_entry = 4;
static_assert(products_per_entry * worth_threads <= 4 << 16);

/// By table: whether all items have the same, as far as that is kept track of.
using SharedTables = std::array<bool, 32>;
template <class T> SharedTables shared_tables(const Plan &plan, std::span<const Buffer<T>> buffers);

/// Fills tables of the plan at `tables`, where `arrays` has them, in order, but for those that are filled already.
template <class T> void fill_tables(const Plan &plan, const Arrays<T> &arrays, const SharedTables &filled, T *tables);

/// Entries that a task needs for a block of each: first those that `make_block` needs beside the result, then the
/// results.
Index room_for(const std::vector<Contraction> &contractions);

/// The block of C for the columns from `col` on, and a piece of the rows. Returns where it is as `Arrays::local` wants
/// it, or null where there is no such block.
template <class T> const T *make_block(const Contraction &contraction, const Arrays<T> &arrays, Index col, Index piece,
                                       T *room, T *result);

} // namespace kronvec::cpu

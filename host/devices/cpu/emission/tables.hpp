#pragma once
/// The tables of an emission, and blocks of its contractions.

#include "devices/cpu/emission/column.hpp"
#include "devices/cpu/parallel.hpp"

namespace kronvec::cpu {

/// Number of multiplications that take as much time as writing an entry. Outside a parallel region, OpenBLAS uses
/// several threads for more than 4 · 2¹⁶ multiplications; results must not depend on that.
constexpr Index products_per_entry = 4;
static_assert(products_per_entry * worth_threads <= 4 << 16);

/// For each table: whether all items have the same one. Only the first tables are tracked.
using SharedTables = std::array<bool, 32>;
template <class T> SharedTables shared_tables(const Plan &plan, std::span<const Buffer<T>> buffers);

/// Fills the tables of the plan at `tables` (the address in `arrays`), in order, except for those that are already
/// filled.
template <class T> void fill_tables(const Plan &plan, const Arrays<T> &arrays, const SharedTables &filled, T *tables);

/// Number of entries that a task needs for one block of each contraction: first the temporary sides of `make_block`,
/// then the results.
Index room_for(const std::vector<Contraction> &contractions);

/// Computes the block of C for the columns from `col` on and a piece of the rows. Returns its address in the form of
/// `Arrays::local`, or null if there is no such block.
template <class T> const T *make_block(const Contraction &contraction, const Arrays<T> &arrays, Index col, Index piece,
                                       T *room, T *result);

} // namespace kronvec::cpu

#pragma once
/// The tables of an emission.

#include "devices/cpu/emission_column.hpp"

namespace kronvec::cpu {

/// Fills all tables of the plan at `tables`, in order.
template <class T> void fill_tables(const Plan &plan, std::span<const T *const> buffers, T *tables);

} // namespace kronvec::cpu

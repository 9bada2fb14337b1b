#pragma once
/// What primitives take from the device's pool while a program runs, beside their operands.

#include "calculus/program/program.hpp"
#include "devices/pool.hpp"

namespace kronvec::detail {

/// Blocks of `elements` numbers.
template <class T> Blocks blocks(Index elements) { return Blocks(static_cast<std::size_t>(elements) * sizeof(T)); }

/// Max number of elements per item, over the steps of a stage.
Index max_scratch(const Program &program, Stage stage);
/// Blocks of the steps of a stage for k items, one step at a time.
template <class T> Blocks scratch(const Program &program, Stage stage, Index k);

} // namespace kronvec::detail

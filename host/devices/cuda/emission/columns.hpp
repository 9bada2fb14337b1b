#pragma once
/// Terms for `emit_columns`, which writes 16 bytes at a time, where they suit it.

#include "devices/cuda/emission/terms.hpp"
#include "kernels/emission_columns.hpp"

#include <optional>

namespace kronvec::cuda {

/// All terms of an emission as one launch.
template <class T> struct Columns {
  kernels::ColumnsWork<T> work; ///< but for the sides, and the addresses of terms and buffers
  LaunchBuffers buffers;
  std::vector<kernels::Term> terms;
};

/// Nothing where a term has sums or searches, is a part of one, or has strides of more than 32 bits, or where there are
/// too many of them. The factors of a term that change from row to row come first (`varying_first`).
template <class T> std::optional<Columns<T>> columns_of(std::vector<kernels::Term> terms);

/// Whether the rows of a window of Y are as `emit_columns` wants them for `whole`; Y's rows are not those of a
/// triangle.
template <class T> bool whole_vectors(std::int64_t first_row, const kernels::Entries<T> &y);

} // namespace kronvec::cuda

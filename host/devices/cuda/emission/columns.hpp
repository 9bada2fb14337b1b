#pragma once
/// Terms for the kernel `emit_columns`, which writes 16 bytes at a time.

#include "devices/cuda/emission/terms.hpp"
#include "kernels/emission_columns.hpp"

#include <optional>

namespace kronvec::cuda {

/// All terms of an emission as one launch.
template <class T> struct Columns {
  kernels::ColumnsWork<T> work; ///< complete except for the sizes of Y and the addresses of terms and buffers
  LaunchBuffers buffers;
  std::vector<kernels::EmissionTerm> terms;
};

/// Returns nothing if a term has sums or searched labels, is a part of a product, or has strides of more than 32 bits,
/// or if there are too many terms. In each term, the factors that change from row to row must come first
/// (`varying_first`).
template <class T> std::optional<Columns<T>> columns_of(std::vector<kernels::EmissionTerm> terms);

/// Whether the rows of a window of Y satisfy the condition of `emit_columns` for `whole`. Y must not be a triangle
/// along its rows.
template <class T> bool whole_vectors(std::int64_t first_row, const kernels::Entries<T> &y);

} // namespace kronvec::cuda

#pragma once
/// Jacobians that need not fit into memory. J goes to a file in ranges of columns; while one range is written, the next
/// one is assembled.
///
///   write_jacobian("J.npy", jacobian(F, X).at({{A, a}, {X, x}}), {.max_bytes = 2e9});

#include "kronvec/derivative.hpp"

#include <filesystem>

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

struct JacobianFileOptions {
  Method method = Method::automatic;
  Layout layout = Layout::numerator;
  Progress progress = {};
  /// Max bytes that the writer holds in host memory, and in the device's memory, beyond what was held before. 0 means
  /// nine tenths of the free memory. It holds less if more would not be faster.
  double max_bytes = 0;
};

/// Writes J, or its transpose by the layout, as a .npy file in Fortran order. The file has the same bytes as
/// `write_npy` of `to_dense` if the method's sums do not depend on the number of columns computed together (true for
/// `structured`); otherwise the entries agree up to rounding. The arrays that the terms read are computed once. The
/// file appears only when it is complete and on the disk. Throws OutOfMemory if one column, and what its method holds
/// beside it, takes more than `max_bytes`; OutOfSpace if the file is larger than the free space on its disk (both
/// before any work); IoError; and what `progress` throws.
template <class T> KRONVEC_API void write_jacobian(const std::filesystem::path &path, const JacobianAt<T> &j,
                                                   const JacobianFileOptions &options = {});

} // namespace KRONVEC_ABI
} // namespace kronvec

#pragma once
/// Jacobians that need not fit into memory: written to a file by ranges of columns, the next of which is assembled
/// while the last one is written.
///
///   write_jacobian("J.npy", jacobian(F, X).at({{A, a}, {X, x}}), {.max_bytes = 2e9});

#include "kronvec/derivative.hpp"

#include <filesystem>

namespace kronvec {

struct JacobianFileOptions {
  Method method = Method::automatic;
  Layout layout = Layout::numerator;
  Progress progress = {};
  /// The most that may be held meanwhile in the host's memory, and in the device's, beside what was held before; 0:
  /// nine tenths of what is free. Less is held where more would not be faster.
  double max_bytes = 0;
};

/// J, or its transpose by the layout, as a .npy file in Fortran order: the bytes that `write_npy` of `to_dense` writes,
/// where the method's sums do not depend on how many columns are taken at once (those of `structured` do not), and
/// otherwise the same to rounding. What the terms are made of is computed once. The file appears when it is whole and
/// on the disk, or not at all. Throws OutOfMemory where one column and what its method holds beside it is more than
/// `max_bytes`, and OutOfSpace where the file is more than its disk has free, both before any work; IoError; and what
/// `progress` throws.
template <class T>
void write_jacobian(const std::filesystem::path &path, const JacobianAt<T> &j, const JacobianFileOptions &options = {});

} // namespace kronvec

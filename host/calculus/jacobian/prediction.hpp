#pragma once
/// The memory that a dense Jacobian takes, before any work.

#include "calculus/jacobian/point.hpp"

namespace kronvec::detail {

/// Max number of elements per item that a primitive of the stage takes from the pool, beside its operands.
Index max_scratch(const Program &program, Stage stage);
/// Pool blocks that the primitives of a stage take for k items, one step at a time.
template <class T> Blocks scratch(const Program &program, Stage stage, Index k);

/// Number of columns that one pass computes together: as many as keep the workspace within a few MiB.
Index columns_per_pass(const JacobianPlan &plan, Stage stage, std::size_t element);

/// Pool blocks for `count` local Jacobians, by columns, of a plan of one variable.
template <class T> Blocks local_scratch(const JacobianPlan &plan, Index count, Device device);
/// Bytes of a dense J with elements of this size, plus what the method holds beside it on the CPU.
double predicted_bytes(const JacobianPlan &plan, Method method, std::size_t element);
/// Throws OutOfMemory if the predicted bytes exceed the free memory of the point's device.
template <class T> void require_memory(const Point<T> &point, const DenseOptions &options);
} // namespace kronvec::detail

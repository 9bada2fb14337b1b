#pragma once
/// Products of many small matrices, serially. For such products, a BLAS call costs more than the product itself.

#include "devices/algebra.hpp"

namespace kronvec::cpu {

/// Whether the products of a batch C = α·op(A)·op(B) are small; `inner` is the number of columns of op(A).
template <class T> bool are_small(const BatchView<T> &c, Index inner) {
  constexpr Index most = 16;
  return c.rows <= most && c.cols <= most && inner <= most;
}

/// C_t = α·op(A_t)·op(B_t) for the items first ≤ t < last of small products.
void multiply_small(float alpha, Op op_a, BatchView<const float> a, Op op_b, BatchView<const float> b,
                    BatchView<float> c, Index first, Index last);
void multiply_small(double alpha, Op op_a, BatchView<const double> a, Op op_b, BatchView<const double> b,
                    BatchView<double> c, Index first, Index last);

} // namespace kronvec::cpu

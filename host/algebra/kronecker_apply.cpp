/// Kronecker products applied to matrices of the caller.

#include "kronvec/kronecker.hpp"

#include "devices/operands.hpp"

#include <complex>

namespace kronvec::inline KRONVEC_ABI {
namespace {

template <class T> void require_operand(Device device, const char *what, MatrixView<const T> operand, MatrixView<T> y) {
  require_on(device.backend(), what, operand);
  require_apart<T>(what, operand, y);
}

template <class T> void apply(T alpha, const std::vector<KroneckerFactor<T>> &factors, MatrixView<const T> x, T beta,
                              MatrixView<T> y, Device device) {
  const auto &primitives = device.backend().primitives(T{});
  if (alpha == T(0)) return primitives.combine(alpha, x, beta, y);
  const auto entries = static_cast<std::size_t>(primitives.kronecker_workspace(factors, x.cols()));
  const Pool::Block workspace = device.backend().pool().take(entries * sizeof(T));
  primitives.kronecker(alpha, factors, x, beta, y, {static_cast<T *>(workspace.data()), entries});
}

} // namespace

template <class T> void kronecker_apply(std::type_identity_t<T> alpha,
                                        const std::vector<MatrixView<const std::type_identity_t<T>>> &factors,
                                        MatrixView<const std::type_identity_t<T>> x, std::type_identity_t<T> beta,
                                        MatrixView<T> y, Device device) {
  Index rows = 1, cols = 1;
  std::vector<KroneckerFactor<T>> all;
  for (const MatrixView<const T> &factor : factors) {
    rows = Shape{rows, factor.rows()}.size(), cols = Shape{cols, factor.cols()}.size();
    require_operand<T>(device, "a factor", factor, y);
    all.push_back({factor, Op::none, 0});
  }
  require_shape("X", x.shape(), {cols, x.cols()});
  require_shape("Y", y.shape(), {rows, x.cols()});
  require_operand<T>(device, "X", x, y);
  require_on(device.backend(), "Y", y);
  apply<T>(alpha, all, x, beta, y, device);
}

template <class T>
void multiply_both_sides(MatrixView<const std::type_identity_t<T>> a, MatrixView<const std::type_identity_t<T>> x,
                         MatrixView<const std::type_identity_t<T>> b, MatrixView<T> y, Device device) {
  require_shape("X", x.shape(), {a.cols(), b.rows()});
  require_shape("Y", y.shape(), {a.rows(), b.cols()});
  require_operand<T>(device, "A", a, y), require_operand<T>(device, "X", x, y), require_operand<T>(device, "B", b, y);
  require_on(device.backend(), "Y", y);
  const auto &primitives = device.backend().primitives(T{});
  const auto flops = [](Index m, Index k, Index n) {
    return static_cast<double>(m) * static_cast<double>(k) * static_cast<double>(n);
  };
  const bool left_first = flops(a.rows(), a.cols(), x.cols()) + flops(a.rows(), b.rows(), b.cols()) <=
                          flops(x.rows(), b.rows(), b.cols()) + flops(a.rows(), a.cols(), b.cols());
  const Shape middle = left_first ? Shape{a.rows(), x.cols()} : Shape{x.rows(), b.cols()};
  const Pool::Block block = device.backend().pool().take(static_cast<std::size_t>(middle.size()) * sizeof(T));
  const MatrixView<T> half(static_cast<T *>(block.data()), middle.rows, middle.cols);
  const auto times = [&](MatrixView<const T> left, MatrixView<const T> right, MatrixView<T> result) {
    primitives.multiply(T(1), Op::none, left, Op::none, right, result);
  };
  if (left_first) return times(a, x, half), times(half, b, y);
  times(x, b, half), times(a, half, y);
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template void kronecker_apply<T>(T, const std::vector<MatrixView<const T>> &, MatrixView<const T>, T, MatrixView<T>, \
                                   Device);                                                                            \
  template void multiply_both_sides<T>(MatrixView<const T>, MatrixView<const T>, MatrixView<const T>, MatrixView<T>,   \
                                       Device);
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)
KRONVEC_INSTANTIATE(std::complex<float>)
KRONVEC_INSTANTIATE(std::complex<double>)

} // namespace kronvec

/// Commutation matrices applied to matrices of the caller.

#include "kronvec/commutation.hpp"

#include "devices/operands.hpp"

namespace kronvec::inline KRONVEC_ABI {
namespace {

template <class T> const Primitives<T> &checked(Device device, MatrixView<const T> x, MatrixView<T> y) {
  require_on(device.backend(), "X", x), require_on(device.backend(), "Y", y);
  return device.backend().primitives(T{});
}

} // namespace

template <class T> void transpose(MatrixView<const std::type_identity_t<T>> x, MatrixView<T> y, Device device) {
  require_shape("Y", y.shape(), {x.cols(), x.rows()});
  if (!same<T>(x, y)) require_apart<T>("X", x, y);
  checked<T>(device, x, y).transpose(x, y);
}

template <class T>
void commute_rows(Index m, Index n, MatrixView<const std::type_identity_t<T>> x, MatrixView<T> y, Device device) {
  require_shape("X", x.shape(), {Shape{m, n}.size(), x.cols()});
  require_shape("Y", y.shape(), x.shape());
  require_apart<T>("X", x, y);
  checked<T>(device, x, y).transpose({x.data(), m, n, m, x.cols(), x.ld()}, {y.data(), n, m, n, y.cols(), y.ld()});
}

template <class T>
void commute_columns(Index m, Index n, MatrixView<const std::type_identity_t<T>> x, MatrixView<T> y, Device device) {
  require_shape("X", x.shape(), {x.rows(), Shape{m, n}.size()});
  require_shape("Y", y.shape(), x.shape());
  require_apart<T>("X", x, y);
  checked<T>(device, x, y).commute_columns(m, n, x, y);
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template void transpose<T>(MatrixView<const T>, MatrixView<T>, Device);                                              \
  template void commute_rows<T>(Index, Index, MatrixView<const T>, MatrixView<T>, Device);                             \
  template void commute_columns<T>(Index, Index, MatrixView<const T>, MatrixView<T>, Device);
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)

} // namespace kronvec

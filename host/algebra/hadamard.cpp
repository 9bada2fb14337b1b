/// Products with diagonal matrices.

#include "kronvec/hadamard.hpp"

#include "devices/operands.hpp"

namespace kronvec::inline KRONVEC_ABI {
namespace {

/// Y = D ⊙ X. D may be one row or one column, repeated; `d` is D as the user passed it, `spread` repeats it.
template <class T> void multiply_entries(MatrixView<const T> d, BatchView<const T> spread, MatrixView<const T> x,
                                         MatrixView<T> y, Device device) {
  require_shape("Y", y.shape(), x.shape());
  if (!same<T>(x, y)) require_apart<T>("X", x, y);
  if (!same<T>(d, y)) require_apart<T>("the diagonal's entries", d, y);
  const Backend &backend = device.backend();
  require_on(backend, "the diagonal's entries", d), require_on(backend, "X", x), require_on(backend, "Y", y);
  backend.primitives(T{}).binary(Binary::multiply, spread, x, y);
}

} // namespace

template <class T> void hadamard(MatrixView<const std::type_identity_t<T>> a,
                                 MatrixView<const std::type_identity_t<T>> x, MatrixView<T> y, Device device) {
  require_shape("A", a.shape(), x.shape());
  multiply_entries<T>(a, a, x, y, device);
}

template <class T> void scale_rows(MatrixView<const std::type_identity_t<T>> d,
                                   MatrixView<const std::type_identity_t<T>> x, MatrixView<T> y, Device device) {
  require_shape("d", d.shape(), {x.rows(), 1});
  multiply_entries<T>(d, d, x, y, device);
}

template <class T> void scale_columns(MatrixView<const std::type_identity_t<T>> x,
                                      MatrixView<const std::type_identity_t<T>> d, MatrixView<T> y, Device device) {
  require_shape("d", d.shape(), {x.cols(), 1});
  multiply_entries<T>(d, {d.data(), 1, x.cols(), 1, 1, 0}, x, y, device); // the entries of a column, read as a row
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template void hadamard<T>(MatrixView<const T>, MatrixView<const T>, MatrixView<T>, Device);                          \
  template void scale_rows<T>(MatrixView<const T>, MatrixView<const T>, MatrixView<T>, Device);                        \
  template void scale_columns<T>(MatrixView<const T>, MatrixView<const T>, MatrixView<T>, Device);
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)

} // namespace kronvec

/// The operations that every operator can compute from its products only.

#include "algebra/node.hpp"

#include "algebra/coo.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace kronvec::algebra {
namespace {

/// Number of columns of a dense form that are computed together.
constexpr Index panel = 64;

/// Computes columns first … last − 1 of the dense form in panels and calls work(j, columns) for each, j its first
/// column.
template <class T> void over_panels(const Node<T> &node, Index first, Index last, const auto &work) {
  const Index width = std::min(panel, last - first);
  auto units = Matrix<T>::uninitialized(node.cols(), width, node.device());
  auto columns = Matrix<T>::uninitialized(node.rows(), width, node.device());
  for (Index j = first; j < last; j += width) {
    const Index here = std::min(width, last - j);
    const MatrixView<T> to = columns.view().block(0, 0, node.rows(), here);
    node.primitives().unit_columns(j, units.view().block(0, 0, node.cols(), here));
    algebra::apply<T>(node, T(1), units.view().block(0, 0, node.cols(), here), T(0), to);
    work(j, to);
  }
}

} // namespace

template <class T> void apply(const Node<T> &node, T alpha, MatrixView<const T> x, T beta, MatrixView<T> y) {
  const auto entries = static_cast<std::size_t>(node.workspace(x.cols(), beta != T(0)));
  if (entries > std::numeric_limits<std::size_t>::max() / sizeof(T))
    throw OutOfMemory(fmt::format("{} needs a workspace of {} entries, more than any memory", node.text(), entries));
  const Pool::Block block = node.device().backend().pool().take(entries * sizeof(T));
  node.apply(alpha, x, beta, y, {static_cast<T *>(block.data()), entries});
}

template <class T> T Node<T>::entry(Index i, Index j) const {
  auto out = Matrix<T>::uninitialized(1, 1, device_);
  window(i, j, out);
  return entry_of<T>(device_, out.data());
}

template <class T> Matrix<T> Node<T>::diagonal() const {
  auto diagonal = Matrix<T>::uninitialized(rows(), 1, device_);
  over_panels(*this, 0, cols(), [&](Index j, Out columns) {
    const MatrixView<const T> entries(&columns(j, 0), 1, columns.cols(), columns.ld() + 1);
    primitives().copy(entries, BatchView<T>(diagonal.data() + j, 1, columns.cols(), 1, 1, 0));
  });
  return diagonal;
}

template <class T> T Node<T>::trace() const {
  const Matrix<T> entries = on_host(diagonal());
  T sum = 0;
  for (Index i = 0; i < entries.rows(); ++i)
    sum += entries(i, 0);
  return sum;
}

template <class T> double Node<T>::squared_norm() const {
  double sum = 0;
  over_panels(*this, 0, cols(), [&](Index, Out columns) {
    auto host = Matrix<T>::uninitialized(columns.rows(), columns.cols());
    transfer<T>(device_.backend(), columns, host.view());
    sum = std::accumulate(host.data(), host.data() + host.shape().size(), sum,
                          [](double total, T x) { return total + squared(x); });
  });
  return sum;
}

template <class T> void Node<T>::window(Index i, Index j, Out out) const {
  if (out.shape().size() == 0) return;
  if constexpr (!is_complex<T>) {
    Draft<T> dense;
    const bool few = out.cols() < cols() / 8; // an emission costs as much as all entries of its products
    if (!few && draft(dense)) {
      const auto emitter = primitives().emitter({Axis::all(rows()), Axis::all(cols()), std::move(dense.products)});
      return emitter->run(dense.buffers, i, j, out);
    }
  }
  over_panels(*this, j, j + out.cols(), [&](Index first, Out columns) {
    primitives().copy(columns.block(i, 0, out.rows(), columns.cols()),
                      out.block(0, first - j, out.rows(), columns.cols()));
  });
}

template <class T> CooMatrix<T> Node<T>::coo() const {
  auto dense = Matrix<T>::uninitialized(rows(), cols(), device_);
  window(0, 0, dense);
  return nonzeros(on_host(std::move(dense)));
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template class Node<T>;                                                                                              \
  template void apply(const Node<T> &, T, MatrixView<const T>, T, MatrixView<T>);
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)
KRONVEC_INSTANTIATE(std::complex<float>)
KRONVEC_INSTANTIATE(std::complex<double>)

} // namespace kronvec::algebra

/// Jacobians stored as their terms: blocks, rows, columns, single entries, and the nonzero positions.

#include "calculus/jacobian/point.hpp"
#include "core/free_memory.hpp"
#include "devices/operands.hpp"
#include "emission/labels.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace kronvec::inline KRONVEC_ABI {

using detail::JacobianPlan;
using detail::Point;

namespace {

void require_terms(const JacobianPlan &plan) {
  if (!plan.dense.exists) throw Error(std::string("the Jacobian has no terms: ") + plan.dense.why_not);
}

/// Calls work(row, col) for every position that a product writes, with the first label running fastest.
void for_all_places(const Product &p, const auto &work) {
  std::array<Index, max_labels> a{};
  Index row = p.row.offset, col = p.col.offset;
  for (;;) {
    work(row, col);
    int q = 0;
    for (; q < p.labels; ++q) {
      if (p.summed(q)) continue;
      row += p.row.stride[q], col += p.col.stride[q];
      if (++a[q] < p.extent[q]) break;
      row -= p.extent[q] * p.row.stride[q], col -= p.extent[q] * p.col.stride[q];
      a[q] = 0;
    }
    if (q == p.labels) return;
  }
}

/// An emission that writes the products' values one after the other, in the order of `for_all_places`.
Emission values_of(const Emission &j) {
  Emission values{{}, Axis::all(1), j.products};
  Index size = 0;
  for (Product &p : values.products) {
    AffineMap place{size, {}};
    Index step = 1;
    for (int q = 0; q < p.labels; ++q)
      if (!p.summed(q)) place.stride[q] = std::exchange(step, step * p.extent[q]);
    p.row = place, p.col = {};
    size += step;
  }
  values.rows = Axis::all(size);
  return values;
}

} // namespace

template <class T> struct FactoredJacobian<T>::StoredTerms {
  std::shared_ptr<const Point<T>> point;
  Pool::Block workspace;
  detail::Buffers<T> buffers;
  bool sums = false; ///< whether some product of J's emission sums over a label

  /// A column or a row of J, returned as a column, by one product with a unit vector. Terms with sums would need matrix
  /// products instead.
  Matrix<T> by_unit_vector(Stage stage, Index which) const {
    require_index(stage, which);
    const Index rows = point->plan().rows(), cols = point->plan().cols();
    const bool forward = stage == Stage::forward;
    auto unit = Matrix<T>::uninitialized(forward ? cols : rows, 1, point->device());
    point->device().backend().primitives(T{}).unit_columns(which, unit);
    auto out = Matrix<T>::uninitialized(forward ? rows : cols, 1, point->device());
    point->apply(stage, unit.view(), out.view());
    return out;
  }

  /// Replaces the sums of entries that are not finite by those of products with unit vectors: the first entry at a
  /// place gets the sum, the others 0.
  void take_limits(CooMatrix<T> &coo) const {
    std::map<Index, std::vector<std::size_t>> by_column;
    for (std::size_t k = 0; k < coo.value.size(); ++k)
      by_column[coo.col[k]].push_back(k);
    for (const auto &[col, entries] : by_column) {
      if (std::ranges::all_of(entries, [&](std::size_t k) { return std::isfinite(coo.value[k]); })) continue;
      const Matrix<T> column = on_host(by_unit_vector(Stage::forward, col));
      std::vector<bool> done(static_cast<std::size_t>(column.rows()));
      for (const std::size_t k : entries) {
        const auto row = static_cast<std::size_t>(coo.row[k]);
        coo.value[k] = done[row] ? T(0) : column(coo.row[k], 0);
        done[row] = true;
      }
    }
  }

  /// A block of J, column by column.
  void block_by_unit_vectors(Index row, Index col, MatrixView<T> out) const {
    const Primitives<T> &primitives = point->device().backend().primitives(T{});
    for (Index j = 0; j < out.cols(); ++j) {
      const Matrix<T> column = by_unit_vector(Stage::forward, col + j);
      primitives.copy(BatchView<const T>(column.view().block(row, 0, out.rows(), 1)), out.block(0, j, out.rows(), 1));
    }
  }

  /// Throws ShapeError for an index outside J: of a column (forward) or a row.
  void require_index(Stage stage, Index which) const {
    const Shape j{point->plan().rows(), point->plan().cols()};
    const bool forward = stage == Stage::forward;
    if (which < 0 || which >= (forward ? j.cols : j.rows))
      throw ShapeError("the Jacobian is " + to_string(j) + ", it has no " + (forward ? "column " : "row ") +
                       std::to_string(which));
  }

  /// Throws OutOfMemory if a sparse J with `stored` entries does not fit. All values lie on the device first.
  void require_room(Index stored, double bytes) const {
    const std::string what = "a sparse J of " + std::to_string(stored) + " entries";
    require_host_memory(bytes, what);
    const double values = static_cast<double>(stored) * sizeof(T),
                 free = static_cast<double>(point->device().bytes_free());
    if (values > free) throw out_of_memory("on the device " + point->device().name() + ", " + what, values, free);
  }
};

template <class T> FactoredJacobian<T>::FactoredJacobian(std::shared_ptr<const Point<T>> point)
    : terms_(std::make_unique<StoredTerms>()) {
  require_terms(point->plan());
  terms_->workspace = point->dense_workspace();
  terms_->buffers = point->run_dense(terms_->workspace);
  terms_->sums =
      std::ranges::any_of(point->plan().dense.emission.products, [](const Product &p) { return kronvec::sums(p); });
  terms_->point = std::move(point);
}
template <class T> FactoredJacobian<T>::FactoredJacobian(FactoredJacobian &&) noexcept = default;
template <class T> FactoredJacobian<T> &FactoredJacobian<T>::operator=(FactoredJacobian &&) noexcept = default;
template <class T> FactoredJacobian<T>::~FactoredJacobian() = default;

template <class T> Index FactoredJacobian<T>::rows() const { return terms_->point->plan().rows(); }
template <class T> Index FactoredJacobian<T>::cols() const { return terms_->point->plan().cols(); }
template <class T> std::size_t FactoredJacobian<T>::bytes() const {
  return static_cast<std::size_t>(terms_->point->plan().program.elements(Stage::dense)) * sizeof(T);
}

template <class T> void FactoredJacobian<T>::block(Index row, Index col, MatrixView<T> out) const {
  if (row < 0 || col < 0 || row > rows() - out.rows() || col > cols() - out.cols())
    throw ShapeError("a block of " + to_string(out.shape()) + " at (" + std::to_string(row) + ", " +
                     std::to_string(col) + ") leaves the Jacobian of " + to_string(Shape{rows(), cols()}));
  require_on(terms_->point->device().backend(), "the matrix for the block", out);
  if (out.shape().size() == 0) return;
  if (terms_->point->has_infinite_slopes()) return terms_->block_by_unit_vectors(row, col, out);
  terms_->point->emitter(Layout::numerator).run(terms_->buffers.span(), row, col, out);
}

template <class T> Matrix<T> FactoredJacobian<T>::row(Index i) const {
  auto out = Matrix<T>::uninitialized(1, cols(), terms_->point->device());
  if (terms_->sums) {
    const Matrix<T> column = terms_->by_unit_vector(Stage::reverse, i);
    const BatchView<const T> turned(MatrixView<const T>(column.data(), 1, cols()));
    terms_->point->device().backend().primitives(T{}).copy(turned, out.view());
  } else {
    block(i, 0, out);
  }
  return out;
}

template <class T> Matrix<T> FactoredJacobian<T>::column(Index j) const {
  if (terms_->sums) return terms_->by_unit_vector(Stage::forward, j);
  auto out = Matrix<T>::uninitialized(rows(), 1, terms_->point->device());
  block(0, j, out);
  return out;
}

template <class T> T FactoredJacobian<T>::entry(Index i, Index j) const {
  auto out = Matrix<T>::uninitialized(1, 1, terms_->point->device());
  if (terms_->sums) {
    terms_->require_index(Stage::reverse, i);
    const Matrix<T> column = terms_->by_unit_vector(Stage::forward, j);
    const BatchView<const T> place(column.view().block(i, 0, 1, 1));
    terms_->point->device().backend().primitives(T{}).copy(place, out.view());
  } else {
    block(i, j, out);
  }
  return on_host(std::move(out))(0, 0);
}

template <class T> Index FactoredJacobian<T>::stored() const {
  return values_of(terms_->point->plan().dense.emission).rows.size;
}

/// The coordinates with their values; the same in compressed rows, with the order of the entries; and the values as
/// they come from the device.
template <class T> double FactoredJacobian<T>::sparse_bytes() const {
  return static_cast<double>(stored()) * (3 * sizeof(T) + 5 * sizeof(Index));
}

template <class T> CooMatrix<T> FactoredJacobian<T>::to_coo() const {
  const Point<T> &point = *terms_->point;
  const Emission &j = point.plan().dense.emission;
  CooMatrix<T> coo{rows(), cols(), {}, {}, {}};
  if (j.products.empty()) return coo;
  Emission values = values_of(j);
  terms_->require_room(values.rows.size, sparse_bytes());
  const auto stored = static_cast<std::size_t>(values.rows.size);
  coo.row.reserve(stored), coo.col.reserve(stored), coo.value.reserve(stored);
  auto all = Matrix<T>::uninitialized(values.rows.size, 1, point.device());
  point.device().backend().primitives(T{}).emitter(std::move(values))->run(terms_->buffers.span(), 0, 0, all.view());
  const Matrix<T> host = on_host(std::move(all));
  Index next = 0;
  for (const Product &p : j.products)
    for_all_places(p, [&](Index row, Index col) {
      const T value = host.data()[next++];
      if (!j.rows.has(row) || !j.cols.has(col)) return;
      coo.row.push_back(j.rows.below(row)), coo.col.push_back(j.cols.below(col)), coo.value.push_back(value);
    });
  if (point.has_infinite_slopes()) terms_->take_limits(coo);
  return coo;
}

template class FactoredJacobian<float>;
template class FactoredJacobian<double>;

} // namespace kronvec

namespace kronvec::detail {
template <class T> FactoredJacobian<T> factored(std::shared_ptr<const Point<T>> point) {
  return FactoredJacobian<T>(std::move(point));
}
template FactoredJacobian<float> factored(std::shared_ptr<const Point<float>>);
template FactoredJacobian<double> factored(std::shared_ptr<const Point<double>>);
} // namespace kronvec::detail

#include "algebra/kronecker.hpp"

#include "algebra/composed.hpp"
#include "algebra/coo.hpp"
#include "devices/kronecker.hpp"

#include <algorithm>

namespace kronvec::algebra {
namespace {

template <class T> Shape shape_of(const std::vector<NodePtr<T>> &factors) {
  Shape shape{1, 1};
  for (const NodePtr<T> &f : factors)
    shape = {Shape{shape.rows, f->rows()}.size(), Shape{shape.cols, f->cols()}.size()};
  return shape;
}

/// The product of two emissions: labels side by side; an index of b is `b_rows` (`b_cols`) times faster.
Product times(const Product &a, const Product &b, Index b_rows, Index b_cols, int first_buffer) {
  Product p = a;
  p.scale *= b.scale;
  p.labels += b.labels;
  const auto spread = [&](AffineMap &map, const AffineMap &other, Index step) {
    map.offset = map.offset * step + other.offset;
    for (int q = 0; q < a.labels; ++q)
      map.stride[q] *= step;
    for (int q = 0; q < b.labels; ++q)
      map.stride[a.labels + q] = other.stride[q];
  };
  spread(p.row, b.row, b_rows), spread(p.col, b.col, b_cols);
  std::copy_n(b.extent.begin(), b.labels, p.extent.begin() + a.labels);
  for (const Product::Factor &factor : b.factors) {
    AffineMap moved{factor.map.offset, {}};
    std::copy_n(factor.map.stride.begin(), b.labels, moved.stride.begin() + a.labels);
    p.factors.push_back({first_buffer + factor.buffer, moved});
  }
  return p;
}

} // namespace

template <class T> Kronecker<T>::Kronecker(std::vector<NodePtr<T>> factors, Device device)
    : Node<T>(shape_of<T>(factors), device), factors_(std::move(factors)), any_direct_(false), tallest_(this->cols()) {
  std::vector<Index> extent; // of every dimension as it is by now
  for (const NodePtr<T> &f : factors_)
    extent.push_back(f->cols());
  const auto apply_to = [&](Along a) {
    for (std::size_t f = 0; f < extent.size(); ++f)
      (f < a.factor ? a.outer : a.inner) *= f == a.factor ? 1 : extent[f];
    extent[a.factor] = factors_[a.factor]->rows();
    tallest_ = std::max(tallest_, rows_of(a));
    return a;
  };
  std::vector<Along> growing;
  for (std::size_t f = 0; f < factors_.size(); ++f) {
    const auto direct = factors_[f]->factor();
    const bool shrinks = factors_[f]->rows() < factors_[f]->cols();
    if (!direct && shrinks) before_.push_back(apply_to({f, 1, 1}));
    if (!direct && !shrinks) growing.push_back({f, 1, 1});
    any_direct_ = any_direct_ || (direct && !direct->is_identity());
    direct_.push_back(direct ? *direct
                             : KroneckerFactor<T>::identity(shrinks ? factors_[f]->rows() : factors_[f]->cols()));
  }
  Index entries = 1;
  for (std::size_t f = 0; f < factors_.size(); ++f)
    extent[f] = direct_[f].rows(), entries = Shape{entries, extent[f]}.size();
  tallest_ = std::max(tallest_, entries);
  for (const Along &a : growing)
    after_.push_back(apply_to(a));
}

template <class T> Index Kronecker<T>::workspace(Index columns, bool adds) const {
  const Index direct = this->primitives().kronecker_workspace(direct_, columns);
  if (before_.empty() && after_.empty()) return direct;
  Index most = any_direct_ ? direct : 0;
  for (const auto *along : {&before_, &after_})
    for (const Along &a : *along)
      most = std::max(most, factors_[a.factor]->workspace(a.inner * a.outer * columns, adds));
  const Index four = Shape{4, Shape{tallest_, columns}.size()}.size(); // two results in turns, two that are turned
  return four + most;
}

template <class T> void Kronecker<T>::apply_along(const Along &along, In x, Out y, std::span<T> room) const {
  const Node<T> &f = *factors_[along.factor];
  const Index p = f.rows(), q = f.cols(), inner = along.inner, count = along.outer * x.cols();
  if (inner == 1) return f.apply(T(1), In(x.data(), q, count), T(0), Out(y.data(), p, count), room);
  const auto size = static_cast<std::size_t>(tallest_ * x.cols());
  T *turned = room.data(), *result = turned + size;
  this->primitives().transpose({x.data(), inner, q, inner, count, inner * q}, {turned, q, inner, q, count, inner * q});
  f.apply(T(1), In(turned, q, inner * count), T(0), Out(result, p, inner * count), room.subspan(2 * size));
  this->primitives().transpose({result, p, inner, p, count, inner * p}, {y.data(), inner, p, inner, count, inner * p});
}

template <class T> void Kronecker<T>::apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const {
  if (y.shape().size() == 0) return;
  if (x.rows() == 0) return this->primitives().combine(T(0), BatchView<T>(y), beta, y);
  if (before_.empty() && after_.empty()) return this->primitives().kronecker(alpha, direct_, x, beta, y, workspace);
  const auto size = static_cast<std::size_t>(tallest_ * x.cols());
  T *half[] = {workspace.data(), workspace.data() + size};
  const std::span<T> room = workspace.subspan(2 * size);
  int turn = 0;
  In from = x;
  const auto step = [&](Index rows, const auto &work) {
    const Out to(half[turn++ % 2], rows, x.cols());
    work(to);
    from = to;
  };
  if (!x.packed()) step(x.rows(), [&](Out to) { this->primitives().copy(x, to); });
  for (const Along &a : before_)
    step(rows_of(a), [&](Out to) { apply_along(a, from, to, room); });
  if (any_direct_) {
    Index rows = 1;
    for (const KroneckerFactor<T> &f : direct_)
      rows *= f.rows();
    step(rows, [&](Out to) { this->primitives().kronecker(T(1), direct_, from, T(0), to, room); });
  }
  for (const Along &a : after_)
    step(rows_of(a), [&](Out to) { apply_along(a, from, to, room); });
  this->primitives().combine(alpha, from, beta, y);
}

template <class T> NodePtr<T> Kronecker<T>::transposed() const {
  return std::make_shared<Kronecker>(each_transposed<T>(factors_), this->device());
}
template <class T> NodePtr<T> Kronecker<T>::conjugated() const {
  return std::make_shared<Kronecker>(each_conjugated<T>(factors_), this->device());
}
template <class T> std::string Kronecker<T>::text() const {
  return factors_.empty() ? "I[1]" : joined<T>(factors_, " ⊗ ", Binding::atom);
}
template <class T> Index Kronecker<T>::size() const { return size_of<T>(factors_); }
template <class T> double Kronecker<T>::flops() const {
  double total = modes::flops<T>(direct_);
  for (const auto *along : {&before_, &after_})
    for (const Along &a : *along)
      total += static_cast<double>(a.inner) * static_cast<double>(a.outer) * factors_[a.factor]->flops();
  return total;
}
template <class T> std::size_t Kronecker<T>::bytes() const { return bytes_of<T>(factors_); }

template <class T> T Kronecker<T>::entry(Index i, Index j) const {
  T entry = 1;
  for (std::size_t f = factors_.size(); f-- > 0 && entry != T(0);) {
    const Node<T> &factor = *factors_[f];
    entry *= factor.entry(i % factor.rows(), j % factor.cols());
    i /= factor.rows(), j /= factor.cols();
  }
  return entry;
}

template <class T> bool Kronecker<T>::all_square() const {
  return std::all_of(factors_.begin(), factors_.end(), [](const NodePtr<T> &f) { return f->rows() == f->cols(); });
}

/// The Kronecker product of the factors' diagonals, if these have one.
template <class T> Matrix<T> Kronecker<T>::diagonal() const {
  if (!all_square()) return Node<T>::diagonal();
  Matrix<T> diagonal(1, 1);
  diagonal(0, 0) = 1;
  for (const NodePtr<T> &f : factors_) {
    const Matrix<T> next = on_host(f->diagonal());
    auto product = Matrix<T>::uninitialized(diagonal.rows() * next.rows(), 1);
    for (Index i = 0; i < diagonal.rows(); ++i)
      for (Index k = 0; k < next.rows(); ++k)
        product(i * next.rows() + k, 0) = diagonal(i, 0) * next(k, 0);
    diagonal = std::move(product);
  }
  return diagonal.to(this->device());
}

/// tr(A ⊗ B) = tr A · tr B (ledger K8).
template <class T> T Kronecker<T>::trace() const {
  if (!all_square()) return Node<T>::trace();
  T product = 1;
  for (const NodePtr<T> &f : factors_)
    product *= f->trace();
  return product;
}

template <class T> double Kronecker<T>::squared_norm() const {
  double product = 1;
  for (const NodePtr<T> &f : factors_)
    product *= f->squared_norm();
  return product;
}

template <class T> CooMatrix<T> Kronecker<T>::coo() const {
  CooMatrix<T> result{1, 1, {0}, {0}, {T(1)}};
  for (const NodePtr<T> &f : factors_)
    result = kron(result, f->coo());
  return result;
}

template <class T> bool Kronecker<T>::draft(Draft<T> &draft) const {
  std::vector<Product> products{{}};
  for (const NodePtr<T> &f : factors_) {
    Draft<T> next;
    if (!f->draft(next)) return false;
    const auto first_buffer = static_cast<int>(draft.buffers.size());
    std::vector<Product> all;
    for (const Product &a : products)
      for (const Product &b : next.products) {
        if (a.labels + b.labels > most_labels) return false;
        all.push_back(times(a, b, f->rows(), f->cols(), first_buffer));
      }
    products = std::move(all);
    draft.buffers.insert(draft.buffers.end(), next.buffers.begin(), next.buffers.end());
  }
  draft.products.insert(draft.products.end(), products.begin(), products.end());
  return true;
}

#define KRONVEC_INSTANTIATE(T) template class Kronecker<T>;
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)
KRONVEC_INSTANTIATE(std::complex<float>)
KRONVEC_INSTANTIATE(std::complex<double>)

} // namespace kronvec::algebra

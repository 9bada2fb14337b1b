/// Kronecker products of any operators, applied factor by factor.

#include "algebra/kronecker.hpp"

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

/// The emission of A ⊗ B from those of A and B. It has the labels of both; indices of A are multiplied by b_rows and
/// b_cols.
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

template <class T> Kronecker<T>::Kronecker(std::vector<NodePtr<T>> factors, Device device, Precision precision)
    : Combined<T>(shape_of<T>(factors), device, std::move(factors), precision), tallest_(this->cols()) {
  if (this->rows() > 0 && this->cols() > 0) plan();
}

/// A factor with p rows, q columns and c flops per column, applied to S entries, takes S·c/q flops and leaves S·p/q
/// entries. So f before g takes fewer flops exactly if (1 − p_f/q_f)/(c_f/q_f) > (1 − p_g/q_g)/(c_g/q_g).
template <class T> std::vector<std::size_t> Kronecker<T>::order() const {
  std::vector<std::size_t> order;
  for (std::size_t f = 0; f < parts().size(); ++f)
    if (const auto direct = parts()[f]->factor(); !direct || !direct->is_identity()) order.push_back(f);
  const auto gain = [&](std::size_t f) {
    const auto p = static_cast<double>(parts()[f]->rows()), q = static_cast<double>(parts()[f]->cols());
    return p == q ? 0 : (1 - p / q) / (parts()[f]->flops() / q);
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t f, std::size_t g) { return gain(f) > gain(g); });
  return order;
}

template <class T> void Kronecker<T>::plan() {
  std::vector<Index> extent; // current extent of every dimension
  for (const NodePtr<T> &f : parts())
    extent.push_back(f->cols());
  const auto identities = [&] {
    std::vector<KroneckerFactor<T>> all;
    all.reserve(extent.size());
    for (const Index n : extent)
      all.push_back(KroneckerFactor<T>::identity(n));
    return all;
  };
  for (const std::size_t f : order()) {
    const auto direct = parts()[f]->factor();
    if (!direct || steps_.empty() || steps_.back().direct.empty())
      steps_.push_back({direct ? identities() : std::vector<KroneckerFactor<T>>{}, f, 1, 1, 0});
    FactorStep &step = steps_.back();
    if (direct) step.direct[f] = *direct;
    step.inner = step.outer = 1;
    for (std::size_t d = 0; d < extent.size(); ++d)
      if (d != f) (d < f ? step.outer : step.inner) = Shape{d < f ? step.outer : step.inner, extent[d]}.size();
    extent[f] = parts()[f]->rows();
    step.rows = Shape{Shape{step.inner, step.outer}.size(), extent[f]}.size();
    tallest_ = std::max(tallest_, step.rows);
    turns_ = turns_ || (!direct && step.inner > 1);
  }
  if (steps_.empty()) steps_.push_back({identities(), 0, 1, 1, this->rows()});
}

template <class T> Index Kronecker<T>::workspace(Index columns, bool) const {
  if (steps_.empty()) return 0;
  Index most = 0;
  for (const FactorStep &step : steps_)
    most = std::max(most, step.direct.empty() ? parts()[step.factor]->workspace(
                                                    Shape{Shape{step.inner, step.outer}.size(), columns}.size(), false)
                                              : this->primitives().kronecker_workspace(step.direct, columns));
  if (steps_.size() == 1 && !steps_[0].direct.empty()) return most;
  // Independent of β: the last result may need a buffer, because Y need not be packed.
  const Index buffers = turns_ ? 4 : 2; // two buffers for results, used alternately, and two for turned results
  return Shape{buffers, Shape{tallest_, columns}.size()}.size() + most;
}

template <class T> void Kronecker<T>::apply_along(const FactorStep &step, In x, Out y, std::span<T> room) const {
  const Node<T> &f = *parts()[step.factor];
  const Index p = f.rows(), q = f.cols(), inner = step.inner, count = step.outer * x.cols();
  if (inner == 1)
    return f.apply(T(1), In(x.data(), q, count), T(0), Out(y.data(), p, count),
                   turns_ ? room.subspan(2 * half_of(x)) : room);
  T *turned = room.data(), *result = turned + half_of(x);
  this->primitives().transpose({x.data(), inner, q, inner, count, inner * q}, {turned, q, inner, q, count, inner * q});
  f.apply(T(1), In(turned, q, inner * count), T(0), Out(result, p, inner * count), room.subspan(2 * half_of(x)));
  this->primitives().transpose({result, p, inner, p, count, inner * p}, {y.data(), inner, p, inner, count, inner * p});
}

template <class T>
void Kronecker<T>::finish(const FactorStep &step, T alpha, In from, T beta, Out y, T *half, std::span<T> room) const {
  if (!step.direct.empty()) return this->primitives().kronecker(alpha, step.direct, from, beta, y, room);
  const bool into_y = beta == T(0) && y.packed();
  const Out to = into_y ? y : Out(half, y.rows(), y.cols());
  apply_along(step, from, to, room);
  if (!into_y) return this->primitives().combine(alpha, BatchView<T>(to), beta, y);
  if (alpha != T(1)) this->primitives().scale(alpha, BatchView<T>(y), y);
}

template <class T> void Kronecker<T>::apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const {
  if (y.shape().size() == 0) return;
  if (x.rows() == 0) return this->primitives().combine(T(0), BatchView<T>(y), beta, y);
  if (steps_.size() == 1 && !steps_[0].direct.empty())
    return this->primitives().kronecker(alpha, steps_[0].direct, x, beta, y, workspace);
  T *half[] = {workspace.data(), workspace.data() + half_of(x)};
  const std::span<T> room = workspace.subspan(2 * half_of(x));
  int turn = 0;
  In from = x;
  if (!x.packed() && steps_[0].direct.empty()) {
    const Out packed(half[turn++ % 2], x.rows(), x.cols());
    this->primitives().copy(x, packed);
    from = packed;
  }
  for (std::size_t k = 0; k + 1 < steps_.size(); ++k) {
    const FactorStep &step = steps_[k];
    const Out to(half[turn++ % 2], step.rows, x.cols());
    if (step.direct.empty()) {
      apply_along(step, from, to, room);
    } else {
      this->primitives().kronecker(T(1), step.direct, from, T(0), to, room);
    }
    from = to;
  }
  finish(steps_.back(), alpha, from, beta, y, half[turn % 2], room);
}

template <class T> NodePtr<T> Kronecker<T>::transposed() const {
  return std::make_shared<Kronecker>(this->transposed_parts(), this->device());
}
template <class T> NodePtr<T> Kronecker<T>::conjugated() const {
  return std::make_shared<Kronecker>(this->conjugated_parts(), this->device());
}
template <class T> NodePtr<T> Kronecker<T>::rounded() const {
  return std::make_shared<Kronecker>(this->rounded_parts(), this->device(), Precision::tf32);
}
template <class T> std::string Kronecker<T>::text() const { return this->joined(" ⊗ "); }
template <class T> double Kronecker<T>::flops() const {
  double total = 0;
  for (const FactorStep &step : steps_)
    total += step.direct.empty()
                 ? static_cast<double>(step.inner) * static_cast<double>(step.outer) * parts()[step.factor]->flops()
                 : modes::flops<T>(step.direct);
  return total;
}

template <class T> T Kronecker<T>::entry(Index i, Index j) const {
  T entry = 1;
  for (std::size_t f = parts().size(); f-- > 0 && entry != T(0);) {
    const Node<T> &factor = *parts()[f];
    entry *= factor.entry(i % factor.rows(), j % factor.cols());
    i /= factor.rows(), j /= factor.cols();
  }
  return entry;
}

/// The Kronecker product of the factors' diagonals, if all factors are square.
template <class T> Matrix<T> Kronecker<T>::diagonal() const {
  if (!this->all_square()) return Node<T>::diagonal();
  Matrix<T> diagonal(1, 1);
  diagonal(0, 0) = 1;
  for (const NodePtr<T> &f : parts()) {
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
  if (!this->all_square()) return Node<T>::trace();
  T product = 1;
  for (const NodePtr<T> &f : parts())
    product *= f->trace();
  return product;
}

template <class T> double Kronecker<T>::squared_norm() const {
  double product = 1;
  for (const NodePtr<T> &f : parts())
    product *= f->squared_norm();
  return product;
}

template <class T> CooMatrix<T> Kronecker<T>::coo() const {
  CooMatrix<T> result{1, 1, {0}, {0}, {T(1)}};
  for (const NodePtr<T> &f : parts())
    result = kron(result, f->coo());
  return result;
}

template <class T> bool Kronecker<T>::draft(Draft<T> &draft) const {
  std::vector<Product> products{{}};
  for (const NodePtr<T> &f : parts()) {
    Draft<T> next;
    if (!f->draft(next)) return false;
    const auto first_buffer = static_cast<int>(draft.buffers.size());
    std::vector<Product> all;
    for (const Product &a : products)
      for (const Product &b : next.products) {
        if (a.labels + b.labels > max_labels) return false;
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

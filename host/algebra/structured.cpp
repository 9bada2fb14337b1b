/// Identities, commutations, triangles and selections as operators.

#include "algebra/structured.hpp"

#include "algebra/coo.hpp"

#include <algorithm>

namespace kronvec::algebra {
namespace {

/// A product without factors: each place that its labels reach gets `scale`. Label q has stride row[q] and col[q].
Product ones(int labels, std::array<Index, max_labels> extent, std::array<Index, max_labels> row,
             std::array<Index, max_labels> col, double scale = 1) {
  Product p{.labels = labels, .extent = extent};
  p.row.stride = row, p.col.stride = col, p.scale = scale;
  return p;
}

/// "K[4,3]".
template <class... Size> std::string sized(const char *letter, Size... size) {
  std::string sizes;
  ((sizes += (sizes.empty() ? "" : ",") + std::to_string(size)), ...);
  return std::string(letter) + "[" + sizes + "]";
}

template <class T> double squared_norm_of(const CooMatrix<T> &a) {
  double sum = 0;
  for (const T value : compressed(a).value)
    sum += squared(value);
  return sum;
}

} // namespace

template <class T> std::string Identity<T>::text() const { return sized("I", this->rows()); }

template <class T> CooMatrix<T> Identity<T>::coo() const {
  CooMatrix<T> result{this->rows(), this->cols(), {}, {}, {}};
  reserve(result, static_cast<double>(this->rows()));
  for (Index i = 0; i < this->rows(); ++i)
    append(result, i, i, T(1));
  return result;
}

template <class T> bool Identity<T>::draft(Draft<T> &draft) const {
  draft.products.push_back(ones(1, {this->rows()}, {1}, {1}));
  return true;
}

template <class T> std::string Commutation<T>::text() const { return sized("K", m_, n_); }

template <class T> void Commutation<T>::write(In x, Out y) const {
  this->primitives().transpose({x.data(), m_, n_, m_, x.cols(), x.ld()}, {y.data(), n_, m_, n_, y.cols(), y.ld()});
}

template <class T> CooMatrix<T> Commutation<T>::coo() const {
  CooMatrix<T> result{this->rows(), this->cols(), {}, {}, {}};
  reserve(result, static_cast<double>(this->rows()));
  for (Index j = 0; j < n_; ++j)
    for (Index i = 0; i < m_; ++i)
      append(result, j + n_ * i, i + m_ * j, T(1));
  return result;
}

template <class T> bool Commutation<T>::draft(Draft<T> &draft) const {
  draft.products.push_back(ones(2, {m_, n_}, {n_, 1}, {1, m_}));
  return true;
}

template <class T> std::string Symmetrizer<T>::text() const { return sized("N", n_); }

template <class T> T Symmetrizer<T>::entry(Index i, Index j) const {
  const Index mirrored = i / n_ + i % n_ * n_;
  return T(0.5) * (T(i == j ? 1 : 0) + T(mirrored == j ? 1 : 0));
}

template <class T> void Symmetrizer<T>::write(In x, Out y) const {
  const BatchView<T> turned(y.data(), n_, n_, n_, y.cols(), y.ld());
  this->primitives().transpose({x.data(), n_, n_, n_, x.cols(), x.ld()}, turned);
  this->primitives().add(T(0.5), x, T(0.5), BatchView<T>(y), y);
}

template <class T> CooMatrix<T> Symmetrizer<T>::coo() const {
  CooMatrix<T> result{this->rows(), this->cols(), {}, {}, {}};
  reserve(result, 2 * static_cast<double>(this->rows()));
  for (Index j = 0; j < n_; ++j)
    for (Index i = 0; i < n_; ++i)
      append(result, i + n_ * j, i + n_ * j, T(0.5)), append(result, j + n_ * i, i + n_ * j, T(0.5));
  return result;
}

template <class T> bool Symmetrizer<T>::draft(Draft<T> &draft) const {
  draft.products.push_back(ones(1, {this->rows()}, {1}, {1}, 0.5));
  draft.products.push_back(ones(2, {n_, n_}, {n_, 1}, {1, n_}, 0.5));
  return true;
}

namespace {

/// Throws ShapeError if the entries of an n×n matrix cannot be counted in 63 bits.
Shape packing_shape(Index n, Triangle triangle, bool transposed) {
  const Index all = Shape{n, n}.size(), packed = triangle.entries(n);
  return transposed ? Shape{all, packed} : Shape{packed, all};
}

} // namespace

template <class T> Triangular<T>::Triangular(Kind kind, Index n, Triangle triangle, bool transposed, Device device)
    : WritingNode<T>(packing_shape(n, triangle, transposed), device), kind_(kind), n_(n), triangle_(triangle),
      transposed_(transposed) {}

template <class T> std::string Triangular<T>::text() const {
  const bool plain = triangle_ == Triangle{};
  const std::string part =
      plain ? "" : std::string(triangle_.lower ? ",lower" : ",upper") + (triangle_.diagonal ? "" : ",strict");
  const std::string size = "[" + std::to_string(n_) + part + "]";
  if (kind_ == Kind::elimination) return "L" + size + (transposed_ ? "ᵀ" : "");
  if (kind_ == Kind::pseudoinverse) return "D⁺" + size + (transposed_ ? "ᵀ" : "");
  return "D" + size + (transposed_ ? "" : "ᵀ");
}

template <class T> double Triangular<T>::flops() const {
  return kind_ == Kind::elimination ? 0 : static_cast<double>(Shape{n_, n_}.size());
}

template <class T> void Triangular<T>::write(In x, Out y) const {
  const auto squares = [this](auto m) { return BatchView(m.data(), n_, n_, n_, m.cols(), m.ld()); };
  const auto triangles = [](auto m) { return BatchView(m.data(), m.rows(), 1, m.rows(), m.cols(), m.ld()); };
  if (transposed_) return this->primitives().unpack_triangle(triangle_, near(), mirrored(), triangles(x), squares(y));
  this->primitives().pack_triangle(triangle_, near(), mirrored(), squares(x), triangles(y));
}

template <class T> T Triangular<T>::entry(Index k, Index place) const {
  if (transposed_) std::swap(k, place);
  const auto is_kth = [&](Index i, Index j) { // whether (i, j) is entry k of the triangle
    const auto [first, last] = triangle_.column(j, n_);
    return i >= first && i < last && triangle_.entries_before(j, n_) + i - first == k;
  };
  const Index i = place % n_, j = place / n_;
  if (i == j) return T(is_kth(i, i) ? 1 : 0);
  return is_kth(i, j) ? near() : is_kth(j, i) ? mirrored() : T(0);
}

template <class T> CooMatrix<T> Triangular<T>::coo() const {
  CooMatrix<T> packs{triangle_.entries(n_), Shape{n_, n_}.size(), {}, {}, {}};
  reserve(packs, static_cast<double>(packs.cols));
  Index k = 0;
  for (Index j = 0; j < n_; ++j) {
    const auto [first, last] = triangle_.column(j, n_);
    for (Index i = first; i < last; ++i, ++k) {
      append(packs, k, i + n_ * j, i == j ? T(1) : near());
      if (i != j && mirrored() != T(0)) append(packs, k, j + n_ * i, mirrored());
    }
  }
  return transposed_ ? algebra::transposed(std::move(packs)) : packs;
}

template <class T> double Triangular<T>::squared_norm() const { return squared_norm_of(coo()); }

template <class T> Selection<T>::RowIndices::RowIndices(std::vector<Index> index, Device on)
    : host(std::move(index)), device(on) {
  const std::size_t bytes = host.size() * sizeof(Index);
  if (bytes == 0) return;
  there = static_cast<Index *>(device.backend().memory().allocate(bytes));
  device.backend().transfer(there, bytes, host.data(), bytes, bytes, 1);
}

template <class T> Selection<T>::RowIndices::~RowIndices() {
  if (there) device.backend().memory().deallocate(there, host.size() * sizeof(Index));
}

template <class T> Selection<T>::Selection(std::vector<Index> index, Index cols, bool permutes, Device device)
    : WritingNode<T>({static_cast<Index>(index.size()), cols}, device),
      rows_(std::make_shared<const RowIndices>(std::move(index), device)), permutes_(permutes) {}

template <class T> Selection<T>::Selection(const Selection &other, bool transposed)
    : WritingNode<T>(other.transposed_ == transposed ? other.shape() : Shape{other.cols(), other.rows()},
                     other.device()),
      rows_(other.rows_), permutes_(other.permutes_), transposed_(transposed) {}

template <class T> NodePtr<T> Selection<T>::transposed() const {
  return std::make_shared<Selection>(*this, !transposed_);
}

template <class T> std::string Selection<T>::text() const {
  const Shape selects = transposed_ ? Shape{this->cols(), this->rows()} : this->shape();
  const std::string name = permutes_ ? sized("P", this->rows()) : "S[" + to_string(selects) + "]";
  return transposed_ ? name + "ᵀ" : name;
}

template <class T> T Selection<T>::entry(Index i, Index j) const {
  if (transposed_) std::swap(i, j);
  return T(index()[static_cast<std::size_t>(i)] == j ? 1 : 0);
}

template <class T> void Selection<T>::write(In x, Out y) const {
  const std::span<const Index> rows(rows_->there, rows_->host.size());
  return transposed_ ? this->primitives().scatter_rows(rows, x, y) : this->primitives().gather_rows(rows, x, y);
}

template <class T> CooMatrix<T> Selection<T>::coo() const {
  const auto selected = static_cast<Index>(index().size());
  CooMatrix<T> result{selected, transposed_ ? this->rows() : this->cols(), {}, {}, {}};
  for (Index i = 0; i < selected; ++i)
    append(result, i, index()[static_cast<std::size_t>(i)], T(1));
  return transposed_ ? algebra::transposed(std::move(result)) : result;
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template class Identity<T>;                                                                                          \
  template class Zero<T>;                                                                                              \
  template class Commutation<T>;                                                                                       \
  template class Symmetrizer<T>;                                                                                       \
  template class Triangular<T>;                                                                                        \
  template class Selection<T>;
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)
KRONVEC_INSTANTIATE(std::complex<float>)
KRONVEC_INSTANTIATE(std::complex<double>)

} // namespace kronvec::algebra

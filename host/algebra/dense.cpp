/// Operators that are a dense or a diagonal matrix.

#include "algebra/dense.hpp"

#include "algebra/coo.hpp"

namespace kronvec::algebra {

template <class T> double squared_norm_of(const Matrix<T> &x) {
  auto sum = Matrix<T>::uninitialized(1, 1, x.device());
  const auto &primitives = x.device().backend().primitives(T{});
  if constexpr (is_complex<T>) {
    primitives.inner(conjugate_of(x).view(), x.view(), sum.view());
  } else {
    primitives.inner(x.view(), x.view(), sum.view());
  }
  return static_cast<double>(std::real(entry_of<T>(x.device(), sum.data())));
}

template <class T> void Dense<T>::apply(T alpha, In x, T beta, Out y, std::span<T>) const {
  this->primitives().multiply(alpha, op_, matrix_->view(), Op::none, x, beta, y);
}

template <class T> NodePtr<T> Dense<T>::transposed() const {
  return std::make_shared<Dense>(matrix_, name_, op_ == Op::none ? Op::transpose : Op::none);
}

template <class T> NodePtr<T> Dense<T>::conjugated() const {
  if constexpr (!is_complex<T>) return this->shared_from_this();
  return std::make_shared<Dense>(std::make_shared<const Matrix<T>>(conjugate_of(*matrix_)), "conj(" + name_ + ")", op_);
}

template <class T> std::string Dense<T>::text() const { return op_ == Op::none ? name_ : name_ + "ᵀ"; }

template <class T> T Dense<T>::entry(Index i, Index j) const {
  if (op_ == Op::transpose) std::swap(i, j);
  return entry_of<T>(this->device(), matrix_->data() + i + j * matrix_->ld());
}

template <class T> Matrix<T> Dense<T>::diagonal() const {
  const Index n = this->rows();
  auto diagonal = Matrix<T>::uninitialized(n, 1, this->device());
  this->primitives().copy(BatchView<const T>(matrix_->data(), 1, n, n + 1, 1, 0), {diagonal.data(), 1, n, 1, 1, 0});
  return diagonal;
}

template <class T> double Dense<T>::squared_norm() const { return squared_norm_of(*matrix_); }

template <class T> void Dense<T>::window(Index i, Index j, Out out) const {
  if (out.shape().size() == 0) return;
  if (op_ == Op::none) return this->primitives().copy(matrix_->view().block(i, j, out.rows(), out.cols()), out);
  this->primitives().transpose(matrix_->view().block(j, i, out.cols(), out.rows()), out);
}

template <class T> bool Dense<T>::draft(Draft<T> &draft) const {
  Product p{.labels = 2, .extent = {this->rows(), this->cols()}};
  p.row.stride = {1, 0}, p.col.stride = {0, 1};
  AffineMap place;
  place.stride = {1, matrix_->ld()};
  if (op_ == Op::transpose) std::swap(place.stride[0], place.stride[1]);
  p.factors.push_back({static_cast<int>(draft.buffers.size()), place});
  draft.products.push_back(p), draft.buffers.push_back(matrix_->data());
  return true;
}

template <class T> NodePtr<T> Diagonal<T>::conjugated() const {
  if constexpr (!is_complex<T>) return this->shared_from_this();
  return std::make_shared<Diagonal>(std::make_shared<const Matrix<T>>(conjugate_of(*d_)), "conj(" + name_ + ")");
}

template <class T> T Diagonal<T>::entry(Index i, Index j) const {
  return i == j ? entry_of<T>(this->device(), d_->data() + i) : T(0);
}

template <class T> double Diagonal<T>::squared_norm() const { return squared_norm_of(*d_); }

template <class T> CooMatrix<T> Diagonal<T>::coo() const {
  const Matrix<T> d = d_->to(Device::cpu());
  CooMatrix<T> result{this->rows(), this->cols(), {}, {}, {}};
  for (Index i = 0; i < d.rows(); ++i)
    append(result, i, i, d(i, 0));
  return result;
}

template <class T> bool Diagonal<T>::draft(Draft<T> &draft) const {
  Product p{.labels = 1, .extent = {this->rows()}};
  p.row.stride = p.col.stride = {1};
  AffineMap place;
  place.stride = {1};
  p.factors.push_back({static_cast<int>(draft.buffers.size()), place});
  draft.products.push_back(p), draft.buffers.push_back(d_->data());
  return true;
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template double squared_norm_of(const Matrix<T> &);                                                                  \
  template class Dense<T>;                                                                                             \
  template class Diagonal<T>;
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)
KRONVEC_INSTANTIATE(std::complex<float>)
KRONVEC_INSTANTIATE(std::complex<double>)

} // namespace kronvec::algebra

/// The Khatri–Rao product as an operator.

#include "algebra/khatri_rao.hpp"

#include "algebra/dense.hpp"

namespace kronvec::algebra {

template <class T> KhatriRao<T>::KhatriRao(Shared a, Shared b, std::string name_a, std::string name_b, bool transposed,
                                           Precision precision)
    : Node<T>(transposed ? Shape{a->cols(), Shape{a->rows(), b->rows()}.size()}
                         : Shape{Shape{a->rows(), b->rows()}.size(), a->cols()},
              a->device(), precision),
      a_(std::move(a)), b_(std::move(b)), name_a_(std::move(name_a)), name_b_(std::move(name_b)),
      transposed_(transposed) {}

template <class T> Index KhatriRao<T>::workspace(Index columns, bool) const {
  return b_->shape().size() + (transposed_ ? this->rows() * columns : 0);
}

/// (A ∗ B)·d = vec(B·Diag(d)·Aᵀ) (ledger K14). Entry j of (A ∗ B)ᵀ·vec Y is b_jᵀ·Y·a_j: the column sums of B ⊙ (Y·A).
template <class T> void KhatriRao<T>::apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const {
  const auto &primitives = this->primitives();
  const Index m = a_->rows(), p = b_->rows(), n = a_->cols();
  const Out w(workspace.data(), p, n);
  if (!transposed_) {
    for (Index k = 0; k < x.cols(); ++k) {
      primitives.hadamard(b_->view(), BatchView<const T>(x.data() + k * x.ld(), 1, n, 1, 1, 0), w);
      primitives.multiply(alpha, Op::none, BatchView<T>(w), Op::transpose, a_->view(), beta,
                          BatchView<T>(y.data() + k * y.ld(), p, m, p, 1, 0));
    }
    return;
  }
  const Out sums(workspace.data() + p * n, n, x.cols());
  for (Index k = 0; k < x.cols(); ++k) {
    primitives.multiply(T(1), Op::none, BatchView<const T>(x.data() + k * x.ld(), p, m, p, 1, 0), Op::none, a_->view(),
                        T(0), w);
    primitives.inner(BatchView<const T>(b_->data(), p, 1, p, n, p), BatchView<const T>(w.data(), p, 1, p, n, p),
                     BatchView<T>(sums.data() + k * n, 1, 1, 1, n, 1));
  }
  primitives.combine(alpha, BatchView<T>(sums), beta, y);
}

template <class T> NodePtr<T> KhatriRao<T>::transposed() const {
  return std::make_shared<KhatriRao>(a_, b_, name_a_, name_b_, !transposed_);
}

template <class T> NodePtr<T> KhatriRao<T>::conjugated() const {
  if constexpr (!is_complex<T>) return this->shared_from_this();
  return std::make_shared<KhatriRao>(std::make_shared<const Matrix<T>>(conjugate_of(*a_)),
                                     std::make_shared<const Matrix<T>>(conjugate_of(*b_)), "conj(" + name_a_ + ")",
                                     "conj(" + name_b_ + ")", transposed_);
}

template <class T> std::string KhatriRao<T>::text() const {
  const std::string product = name_a_ + " ∗ " + name_b_;
  return transposed_ ? "(" + product + ")ᵀ" : product;
}

template <class T> double KhatriRao<T>::flops() const {
  const auto m = static_cast<double>(a_->rows()), p = static_cast<double>(b_->rows()),
             n = static_cast<double>(a_->cols());
  return 2 * m * p * n + (transposed_ ? 2 : 1) * p * n;
}

template <class T> T KhatriRao<T>::entry(Index i, Index j) const {
  if (transposed_) std::swap(i, j);
  const Index p = b_->rows();
  return entry_of<T>(this->device(), a_->data() + i / p + j * a_->ld()) *
         entry_of<T>(this->device(), b_->data() + i % p + j * b_->ld());
}

template <class T> bool KhatriRao<T>::draft(Draft<T> &draft) const {
  const Index m = a_->rows(), p = b_->rows(), n = a_->cols();
  Product product{.labels = 3, .extent = {m, p, n}};
  product.row.stride = {p, 1, 0}, product.col.stride = {0, 0, 1};
  if (transposed_) std::swap(product.row, product.col);
  AffineMap at_a, at_b;
  at_a.stride = {1, 0, a_->ld()}, at_b.stride = {0, 1, b_->ld()};
  const auto first = static_cast<int>(draft.buffers.size());
  product.factors = {{first, at_a}, {first + 1, at_b}};
  draft.products.push_back(product), draft.buffers.push_back(a_->data()), draft.buffers.push_back(b_->data());
  return true;
}

#define KRONVEC_INSTANTIATE(T) template class KhatriRao<T>;
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)
KRONVEC_INSTANTIATE(std::complex<float>)
KRONVEC_INSTANTIATE(std::complex<double>)

} // namespace kronvec::algebra

#include "algebra/composed.hpp"

#include "algebra/coo.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kronvec::algebra {
namespace {

/// "2", "−0.5", "(1−2i)".
template <class T> std::string number(T x) {
  if constexpr (is_complex<T>) {
    if (x.imag() == 0) return number(x.real());
    return fmt::format("({}{}{}i)", number(x.real()), x.imag() < 0 ? "−" : "+", std::abs(x.imag()));
  } else {
    return x < 0 ? fmt::format("−{}", -x) : fmt::format("{}", x);
  }
}

template <class T> Shape stacked_shape(const std::vector<NodePtr<T>> &blocks) {
  Shape shape;
  for (const NodePtr<T> &block : blocks)
    if (__builtin_add_overflow(shape.rows, block->rows(), &shape.rows) ||
        __builtin_add_overflow(shape.cols, block->cols(), &shape.cols))
      throw ShapeError("a direct sum with " + to_string(block->shape()) + " has more than 2⁶³ rows or columns");
  return shape;
}

} // namespace

template <class T> Composition<T>::Composition(std::vector<NodePtr<T>> factors)
    : Node<T>({factors.front()->rows(), factors.back()->cols()}, common_device<T>(factors)),
      factors_(std::move(factors)), widest_(0) {
  for (std::size_t f = 1; f < factors_.size(); ++f)
    widest_ = std::max(widest_, factors_[f]->rows());
}

template <class T> Index Composition<T>::workspace(Index columns, bool adds) const {
  return Shape{2, Shape{widest_, columns}.size()}.size() + workspace_of<T>(factors_, columns, adds);
}

template <class T> void Composition<T>::apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const {
  const auto half = static_cast<std::size_t>(widest_ * x.cols());
  T *result[] = {workspace.data(), workspace.data() + half};
  const std::span<T> rest = workspace.subspan(2 * half);
  In from = x;
  for (std::size_t f = factors_.size() - 1; f > 0; --f) {
    const Out to(result[f % 2], factors_[f]->rows(), x.cols());
    factors_[f]->apply(T(1), from, T(0), to, rest);
    from = to;
  }
  factors_[0]->apply(alpha, from, beta, y, rest);
}

template <class T> NodePtr<T> Composition<T>::transposed() const {
  std::vector<NodePtr<T>> factors = each_transposed<T>(factors_);
  std::reverse(factors.begin(), factors.end());
  return std::make_shared<Composition>(std::move(factors));
}
template <class T> NodePtr<T> Composition<T>::conjugated() const {
  return std::make_shared<Composition>(each_conjugated<T>(factors_));
}
template <class T> std::string Composition<T>::text() const { return joined<T>(factors_, "·", Binding::atom); }
template <class T> Index Composition<T>::size() const { return size_of<T>(factors_); }
template <class T> double Composition<T>::flops() const { return flops_of<T>(factors_); }
template <class T> std::size_t Composition<T>::bytes() const { return bytes_of<T>(factors_); }

/// The last factor's columns, then the others applied to them, some MiB at a time; by rows where those are few.
template <class T> void Composition<T>::window(Index i, Index j, Out out) const {
  if (out.shape().size() == 0) return;
  if (out.rows() < out.cols() && out.rows() < this->rows() / 8) {
    auto turned = Matrix<T>::uninitialized(out.cols(), out.rows(), this->device());
    transposed()->window(j, i, turned);
    return this->primitives().transpose(turned.view(), out);
  }
  constexpr Index few = 64, target = (8 << 20) / sizeof(T);
  const Node<T> &last = *factors_.back();
  const Composition rest(std::vector<NodePtr<T>>(factors_.begin(), factors_.end() - 1));
  const Index tallest = std::max({this->rows(), widest_, Index(1)});
  const Index width = std::min(out.cols(), std::max(few, target / tallest));
  const bool all_rows = out.rows() == this->rows();
  auto columns = Matrix<T>::uninitialized(last.rows(), width, this->device());
  auto results = Matrix<T>::uninitialized(all_rows ? 0 : this->rows(), width, this->device());
  for (Index first = 0; first < out.cols(); first += width) {
    const Index here = std::min(width, out.cols() - first);
    const Out from = columns.view().block(0, 0, last.rows(), here);
    const Out to = all_rows ? out.block(0, first, out.rows(), here) : results.view().block(0, 0, this->rows(), here);
    last.window(0, j + first, from);
    algebra::apply<T>(rest, T(1), from, T(0), to);
    if (!all_rows)
      this->primitives().copy(BatchView<T>(to.block(i, 0, out.rows(), here)), out.block(0, first, out.rows(), here));
  }
}

template <class T> CooMatrix<T> Composition<T>::coo() const {
  CooMatrix<T> result = factors_.back()->coo();
  for (std::size_t f = factors_.size() - 1; f-- > 0;)
    result = product(factors_[f]->coo(), result);
  return result;
}

template <class T> Sum<T>::Sum(std::vector<NodePtr<T>> terms)
    : Node<T>(terms.front()->shape(), common_device<T>(terms)), terms_(std::move(terms)) {}

template <class T> Index Sum<T>::workspace(Index columns, bool) const { return workspace_of<T>(terms_, columns, true); }

template <class T> void Sum<T>::apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const {
  terms_[0]->apply(alpha, x, beta, y, workspace);
  for (std::size_t t = 1; t < terms_.size(); ++t)
    terms_[t]->apply(alpha, x, T(1), y, workspace);
}

template <class T> NodePtr<T> Sum<T>::transposed() const { return std::make_shared<Sum>(each_transposed<T>(terms_)); }
template <class T> NodePtr<T> Sum<T>::conjugated() const { return std::make_shared<Sum>(each_conjugated<T>(terms_)); }
/// "A + B − 2·C".
template <class T> std::string Sum<T>::text() const {
  const std::string minus = "−";
  std::string text = wrapped(*terms_[0], Binding::product);
  for (std::size_t t = 1; t < terms_.size(); ++t) {
    const std::string term = wrapped(*terms_[t], Binding::product);
    const bool negative = term.starts_with(minus);
    text += (negative ? " − " : " + ") + (negative ? term.substr(minus.size()) : term);
  }
  return text;
}
template <class T> Index Sum<T>::size() const { return size_of<T>(terms_); }
template <class T> double Sum<T>::flops() const {
  return flops_of<T>(terms_) + static_cast<double>(terms_.size() - 1) * static_cast<double>(this->rows());
}
template <class T> std::size_t Sum<T>::bytes() const { return bytes_of<T>(terms_); }

template <class T> T Sum<T>::entry(Index i, Index j) const {
  T sum = 0;
  for (const NodePtr<T> &term : terms_)
    sum += term->entry(i, j);
  return sum;
}
template <class T> T Sum<T>::trace() const {
  T sum = 0;
  for (const NodePtr<T> &term : terms_)
    sum += term->trace();
  return sum;
}
template <class T> Matrix<T> Sum<T>::diagonal() const {
  Matrix<T> sum = terms_[0]->diagonal();
  for (std::size_t t = 1; t < terms_.size(); ++t) {
    const Matrix<T> next = terms_[t]->diagonal();
    this->primitives().add(T(1), BatchView<T>(sum.view()), T(1), next.view(), sum.view());
  }
  return sum;
}
template <class T> CooMatrix<T> Sum<T>::coo() const {
  CooMatrix<T> result{this->rows(), this->cols(), {}, {}, {}};
  for (const NodePtr<T> &term : terms_)
    append(result, term->coo());
  return result;
}
template <class T> bool Sum<T>::draft(Draft<T> &draft) const {
  return std::all_of(terms_.begin(), terms_.end(), [&](const NodePtr<T> &term) { return term->draft(draft); });
}

template <class T> std::string Scaled<T>::text() const {
  if (scale_ == T(-1)) return "−" + wrapped(*a_, Binding::atom);
  return number(scale_) + "·" + wrapped(*a_, Binding::atom);
}
template <class T> Matrix<T> Scaled<T>::diagonal() const {
  Matrix<T> diagonal = a_->diagonal();
  this->primitives().scale(scale_, BatchView<T>(diagonal.view()), diagonal.view());
  return diagonal;
}
template <class T> CooMatrix<T> Scaled<T>::coo() const {
  CooMatrix<T> result = a_->coo();
  for (T &value : result.value)
    value *= scale_;
  return result;
}
template <class T> bool Scaled<T>::draft(Draft<T> &draft) const {
  const std::size_t first = draft.products.size();
  if (!a_->draft(draft)) return false;
  for (std::size_t p = first; p < draft.products.size(); ++p)
    draft.products[p].scale *= static_cast<double>(std::real(scale_));
  return true;
}

template <class T> DirectSum<T>::DirectSum(std::vector<NodePtr<T>> blocks, Device device)
    : Node<T>(stacked_shape<T>(blocks), device), blocks_(std::move(blocks)) {}

template <class T> Index DirectSum<T>::workspace(Index columns, bool adds) const {
  return workspace_of<T>(blocks_, columns, adds);
}

template <class T> void DirectSum<T>::apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const {
  Index row = 0, col = 0;
  for (const NodePtr<T> &block : blocks_) {
    block->apply(alpha, x.block(col, 0, block->cols(), x.cols()), beta, y.block(row, 0, block->rows(), y.cols()),
                 workspace);
    row += block->rows(), col += block->cols();
  }
}

template <class T> NodePtr<T> DirectSum<T>::transposed() const {
  return std::make_shared<DirectSum>(each_transposed<T>(blocks_), this->device());
}
template <class T> NodePtr<T> DirectSum<T>::conjugated() const {
  return std::make_shared<DirectSum>(each_conjugated<T>(blocks_), this->device());
}
template <class T> std::string DirectSum<T>::text() const {
  return blocks_.empty() ? "0[0×0]" : joined<T>(blocks_, " ⊕ ", Binding::atom);
}
template <class T> Index DirectSum<T>::size() const { return size_of<T>(blocks_); }
template <class T> double DirectSum<T>::flops() const { return flops_of<T>(blocks_); }
template <class T> std::size_t DirectSum<T>::bytes() const { return bytes_of<T>(blocks_); }

template <class T> T DirectSum<T>::entry(Index i, Index j) const {
  for (const NodePtr<T> &block : blocks_) {
    if (i < block->rows()) return j >= 0 && j < block->cols() ? block->entry(i, j) : T(0);
    i -= block->rows(), j -= block->cols();
  }
  return 0;
}
template <class T> bool DirectSum<T>::all_square() const {
  return std::all_of(blocks_.begin(), blocks_.end(), [](const NodePtr<T> &b) { return b->rows() == b->cols(); });
}
/// The blocks' diagonals, if these have one, one below the other.
template <class T> Matrix<T> DirectSum<T>::diagonal() const {
  if (!all_square()) return Node<T>::diagonal();
  auto all = Matrix<T>::uninitialized(this->rows(), 1, this->device());
  Index row = 0;
  for (const NodePtr<T> &block : blocks_) {
    const Matrix<T> part = block->diagonal();
    this->primitives().copy(part.view(), all.view().block(row, 0, part.rows(), 1));
    row += part.rows();
  }
  return all;
}
/// tr(A ⊕ B) = tr A + tr B (ledger K13).
template <class T> T DirectSum<T>::trace() const {
  if (!all_square()) return Node<T>::trace();
  T sum = 0;
  for (const NodePtr<T> &block : blocks_)
    sum += block->trace();
  return sum;
}
template <class T> double DirectSum<T>::squared_norm() const {
  double sum = 0;
  for (const NodePtr<T> &block : blocks_)
    sum += block->squared_norm();
  return sum;
}
template <class T> CooMatrix<T> DirectSum<T>::coo() const {
  CooMatrix<T> result{this->rows(), this->cols(), {}, {}, {}};
  Index row = 0, col = 0;
  for (const NodePtr<T> &block : blocks_) {
    append(result, block->coo(), T(1), row, col);
    row += block->rows(), col += block->cols();
  }
  return result;
}
template <class T> bool DirectSum<T>::draft(Draft<T> &draft) const {
  Index row = 0, col = 0;
  for (const NodePtr<T> &block : blocks_) {
    const std::size_t first = draft.products.size();
    if (block->rows() > 0 && block->cols() > 0 && !block->draft(draft)) return false;
    for (std::size_t p = first; p < draft.products.size(); ++p)
      draft.products[p].row.offset += row, draft.products[p].col.offset += col;
    row += block->rows(), col += block->cols();
  }
  return true;
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template class Composition<T>;                                                                                       \
  template class Sum<T>;                                                                                               \
  template class Scaled<T>;                                                                                            \
  template class DirectSum<T>;
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)
KRONVEC_INSTANTIATE(std::complex<float>)
KRONVEC_INSTANTIATE(std::complex<double>)

} // namespace kronvec::algebra

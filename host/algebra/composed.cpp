/// Products, sums, multiples and direct sums of operators.

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
    : Combined<T>({factors.front()->rows(), factors.back()->cols()}, common_device<T>(factors), std::move(factors)),
      widest_(0) {
  for (std::size_t f = 1; f < parts().size(); ++f)
    widest_ = std::max(widest_, parts()[f]->rows());
}

template <class T> void Composition<T>::extend(const std::vector<NodePtr<T>> &factors) {
  this->append(factors);
  for (const NodePtr<T> &factor : factors)
    widest_ = std::max(widest_, factor->rows());
  this->set_cols(factors.back()->cols());
}

template <class T> Index Composition<T>::workspace(Index columns, bool adds) const {
  return Shape{2, Shape{widest_, columns}.size()}.size() + this->workspace_of_parts(columns, adds);
}

template <class T> void Composition<T>::apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const {
  const auto half = static_cast<std::size_t>(widest_ * x.cols());
  T *result[] = {workspace.data(), workspace.data() + half};
  const std::span<T> rest = workspace.subspan(2 * half);
  In from = x;
  for (std::size_t f = parts().size() - 1; f > 0; --f) {
    const Out to(result[f % 2], parts()[f]->rows(), x.cols());
    parts()[f]->apply(T(1), from, T(0), to, rest);
    from = to;
  }
  parts()[0]->apply(alpha, from, beta, y, rest);
}

template <class T> NodePtr<T> Composition<T>::transposed() const {
  std::vector<NodePtr<T>> factors = this->transposed_parts();
  std::reverse(factors.begin(), factors.end());
  return std::make_shared<Composition>(std::move(factors));
}
template <class T> NodePtr<T> Composition<T>::conjugated() const {
  return std::make_shared<Composition>(this->conjugated_parts());
}
template <class T> NodePtr<T> Composition<T>::rounded() const {
  return std::make_shared<Composition>(this->rounded_parts());
}
template <class T> std::string Composition<T>::text() const { return this->joined("·"); }

/// Computes columns of the last factor and applies the other factors to them, a few MiB at a time. A window of few rows
/// is computed as columns of the transpose.
template <class T> void Composition<T>::window(Index i, Index j, Out out) const {
  if (out.shape().size() == 0) return;
  if (out.rows() < out.cols() && out.rows() < this->rows() / 8) {
    auto turned = Matrix<T>::uninitialized(out.cols(), out.rows(), this->device());
    transposed()->window(j, i, turned);
    return this->primitives().transpose(turned.view(), out);
  }
  constexpr Index few = 64, target = (8 << 20) / sizeof(T);
  const Node<T> &last = *parts().back();
  const Composition rest(std::vector<NodePtr<T>>(parts().begin(), parts().end() - 1));
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
  CooMatrix<T> result = parts().back()->coo();
  for (std::size_t f = parts().size() - 1; f-- > 0;)
    result = product(parts()[f]->coo(), result);
  return result;
}

template <class T> Sum<T>::Sum(std::vector<NodePtr<T>> terms)
    : Combined<T>(terms.front()->shape(), common_device<T>(terms), std::move(terms)) {}

template <class T> Index Sum<T>::workspace(Index columns, bool) const {
  return this->workspace_of_parts(columns, true);
}

template <class T> void Sum<T>::apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const {
  parts()[0]->apply(alpha, x, beta, y, workspace);
  for (std::size_t t = 1; t < parts().size(); ++t)
    parts()[t]->apply(alpha, x, T(1), y, workspace);
}

template <class T> NodePtr<T> Sum<T>::transposed() const { return std::make_shared<Sum>(this->transposed_parts()); }
template <class T> NodePtr<T> Sum<T>::conjugated() const { return std::make_shared<Sum>(this->conjugated_parts()); }
template <class T> NodePtr<T> Sum<T>::rounded() const { return std::make_shared<Sum>(this->rounded_parts()); }
/// "A + B − 2·C".
template <class T> std::string Sum<T>::text() const {
  const std::string minus = "−";
  std::string text = wrapped(*parts()[0], OperatorPrecedence::product);
  for (std::size_t t = 1; t < parts().size(); ++t) {
    const std::string term = wrapped(*parts()[t], OperatorPrecedence::product);
    const bool negative = term.starts_with(minus);
    text += (negative ? " − " : " + ") + (negative ? term.substr(minus.size()) : term);
  }
  return text;
}
template <class T> double Sum<T>::flops() const {
  return Combined<T>::flops() + static_cast<double>(parts().size() - 1) * static_cast<double>(this->rows());
}

template <class T> T Sum<T>::entry(Index i, Index j) const {
  return this->sum_over(T(0), [&](const Node<T> &term) { return term.entry(i, j); });
}
template <class T> T Sum<T>::trace() const {
  return this->sum_over(T(0), [](const Node<T> &part) { return part.trace(); });
}
template <class T> Matrix<T> Sum<T>::diagonal() const {
  Matrix<T> sum = parts()[0]->diagonal();
  for (std::size_t t = 1; t < parts().size(); ++t) {
    const Matrix<T> next = parts()[t]->diagonal();
    this->primitives().add(T(1), BatchView<T>(sum.view()), T(1), next.view(), sum.view());
  }
  return sum;
}
template <class T> CooMatrix<T> Sum<T>::coo() const {
  CooMatrix<T> result{this->rows(), this->cols(), {}, {}, {}};
  for (const NodePtr<T> &term : parts())
    append(result, term->coo());
  return result;
}
template <class T> bool Sum<T>::draft(Draft<T> &draft) const {
  return std::all_of(parts().begin(), parts().end(), [&](const NodePtr<T> &term) { return term->draft(draft); });
}

template <class T> std::string Scaled<T>::text() const {
  if (scale_ == T(-1)) return "−" + wrapped(*a_, OperatorPrecedence::atom);
  return number(scale_) + "·" + wrapped(*a_, OperatorPrecedence::atom);
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
    : Combined<T>(stacked_shape<T>(blocks), device, std::move(blocks)) {}

template <class T> Index DirectSum<T>::workspace(Index columns, bool adds) const {
  return this->workspace_of_parts(columns, adds);
}

template <class T> void DirectSum<T>::apply(T alpha, In x, T beta, Out y, std::span<T> workspace) const {
  Index row = 0, col = 0;
  for (const NodePtr<T> &block : parts()) {
    block->apply(alpha, x.block(col, 0, block->cols(), x.cols()), beta, y.block(row, 0, block->rows(), y.cols()),
                 workspace);
    row += block->rows(), col += block->cols();
  }
}

template <class T> NodePtr<T> DirectSum<T>::transposed() const {
  return std::make_shared<DirectSum>(this->transposed_parts(), this->device());
}
template <class T> NodePtr<T> DirectSum<T>::conjugated() const {
  return std::make_shared<DirectSum>(this->conjugated_parts(), this->device());
}
template <class T> NodePtr<T> DirectSum<T>::rounded() const {
  return std::make_shared<DirectSum>(this->rounded_parts(), this->device());
}
template <class T> std::string DirectSum<T>::text() const { return parts().empty() ? "0[0×0]" : this->joined(" ⊕ "); }

template <class T> T DirectSum<T>::entry(Index i, Index j) const {
  for (const NodePtr<T> &block : parts()) {
    if (i < block->rows()) return j >= 0 && j < block->cols() ? block->entry(i, j) : T(0);
    i -= block->rows(), j -= block->cols();
  }
  return 0;
}
/// The diagonals of the blocks, one below the other, if all blocks are square.
template <class T> Matrix<T> DirectSum<T>::diagonal() const {
  if (!this->all_square()) return Node<T>::diagonal();
  auto all = Matrix<T>::uninitialized(this->rows(), 1, this->device());
  Index row = 0;
  for (const NodePtr<T> &block : parts()) {
    const Matrix<T> part = block->diagonal();
    this->primitives().copy(part.view(), all.view().block(row, 0, part.rows(), 1));
    row += part.rows();
  }
  return all;
}
/// tr(A ⊕ B) = tr A + tr B (ledger K13).
template <class T> T DirectSum<T>::trace() const {
  if (!this->all_square()) return Node<T>::trace();
  return this->sum_over(T(0), [](const Node<T> &block) { return block.trace(); });
}
template <class T> double DirectSum<T>::squared_norm() const {
  return this->sum_over(0.0, [](const Node<T> &part) { return part.squared_norm(); });
}
template <class T> CooMatrix<T> DirectSum<T>::coo() const {
  CooMatrix<T> result{this->rows(), this->cols(), {}, {}, {}};
  Index row = 0, col = 0;
  for (const NodePtr<T> &block : parts()) {
    append(result, block->coo(), T(1), row, col);
    row += block->rows(), col += block->cols();
  }
  return result;
}
template <class T> bool DirectSum<T>::draft(Draft<T> &draft) const {
  Index row = 0, col = 0;
  for (const NodePtr<T> &block : parts()) {
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

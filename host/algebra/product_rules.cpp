/// Rules for products of operators.

#include "algebra/rules.hpp"

#include "algebra/composed.hpp"
#include "algebra/dense.hpp"
#include "algebra/kronecker.hpp"
#include "algebra/structured.hpp"

#include <algorithm>

namespace kronvec::algebra {
namespace {

template <class T> NodePtr<T> identity_times(const NodePtr<T> &a, const NodePtr<T> &b) {
  return as<Identity<T>>(a) ? b : as<Identity<T>>(b) ? a : nullptr;
}

template <class T> NodePtr<T> zero_times(const NodePtr<T> &a, const NodePtr<T> &b) {
  if (!as<Zero<T>>(a) && !as<Zero<T>>(b)) return nullptr;
  return std::make_shared<Zero<T>>(Shape{a->rows(), b->cols()}, a->device());
}

template <class T> NodePtr<T> scaled_times(const NodePtr<T> &a, const NodePtr<T> &b) {
  const auto *u = as<Scaled<T>>(a), *v = as<Scaled<T>>(b);
  if (!u && !v) return nullptr;
  return multiple<T>((u ? u->scale() : T(1)) * (v ? v->scale() : T(1)), product<T>(u ? u->a() : a, v ? v->a() : b));
}

template <class T> NodePtr<T> commutations(const NodePtr<T> &a, const NodePtr<T> &b) {
  const auto *u = as<Commutation<T>>(a), *v = as<Commutation<T>>(b);
  if (!u || !v || u->m() != v->n() || u->n() != v->m()) return nullptr;
  return std::make_shared<Identity<T>>(a->rows(), a->device());
}

template <class T> NodePtr<T> diagonals(const NodePtr<T> &a, const NodePtr<T> &b) {
  const auto *u = as<Diagonal<T>>(a), *v = as<Diagonal<T>>(b);
  if (!u || !v) return nullptr;
  auto d = Matrix<T>::uninitialized(a->rows(), 1, a->device());
  a->primitives().hadamard(u->entries().view(), v->entries().view(), d.view());
  return std::make_shared<Diagonal<T>>(std::make_shared<const Matrix<T>>(std::move(d)), u->name() + "⊙" + v->name());
}

/// Whether each factor of a can be multiplied by the corresponding factor of b.
template <class T> bool conformal(const std::vector<NodePtr<T>> &a, const std::vector<NodePtr<T>> &b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const NodePtr<T> &u, const NodePtr<T> &v) { return u->cols() == v->rows(); });
}

template <class T> Operators<T> products(const std::vector<NodePtr<T>> &a, const std::vector<NodePtr<T>> &b) {
  Operators<T> result;
  for (std::size_t f = 0; f < a.size(); ++f)
    result.push_back(Operator<T>(product<T>(a[f], b[f])));
  return result;
}

template <class T> NodePtr<T> mixed_product(const NodePtr<T> &a, const NodePtr<T> &b) {
  const auto *u = as<Kronecker<T>>(a), *v = as<Kronecker<T>>(b);
  if (!u || !v || !conformal<T>(u->parts(), v->parts())) return nullptr;
  return kronvec::kron(products<T>(u->parts(), v->parts())).node();
}

template <class T> NodePtr<T> direct_sums(const NodePtr<T> &a, const NodePtr<T> &b) {
  const auto *u = as<DirectSum<T>>(a), *v = as<DirectSum<T>>(b);
  if (!u || !v || !conformal<T>(u->parts(), v->parts())) return nullptr;
  return kronvec::direct_sum(products<T>(u->parts(), v->parts())).node();
}

/// K[p,m](A ⊗ B)K[n,q] = B ⊗ A. Here a is K[p,m], and b is the product of A ⊗ B and K[n,q].
template <class T> NodePtr<T> commuted_factors(const NodePtr<T> &a, const NodePtr<T> &b) {
  const auto *k = as<Commutation<T>>(a);
  const auto *rest = as<Composition<T>>(b);
  if (!k || !rest || rest->parts().size() != 2) return nullptr;
  const auto *kronecker = as<Kronecker<T>>(rest->parts()[0]);
  const auto *right = as<Commutation<T>>(rest->parts()[1]);
  if (!kronecker || !right) return nullptr;
  const auto &factors = kronecker->parts();
  Index rows = 1, cols = 1;
  for (std::size_t split = 0; split <= factors.size(); ++split) {
    if (rows == k->n() && cols == right->m() && a->rows() == k->m() * rows && right->m() * right->n() == b->cols() &&
        kronecker->rows() == rows * k->m() && kronecker->cols() == cols * right->n()) {
      std::vector<NodePtr<T>> turned(factors.begin() + static_cast<std::ptrdiff_t>(split), factors.end());
      turned.insert(turned.end(), factors.begin(), factors.begin() + static_cast<std::ptrdiff_t>(split));
      return kronvec::kron(operators_of<T>(turned)).node();
    }
    if (split < factors.size()) rows *= factors[split]->rows(), cols *= factors[split]->cols();
  }
  return nullptr;
}

/// K·D = D, N·D = D, and their transposes; N·N = N, K·N = N.
template <class T> NodePtr<T> absorbed(const NodePtr<T> &a, const NodePtr<T> &b) {
  using Kind = typename Triangular<T>::Kind;
  const auto *left = as<Triangular<T>>(a), *right = as<Triangular<T>>(b);
  const Index size_a = symmetric_size<T>(a), size_b = symmetric_size<T>(b);
  if (size_a >= 0 && right && right->kind() != Kind::elimination && right->is_transposed()) return b;
  if (size_b >= 0 && left && left->kind() != Kind::elimination && !left->is_transposed()) return a;
  if (size_a < 0 || size_b < 0) return nullptr;
  return as<Symmetrizer<T>>(a) ? a : as<Symmetrizer<T>>(b) ? b : nullptr;
}

/// L·D = D⁺·D = L·Lᵀ = I.
template <class T> NodePtr<T> triangle_identity(const NodePtr<T> &a, const NodePtr<T> &b) {
  using Kind = typename Triangular<T>::Kind;
  const auto *u = as<Triangular<T>>(a), *v = as<Triangular<T>>(b);
  if (!u || !v || u->is_transposed() || !v->is_transposed() || !(u->triangle() == v->triangle())) return nullptr;
  const auto is = [&](Kind left, Kind right) { return u->kind() == left && v->kind() == right; };
  const bool inverse = is(Kind::elimination, Kind::duplication_transpose) ||
                       is(Kind::pseudoinverse, Kind::duplication_transpose) ||
                       is(Kind::duplication_transpose, Kind::pseudoinverse) ||
                       is(Kind::duplication_transpose, Kind::elimination) || is(Kind::elimination, Kind::elimination);
  return inverse ? std::make_shared<Identity<T>>(a->rows(), a->device()) : nullptr;
}

/// D·D⁺ = N.
template <class T> NodePtr<T> triangle_projection(const NodePtr<T> &a, const NodePtr<T> &b) {
  using Kind = typename Triangular<T>::Kind;
  const auto *u = as<Triangular<T>>(a), *v = as<Triangular<T>>(b);
  if (!u || !v || !u->is_transposed() || v->is_transposed() || !(u->triangle() == v->triangle())) return nullptr;
  const bool pair = (u->kind() == Kind::duplication_transpose && v->kind() == Kind::pseudoinverse) ||
                    (u->kind() == Kind::pseudoinverse && v->kind() == Kind::duplication_transpose);
  return pair && u->triangle().diagonal ? std::make_shared<Symmetrizer<T>>(u->n(), a->device()) : nullptr;
}

/// L·N = D⁺ and N·Lᵀ = (D⁺)ᵀ.
template <class T> NodePtr<T> symmetrized_triangle(const NodePtr<T> &a, const NodePtr<T> &b) {
  using Kind = typename Triangular<T>::Kind;
  const bool left = as<Triangular<T>>(a) && as<Symmetrizer<T>>(b);
  const auto *t = left ? as<Triangular<T>>(a) : as<Symmetrizer<T>>(a) ? as<Triangular<T>>(b) : nullptr;
  if (!t || t->kind() != Kind::elimination || t->is_transposed() == left) return nullptr;
  return std::make_shared<Triangular<T>>(Kind::pseudoinverse, t->n(), t->triangle(), t->is_transposed(), a->device());
}

/// The rows that a selection takes. A transposed permutation counts as its inverse; other transposes give nothing.
template <class T> std::optional<std::vector<Index>> taken_rows(const Selection<T> &s) {
  if (!s.is_transposed()) return s.index();
  if (!s.permutes()) return std::nullopt;
  std::vector<Index> inverse(s.index().size());
  for (std::size_t i = 0; i < inverse.size(); ++i)
    inverse[static_cast<std::size_t>(s.index()[i])] = static_cast<Index>(i);
  return inverse;
}

template <class T> NodePtr<T> selections(const NodePtr<T> &a, const NodePtr<T> &b) {
  const auto *u = as<Selection<T>>(a), *v = as<Selection<T>>(b);
  if (!u || !v) return nullptr;
  const auto first = taken_rows(*v), then = taken_rows(*u);
  if (!first || !then) return nullptr;
  std::vector<Index> index;
  index.reserve(then->size());
  for (const Index i : *then)
    index.push_back((*first)[static_cast<std::size_t>(i)]);
  bool unmoved = static_cast<Index>(index.size()) == b->cols();
  for (std::size_t i = 0; unmoved && i < index.size(); ++i)
    unmoved = index[i] == static_cast<Index>(i);
  if (unmoved) return std::make_shared<Identity<T>>(a->rows(), a->device());
  return std::make_shared<Selection<T>>(std::move(index), b->cols(), u->permutes() && v->permutes(), a->device());
}

/// A·B, if applying the product takes less work than applying both factors.
template <class T> NodePtr<T> matrices_multiplied(const NodePtr<T> &a, const NodePtr<T> &b) {
  if (!as<Dense<T>>(a) || !as<Dense<T>>(b)) return nullptr;
  const auto flops = [](const NodePtr<T> &u, const NodePtr<T> &v) {
    return static_cast<double>(u->rows()) * static_cast<double>(v->cols());
  };
  if (flops(a, b) >= flops(a, a) + flops(b, b)) return nullptr;
  auto right = Matrix<T>::uninitialized(b->rows(), b->cols(), b->device());
  b->window(0, 0, right);
  auto result = Matrix<T>::uninitialized(a->rows(), b->cols(), a->device());
  algebra::apply<T>(*a, T(1), right.view(), T(0), result.view());
  return std::make_shared<Dense<T>>(std::move(result), computed(*a, "·", *b));
}

/// Diag(d)·A and A·Diag(d): multiplies the rows or columns of A by dᵢ.
template <class T> NodePtr<T> matrix_scaled(const NodePtr<T> &a, const NodePtr<T> &b) {
  const auto *left = as<Diagonal<T>>(a), *right = as<Diagonal<T>>(b);
  const NodePtr<T> &matrix = left ? b : a;
  if ((!left && !right) || !as<Dense<T>>(matrix)) return nullptr;
  auto result = Matrix<T>::uninitialized(matrix->rows(), matrix->cols(), a->device());
  matrix->window(0, 0, result);
  const T *d = (left ? left : right)->entries().data();
  const auto spread = left ? BatchView<const T>(d, a->rows(), 1, a->rows(), 1, 0)
                           : BatchView<const T>(d, 1, b->cols(), 1, 1, 0); // the entries of a column, read as a row
  a->primitives().hadamard(spread, result.view(), result.view());
  return std::make_shared<Dense<T>>(std::move(result), computed(*a, "·", *b));
}

} // namespace

template <class T> std::span<const Rule<T>> product_rules() {
  static constexpr Rule<T> rules[] = {
      {"0·A = 0", "", zero_times<T>},
      {"I·A = A·I = A", "", identity_times<T>},
      {"(αA)·B = A·(αB) = α(A·B)", "D1", scaled_times<T>},
      {"K[m,n]·K[n,m] = I", "K6", commutations<T>},
      {"K[p,m]·(A ⊗ B)·K[n,q] = B ⊗ A", "K7", commuted_factors<T>},
      {"Diag(a)·Diag(b) = Diag(a⊙b)", "V4", diagonals<T>},
      {"L·D = D⁺·D = L·Lᵀ = I", "", triangle_identity<T>},
      {"D·D⁺ = N", "", triangle_projection<T>},
      {"L·N = D⁺", "", symmetrized_triangle<T>},
      {"N·D = K·D = D, N·N = K·N = N", "", absorbed<T>},
      {"selections one after the other are one", "", selections<T>},
      {"two matrices, multiplied once", "", matrices_multiplied<T>},
      {"a diagonal and a matrix, multiplied once", "", matrix_scaled<T>},
      {"(A ⊗ B)·(C ⊗ D) = A·C ⊗ B·D", "K3", mixed_product<T>, true},
      {"(A ⊕ C)·(B ⊕ D) = A·B ⊕ C·D", "K10", direct_sums<T>},
  };
  return rules;
}

template std::span<const Rule<float>> product_rules();
template std::span<const Rule<double>> product_rules();
template std::span<const Rule<std::complex<float>>> product_rules();
template std::span<const Rule<std::complex<double>>> product_rules();

} // namespace kronvec::algebra

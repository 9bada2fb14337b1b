/// The public functions that make operators and combine them.

#include "algebra/composed.hpp"
#include "algebra/dense.hpp"
#include "algebra/khatri_rao.hpp"
#include "algebra/kronecker.hpp"
#include "algebra/structured.hpp"
#include "algebra/tf32.hpp"
#include "algebra/user_function.hpp"

namespace kronvec::inline KRONVEC_ABI {

using namespace algebra;

namespace {

/// The parts of a node of kind `Kind` (a product, a sum, …), or the node itself if it is of another kind.
template <class Kind, class T> std::vector<NodePtr<T>> parts_of(const NodePtr<T> &node) {
  const auto *kind = dynamic_cast<const Kind *>(node.get());
  return kind ? kind->parts() : std::vector{node};
}
template <class Kind, class T> void append_parts(std::vector<NodePtr<T>> &parts, const NodePtr<T> &node) {
  const auto more = parts_of<Kind, T>(node);
  parts.insert(parts.end(), more.begin(), more.end());
}

/// The product or the sum of two operators, as one list.
template <class Kind, class T> Operator<T> joined(const Operator<T> &a, const Operator<T> &b) {
  std::vector<NodePtr<T>> parts = parts_of<Kind, T>(a.node());
  append_parts<Kind>(parts, b.node());
  return Operator<T>(std::make_shared<Kind>(std::move(parts)));
}
template <class Kind, class T> Operator<T> extended(Operator<T> &&a, const Operator<T> &b) {
  const auto *kind = dynamic_cast<const Kind *>(a.node().get());
  if (!kind || a.node().use_count() > 1) return joined<Kind, T>(a, b);
  const_cast<Kind *>(kind)->extend(parts_of<Kind, T>(b.node())); // nobody else can see that it changes
  return std::move(a);
}

template <class T> void require_product(const Operator<T> &a, const Operator<T> &b) {
  if (a.cols() != b.rows())
    throw ShapeError("shapes do not agree: " + to_string(a.shape()) + " * " + to_string(b.shape()) + " in " +
                     a.to_string() + " times " + b.to_string());
}
template <class T> void require_sum(const Operator<T> &a, const Operator<T> &b) {
  if (a.shape() != b.shape())
    throw ShapeError("shapes do not agree: " + to_string(a.shape()) + " + " + to_string(b.shape()) + " in " +
                     a.to_string() + " plus " + b.to_string());
}

} // namespace

template <class T> Operator<T> identity(Index n, Device device) {
  return Operator<T>(std::make_shared<Identity<T>>(n, device));
}
template <class T> Operator<T> zero(Index rows, Index cols, Device device) {
  return Operator<T>(std::make_shared<Zero<T>>(Shape{rows, cols}, device));
}
template <class T> Operator<T> commutation(Index m, Index n, Device device) {
  return Operator<T>(std::make_shared<Commutation<T>>(m, n, device));
}
template <class T> Operator<T> duplication(Index n, Triangle triangle, Device device) {
  using Kind = typename Triangular<T>::Kind;
  return Operator<T>(std::make_shared<Triangular<T>>(Kind::duplication_transpose, n, triangle, true, device));
}
template <class T> Operator<T> duplication_pseudoinverse(Index n, Triangle triangle, Device device) {
  using Kind = typename Triangular<T>::Kind;
  return Operator<T>(std::make_shared<Triangular<T>>(Kind::pseudoinverse, n, triangle, false, device));
}
template <class T> Operator<T> elimination(Index n, Triangle triangle, Device device) {
  using Kind = typename Triangular<T>::Kind;
  return Operator<T>(std::make_shared<Triangular<T>>(Kind::elimination, n, triangle, false, device));
}
template <class T> Operator<T> symmetrizer(Index n, Device device) {
  return Operator<T>(std::make_shared<Symmetrizer<T>>(n, device));
}
template <class T> Operator<T> selection(std::vector<Index> index, Index cols, Device device) {
  for (std::size_t i = 0; i < index.size(); ++i)
    if (index[i] < 0 || index[i] >= cols)
      throw ShapeError("a selection's index " + std::to_string(i) + " is " + std::to_string(index[i]) +
                       ", outside of " + std::to_string(cols) + " rows");
  return Operator<T>(std::make_shared<Selection<T>>(std::move(index), cols, false, device));
}
template <class T> Operator<T> permutation(std::vector<Index> index, Device device) {
  const auto n = static_cast<Index>(index.size());
  std::vector<bool> seen(index.size());
  for (const Index i : index) {
    if (i < 0 || i >= n || seen[static_cast<std::size_t>(i)])
      throw ShapeError("a permutation of " + std::to_string(n) + " rows holds " + std::to_string(i) +
                       (i < 0 || i >= n ? ", which is none of them" : " twice"));
    seen[static_cast<std::size_t>(i)] = true;
  }
  return Operator<T>(std::make_shared<Selection<T>>(std::move(index), n, true, device));
}

template <class T> Operator<T> diag(Matrix<T> d, std::string name) {
  name = name_or_shape(std::move(name), d.shape());
  const Index n = d.shape().size();
  Matrix<T> column = std::move(d);
  if (column.cols() != 1) { // vec d
    const Matrix<T> entries = std::exchange(column, Matrix<T>::uninitialized(n, 1, column.device()));
    column.device().backend().primitives(T{}).copy(MatrixView<const T>(entries.data(), n, 1), column.view());
  }
  return Operator<T>(
      std::make_shared<Diagonal<T>>(std::make_shared<const Matrix<T>>(std::move(column)), std::move(name)));
}

namespace {

template <class T> Operator<T> make_khatri_rao(Matrix<T> a, Matrix<T> b, const std::string &name_a,
                                               const std::string &name_b, bool transposed) {
  if (a.cols() != b.cols())
    throw ShapeError("a Khatri–Rao product needs as many columns on both sides: " + to_string(a.shape()) + " ∗ " +
                     to_string(b.shape()));
  if (!(a.device() == b.device())) throw DeviceError("A lies on " + a.device().name() + ", B on " + b.device().name());
  const Shape shape_a = a.shape(), shape_b = b.shape();
  return Operator<T>(std::make_shared<KhatriRao<T>>(
      std::make_shared<const Matrix<T>>(std::move(a)), std::make_shared<const Matrix<T>>(std::move(b)),
      name_or_shape(name_a, shape_a), name_or_shape(name_b, shape_b), transposed));
}

template <class T> Matrix<T> transposed_of(const Matrix<T> &a) {
  auto turned = Matrix<T>::uninitialized(a.cols(), a.rows(), a.device());
  a.device().backend().primitives(T{}).transpose(a.view(), turned.view());
  return turned;
}

} // namespace

template <class T> Operator<T> khatri_rao(Matrix<T> a, Matrix<T> b, std::string name_a, std::string name_b) {
  return make_khatri_rao<T>(std::move(a), std::move(b), name_a, name_b, false);
}
template <class T> Operator<T> face_splitting(Matrix<T> a, Matrix<T> b, std::string name_a, std::string name_b) {
  if (a.rows() != b.rows())
    throw ShapeError("a face-splitting product needs as many rows on both sides: " + to_string(a.shape()) + " and " +
                     to_string(b.shape()));
  const auto turned = [](const std::string &name) { return name.empty() ? name : name + "ᵀ"; };
  return make_khatri_rao<T>(transposed_of(a), transposed_of(b), turned(name_a), turned(name_b), true);
}
template <class T>
Operator<T> user_operator(Index rows, Index cols, Functions<T> functions, std::string name, Device device) {
  return Operator<T>(
      std::make_shared<UserFunction<T>>(Shape{rows, cols}, std::move(functions), std::move(name), device));
}

template <class T> Operator<T> kron(const Operators<T> &factors) {
  if (factors.empty()) return identity<T>(1);
  T scale = 1;
  std::vector<NodePtr<T>> parts;
  for (const Operator<T> &f : factors) {
    const auto *scaled = dynamic_cast<const Scaled<T> *>(f.node().get()); // (αA) ⊗ B = α(A ⊗ B)
    if (scaled) scale *= scaled->scale();
    append_parts<Kronecker<T>>(parts, scaled ? scaled->a() : f.node());
  }
  const Device device = common_device<T>(parts);
  NodePtr<T> product = parts[0];
  if (parts.size() > 1) product = std::make_shared<Kronecker<T>>(std::move(parts), device);
  return scale == T(1) ? Operator<T>(product) : scale * Operator<T>(product);
}
template <class T> Operator<T> kron_power(const Operator<T> &a, int n) {
  if (n < 0) throw ShapeError("a Kronecker power of " + std::to_string(n) + " factors");
  return kron(Operators<T>(static_cast<std::size_t>(n), a));
}
template <class T> Operator<T> kron_sum(const Operators<T> &terms) {
  if (terms.empty()) throw ShapeError("a Kronecker sum of no operators");
  Operators<T> sum;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    require_square(*terms[t].node(), "a Kronecker sum");
    Operators<T> factors;
    for (std::size_t f = 0; f < terms.size(); ++f)
      factors.push_back(f == t ? terms[t] : identity<T>(terms[f].rows(), terms[t].device()));
    sum.push_back(kron(factors));
  }
  Operator<T> total = sum[0];
  for (std::size_t t = 1; t < sum.size(); ++t)
    total = plus(std::move(total), sum[t]);
  return total;
}
template <class T> Operator<T> direct_sum(const Operators<T> &blocks) {
  std::vector<NodePtr<T>> parts;
  for (const Operator<T> &block : blocks)
    append_parts<DirectSum<T>>(parts, block.node());
  const Device device = common_device<T>(parts);
  if (parts.size() == 1) return Operator<T>(parts[0]);
  return Operator<T>(std::make_shared<DirectSum<T>>(std::move(parts), device));
}
template <class T> Operator<T> operator*(const Operator<T> &a, const Operator<T> &b) {
  require_product(a, b);
  return joined<Composition<T>, T>(a, b);
}
template <class T> Operator<T> operator*(std::type_identity_t<T> alpha, const Operator<T> &a) {
  if (const auto *scaled = dynamic_cast<const Scaled<T> *>(a.node().get()))
    return Operator<T>(std::make_shared<Scaled<T>>(alpha * scaled->scale(), scaled->a()));
  return Operator<T>(std::make_shared<Scaled<T>>(alpha, a.node()));
}
template <class T> Operator<T> operator+(const Operator<T> &a, const Operator<T> &b) {
  require_sum(a, b);
  return joined<Sum<T>, T>(a, b);
}

Operator<float> tf32(const Operator<float> &a) {
  const bool already = dynamic_cast<const Tf32 *>(a.node().get()) != nullptr;
  return already ? a : Operator<float>(std::make_shared<Tf32>(a.node()));
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template Operator<T> identity(Index, Device);                                                                        \
  template Operator<T> zero(Index, Index, Device);                                                                     \
  template Operator<T> commutation(Index, Index, Device);                                                              \
  template Operator<T> duplication(Index, Triangle, Device);                                                           \
  template Operator<T> duplication_pseudoinverse(Index, Triangle, Device);                                             \
  template Operator<T> elimination(Index, Triangle, Device);                                                           \
  template Operator<T> symmetrizer(Index, Device);                                                                     \
  template Operator<T> selection(std::vector<Index>, Index, Device);                                                   \
  template Operator<T> permutation(std::vector<Index>, Device);                                                        \
  template Operator<T> diag(Matrix<T>, std::string);                                                                   \
  template Operator<T> khatri_rao(Matrix<T>, Matrix<T>, std::string, std::string);                                     \
  template Operator<T> face_splitting(Matrix<T>, Matrix<T>, std::string, std::string);                                 \
  template Operator<T> user_operator(Index, Index, Functions<T>, std::string, Device);                                 \
  template Operator<T> kron(const Operators<T> &);                                                                     \
  template Operator<T> kron_power(const Operator<T> &, int);                                                           \
  template Operator<T> kron_sum(const Operators<T> &);                                                                 \
  template Operator<T> direct_sum(const Operators<T> &);                                                               \
  template Operator<T> operator*(const Operator<T> &, const Operator<T> &);                                            \
  template Operator<T> operator*(std::type_identity_t<T>, const Operator<T> &);                                        \
  template Operator<T> operator+(const Operator<T> &, const Operator<T> &);
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)
KRONVEC_INSTANTIATE(std::complex<float>)
KRONVEC_INSTANTIATE(std::complex<double>)

} // namespace kronvec

namespace kronvec::algebra {

template <class T> Operator<T> times(Operator<T> &&a, const Operator<T> &b) {
  require_product(a, b);
  return extended<Composition<T>, T>(std::move(a), b);
}
template <class T> Operator<T> plus(Operator<T> &&a, const Operator<T> &b) {
  require_sum(a, b);
  return extended<Sum<T>, T>(std::move(a), b);
}

#define KRONVEC_INSTANTIATE_IN_PLACE(T)                                                                                \
  template Operator<T> times(Operator<T> &&, const Operator<T> &);                                                     \
  template Operator<T> plus(Operator<T> &&, const Operator<T> &);
KRONVEC_INSTANTIATE_IN_PLACE(float)
KRONVEC_INSTANTIATE_IN_PLACE(double)
KRONVEC_INSTANTIATE_IN_PLACE(std::complex<float>)
KRONVEC_INSTANTIATE_IN_PLACE(std::complex<double>)

} // namespace kronvec::algebra

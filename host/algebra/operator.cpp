/// The public functions of operators: check their arguments, then call the node.

#include "algebra/dense.hpp"
#include "core/free_memory.hpp"
#include "devices/operands.hpp"

#include <cmath>

namespace kronvec::inline KRONVEC_ABI {

using namespace algebra;

namespace {

template <class T> ShapeError unfit(const Node<T> &node, const std::string &takes, const std::string &given) {
  return ShapeError(node.text() + " is " + to_string(node.shape()) + ": it takes " + takes + ", not " + given);
}

/// Throws ShapeError, DeviceError or Error for operands that the operator cannot accept.
template <class T> void require_operands(const Node<T> &node, MatrixView<const T> x, MatrixView<T> y) {
  if (x.rows() != node.cols() || y.shape() != Shape{node.rows(), x.cols()})
    throw unfit(
        node, "X of " + to_string(Shape{node.cols(), x.cols()}) + " to Y of " + to_string(Shape{node.rows(), x.cols()}),
        to_string(x.shape()) + " to " + to_string(y.shape()));
  require_on(node.device().backend(), "X", x), require_on(node.device().backend(), "Y", y);
  require_apart<T>("X", x, y);
}

template <class T> void require_inside(const Node<T> &node, Index i, Index j, Shape window) {
  if (i < 0 || j < 0 || window.rows < 0 || window.cols < 0 || i > node.rows() - window.rows ||
      j > node.cols() - window.cols)
    throw ShapeError("a window of " + to_string(window) + " at (" + std::to_string(i) + ", " + std::to_string(j) +
                     ") leaves " + node.text() + ", which is " + to_string(node.shape()));
}

template <class T> void require_room(const Node<T> &node, Shape shape) {
  const double bytes = static_cast<double>(shape.rows) * static_cast<double>(shape.cols) * sizeof(T);
  const auto free = static_cast<double>(node.device().bytes_free());
  if (bytes > free) throw out_of_memory(node.text() + " as a dense matrix of " + to_string(shape), bytes, free);
}

} // namespace

template <class T> Operator<T>::Operator(Matrix<T> matrix, std::string name) {
  name = name_or_shape(std::move(name), matrix.shape());
  node_ = std::make_shared<Dense<T>>(std::move(matrix), std::move(name));
}
template <class T> Shape Operator<T>::shape() const { return node_->shape(); }
template <class T> Device Operator<T>::device() const { return node_->device(); }

template <class T> void Operator<T>::apply(T alpha, MatrixView<const T> x, T beta, MatrixView<T> y) const {
  require_operands(*node_, x, y);
  if (alpha == T(0)) return node_->primitives().combine(alpha, x, beta, y);
  algebra::apply<T>(*node_, alpha, x, beta, y);
}
template <class T> Matrix<T> Operator<T>::apply(MatrixView<const T> x) const {
  if (x.rows() != cols()) // said before Y is allocated, which may be huge
    throw unfit(*node_, "X of " + kronvec::to_string(Shape{cols(), x.cols()}), kronvec::to_string(x.shape()));
  auto y = Matrix<T>::uninitialized(rows(), x.cols(), device());
  apply(x, y);
  return y;
}
template <class T>
void Operator<T>::apply(T alpha, MatrixView<const T> x, T beta, MatrixView<T> y, MatrixView<T> workspace) const {
  require_operands(*node_, x, y);
  const Index needed = node_->workspace(x.cols(), beta != T(0));
  if (!workspace.packed() || workspace.shape().size() < needed)
    throw ShapeError("a workspace of " + kronvec::to_string(workspace.shape()) + " is not " + std::to_string(needed) +
                     " entries in one run, which " + node_->text() + " needs");
  require_on(device().backend(), "the workspace", workspace);
  if (overlap<T>(workspace, x) || overlap<T>(workspace, y))
    throw Error(std::string("the workspace shares memory with ") + (overlap<T>(workspace, x) ? "X" : "Y"));
  if (alpha == T(0)) return node_->primitives().combine(alpha, x, beta, y);
  node_->apply(alpha, x, beta, y, {workspace.data(), static_cast<std::size_t>(workspace.shape().size())});
}
template <class T> Index Operator<T>::workspace(Index columns) const {
  (void)Shape{cols(), columns}.size(); // throws for an invalid number of columns
  return node_->workspace(columns, true);
}

template <class T> Operator<T> Operator<T>::transpose() const { return Operator(node_->transposed()); }
template <class T> Operator<T> Operator<T>::adjoint() const { return Operator(node_->conjugated()->transposed()); }

template <class T> T Operator<T>::entry(Index i, Index j) const {
  require_inside(*node_, i, j, {1, 1});
  return node_->entry(i, j);
}
template <class T> Matrix<T> Operator<T>::block(Index i, Index j, Index rows, Index cols) const {
  require_inside(*node_, i, j, {rows, cols});
  require_room(*node_, {rows, cols});
  auto out = Matrix<T>::uninitialized(rows, cols, device());
  node_->window(i, j, out);
  return out;
}
template <class T> Matrix<T> Operator<T>::row(Index i) const {
  require_inside(*node_, i, 0, {1, cols()});
  const Operator turned = transpose();
  const Matrix<T> column = turned.column(i);
  auto out = Matrix<T>::uninitialized(1, cols(), device());
  device().backend().primitives(T{}).copy(MatrixView<const T>(column.data(), 1, cols()), out.view());
  return out;
}
template <class T> Matrix<T> Operator<T>::column(Index j) const { return block(0, j, rows(), 1); }
template <class T> Matrix<T> Operator<T>::diagonal() const {
  require_square(*node_, "a diagonal");
  return node_->diagonal();
}
template <class T> T Operator<T>::trace() const {
  require_square(*node_, "a trace");
  return node_->trace();
}
template <class T> double Operator<T>::norm() const { return std::sqrt(node_->squared_norm()); }

template <class T> void Operator<T>::to_dense(MatrixView<T> out) const {
  require_shape("the matrix for the dense form", out.shape(), shape());
  require_on(device().backend(), "the matrix for the dense form", out);
  node_->window(0, 0, out);
}
template <class T> Matrix<T> Operator<T>::to_dense() const {
  require_room(*node_, shape());
  auto out = Matrix<T>::uninitialized(rows(), cols(), device());
  node_->window(0, 0, out);
  return out;
}
template <class T> CsrMatrix<T> Operator<T>::to_sparse() const { return compressed(node_->coo()); }
template <class T> std::size_t Operator<T>::bytes() const { return node_->bytes(); }
template <class T> double Operator<T>::flops() const { return node_->flops(); }
template <class T> std::string Operator<T>::to_string() const { return node_->text(); }

template class Operator<float>;
template class Operator<double>;
template class Operator<std::complex<float>>;
template class Operator<std::complex<double>>;

} // namespace kronvec

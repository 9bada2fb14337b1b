/// Shapes, and what views refuse.

#include "kronvec/matrix.hpp"

#include <complex>
#include <string>

namespace kronvec::inline KRONVEC_ABI {

Index Shape::size() const {
  Index size = 0;
  if (rows < 0 || cols < 0 || __builtin_mul_overflow(rows, cols, &size))
    throw ShapeError(to_string(*this) + " is no shape of a matrix: its entries cannot be counted");
  return size;
}

std::string to_string(Shape shape) { return std::to_string(shape.rows) + "×" + std::to_string(shape.cols); }

template <class T> void MatrixView<T>::invalid(Index rows, Index cols, Index ld, const void *data) {
  const std::string shape = to_string(Shape{rows, cols});
  if (rows < 0 || cols < 0) throw ShapeError("a view of " + shape + " has a negative side");
  if (ld < rows)
    throw ShapeError("a view of " + shape + " has leading dimension " + std::to_string(ld) + ", less than its rows");
  (void)data;
  throw ShapeError("a view of " + shape + " has no data");
}

template <class T> void MatrixView<T>::outside(Index i, Index j, Index rows, Index cols) const {
  throw ShapeError("a block of " + to_string(Shape{rows, cols}) + " at (" + std::to_string(i) + ", " +
                   std::to_string(j) + ") leaves the matrix of " + to_string(shape()));
}

template class MatrixView<float>;
template class MatrixView<double>;
template class MatrixView<std::complex<float>>;
template class MatrixView<std::complex<double>>;
template class MatrixView<const float>;
template class MatrixView<const double>;
template class MatrixView<const std::complex<float>>;
template class MatrixView<const std::complex<double>>;

} // namespace kronvec

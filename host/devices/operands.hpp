#pragma once
/// Checks of matrices that users pass, for the public functions.

#include "devices/backend.hpp"

#include <functional>

namespace kronvec::inline KRONVEC_ABI {

/// Whether two views share memory: whether their address ranges overlap and, if their leading dimensions are equal (as
/// for windows of one matrix), whether their rows overlap too.
template <class T> bool overlap(MatrixView<const T> a, MatrixView<const T> b) {
  const auto end = [](MatrixView<const T> m) { return m.data() + (m.cols() - 1) * m.ld() + m.rows(); };
  if (a.rows() == 0 || a.cols() == 0 || b.rows() == 0 || b.cols() == 0) return false;
  if (!std::less<>()(a.data(), end(b)) || !std::less<>()(b.data(), end(a))) return false;
  if (a.ld() != b.ld()) return true;
  const Index below = ((b.data() - a.data()) % a.ld() + a.ld()) % a.ld(); // from a row of a to a row of b
  return below < a.rows() || below + b.rows() > a.ld();
}

/// Whether two views have the same entries at the same addresses.
template <class T> bool same(MatrixView<const T> a, MatrixView<const T> b) {
  return a.data() == b.data() && a.shape() == b.shape() && (a.ld() == b.ld() || a.cols() <= 1);
}

/// Throws Error if the result shares memory with an operand.
template <class T> void require_apart(const char *what, MatrixView<const T> operand, MatrixView<const T> result) {
  if (overlap(operand, result)) throw Error(std::string("the result shares memory with ") + what);
}

/// Throws ShapeError unless the matrix has this shape.
inline void require_shape(const char *what, Shape got, Shape expected) {
  if (got != expected)
    throw ShapeError(std::string(what) + " is " + to_string(got) + "; it must be " + to_string(expected));
}

/// Throws DeviceError unless the device can work on the matrix.
template <class T> void require_on(const Backend &backend, const char *what, MatrixView<T> m) {
  if (m.data()) backend.require_reachable(what, m.data());
}

} // namespace kronvec

#pragma once
/// Checks of the matrices that a user hands over, for the public door.

#include "devices/backend.hpp"

#include <functional>

namespace kronvec {

/// Whether two views share memory, by the addresses from their first entry to their last.
template <class T> bool overlap(MatrixView<const T> a, MatrixView<const T> b) {
  const auto end = [](MatrixView<const T> m) { return m.data() + (m.cols() - 1) * m.ld() + m.rows(); };
  if (a.shape().size() == 0 || b.shape().size() == 0) return false;
  return std::less<>()(a.data(), end(b)) && std::less<>()(b.data(), end(a));
}

/// Whether two views are of the same entries in the same places.
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

/// Matrices: memory, copies, random entries.

#include "kronvec/matrix.hpp"

#include "devices/backend.hpp"

#include <cmath>
#include <complex>
#include <cstring>
#include <numbers>
#include <span>
#include <string>

namespace kronvec::inline KRONVEC_ABI {

namespace {

/// SplitMix64, a generator with one word of state. Its numbers are the same on every machine.
class Random {
public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  /// Standard normal, by Box and Muller.
  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform())), angle = 2 * std::numbers::pi * uniform();
    return radius * std::cos(angle);
  }
  template <class R> void normal(R &x) { x = static_cast<R>(normal()); }
  template <class R> void normal(std::complex<R> &z) {
    const auto real = static_cast<R>(normal());
    z = {real, static_cast<R>(normal())};
  }

private:
  /// In (0, 1].
  double uniform() { return static_cast<double>((next() >> 11) + 1) * 0x1p-53; }
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

std::size_t bytes_of(Shape shape, std::size_t element) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(static_cast<std::size_t>(shape.size()), element, &bytes))
    throw ShapeError("a matrix of " + to_string(shape) + " is larger than any memory");
  return bytes;
}

} // namespace

template <class T> Matrix<T>::Matrix(Raw, Index rows, Index cols, Device device)
    : device_(device), rows_(rows), cols_(cols) {
  if (const std::size_t bytes = bytes_of({rows, cols}, sizeof(T)))
    data_ = static_cast<T *>(device_.backend().memory().allocate(bytes));
}

template <class T> Matrix<T>::Matrix(Index rows, Index cols, Device device) : Matrix(Raw{}, rows, cols, device) {
  device_.backend().primitives(T{}).fill(T(0), view());
}

template <class T> Matrix<T>::Matrix(std::initializer_list<std::initializer_list<T>> rows)
    : Matrix(Raw{}, static_cast<Index>(rows.size()), rows.size() ? static_cast<Index>(rows.begin()->size()) : 0,
             Device::cpu()) {
  Index i = 0;
  for (const auto &row : rows) {
    if (static_cast<Index>(row.size()) != cols_)
      throw ShapeError("row " + std::to_string(i + 1) + " has " + std::to_string(row.size()) + " entries, row 1 has " +
                       std::to_string(cols_));
    Index j = 0;
    for (const T &entry : row)
      (*this)(i, j++) = entry;
    ++i;
  }
}

template <class T> Matrix<T> Matrix<T>::uninitialized(Index rows, Index cols, Device device) {
  return Matrix(Raw{}, rows, cols, device);
}

template <class T> Matrix<T> Matrix<T>::random(Index rows, Index cols, std::uint64_t seed) {
  Matrix m = uninitialized(rows, cols);
  Random random(seed);
  for (T &entry : std::span(m.data_, static_cast<std::size_t>(m.shape().size())))
    random.normal(entry);
  return m;
}

template <class T> Matrix<T>::Matrix(Matrix &&other) noexcept
    : device_(other.device_), rows_(std::exchange(other.rows_, 0)), cols_(std::exchange(other.cols_, 0)),
      data_(std::exchange(other.data_, nullptr)) {}

template <class T> Matrix<T> &Matrix<T>::operator=(Matrix &&other) noexcept {
  std::swap(device_, other.device_), std::swap(data_, other.data_);
  std::swap(rows_, other.rows_), std::swap(cols_, other.cols_);
  return *this;
}

template <class T> Matrix<T>::~Matrix() {
  if (data_) device_.backend().memory().deallocate(data_, static_cast<std::size_t>(rows_ * cols_) * sizeof(T));
}

template <class T> Matrix<T> Matrix<T>::clone() const {
  Matrix copy = uninitialized(rows_, cols_, device_);
  device_.backend().primitives(T{}).copy(view(), copy.view());
  return copy;
}

template <class T> Matrix<T> Matrix<T>::copy_of(MatrixView<const T> view, Device device) {
  Matrix copy = uninitialized(view.rows(), view.cols(), device);
  transfer<T>(device.backend(), view, copy.view());
  return copy;
}

template <class T> Matrix<T> Matrix<T>::to(Device device) const {
  Matrix copy = uninitialized(rows_, cols_, device);
  const Device knows_both = device_.is_host() ? device : device_;
  transfer<T>(knows_both.backend(), view(), copy.view());
  return copy;
}

template class Matrix<float>;
template class Matrix<double>;
template class Matrix<std::complex<float>>;
template class Matrix<std::complex<double>>;

} // namespace kronvec

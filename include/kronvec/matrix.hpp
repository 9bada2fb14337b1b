#pragma once
/// Column-major matrices: views with a leading dimension, and an owning matrix that lives on a device.
///
/// Entry (i, j) of a view lies at data[i + j * ld]. `vec` stacks columns, so a packed matrix (ld = rows) *is* its vec.

#include "kronvec/device.hpp"
#include "kronvec/error.hpp"

#include <complex>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <type_traits>
#include <utility>

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// Sizes and indices: 64 bits, signed.
using Index = std::int64_t;

/// The numbers that expressions are evaluated in.
template <class T>
concept Real = std::is_same_v<T, float> || std::is_same_v<T, double>;
/// The entries that a matrix may have.
template <class T>
concept Scalar = Real<T> || std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>;

struct Shape {
  Index rows = 0, cols = 0;
  /// rows * cols. Throws ShapeError if the product does not fit 63 bits or a side is negative.
  Index size() const;
  friend bool operator==(Shape, Shape) = default;
};

/// "3×4".
std::string to_string(Shape shape);
std::ostream &operator<<(std::ostream &out, Shape shape);

/// A rows×cols window onto column-major memory that the view does not own. T may be const.
template <class T> class MatrixView {
public:
  constexpr MatrixView() = default;
  constexpr MatrixView(T *data, Index rows, Index cols) : MatrixView(data, rows, cols, rows) {}
  /// Throws ShapeError if ld < rows, or a size is negative, or data is null while the size is not 0.
  constexpr MatrixView(T *data, Index rows, Index cols, Index ld) : data_(data), rows_(rows), cols_(cols), ld_(ld) {
    if (rows < 0 || cols < 0 || ld < rows || (!data && rows > 0 && cols > 0)) invalid(rows, cols, ld, data);
  }
  /// A view of mutable entries is also a view of constant ones.
  template <class U>
  requires(std::is_same_v<T, const U>) constexpr MatrixView(MatrixView<U> other) noexcept
      : data_(other.data()), rows_(other.rows()), cols_(other.cols()), ld_(other.ld()) {}

  constexpr T *data() const noexcept { return data_; }
  constexpr Index rows() const noexcept { return rows_; }
  constexpr Index cols() const noexcept { return cols_; }
  /// Leading dimension: elements from one column to the next.
  constexpr Index ld() const noexcept { return ld_; }
  constexpr Shape shape() const noexcept { return {rows_, cols_}; }
  constexpr bool packed() const noexcept { return ld_ == rows_ || cols_ <= 1; }
  /// Entry access, for host memory only. Indices are not checked.
  constexpr T &operator()(Index i, Index j) const noexcept { return data_[i + j * ld_]; }
  /// The rows×cols window whose first entry is (i, j). Throws ShapeError if it does not fit in the matrix.
  [[nodiscard]] constexpr MatrixView block(Index i, Index j, Index rows, Index cols) const {
    if (i < 0 || j < 0 || rows < 0 || cols < 0 || i > rows_ - rows || j > cols_ - cols) outside(i, j, rows, cols);
    return {data_ ? data_ + i + j * ld_ : nullptr, rows, cols, ld_};
  }

private:
  [[noreturn]] static void invalid(Index rows, Index cols, Index ld, const void *data);
  [[noreturn]] void outside(Index i, Index j, Index rows, Index cols) const;

  T *data_ = nullptr;
  Index rows_ = 0, cols_ = 0, ld_ = 0;
};

/// A number in single braces: `Matrix<T>{3, 4}` does not compile.
struct SingleBraces {
  template <std::convertible_to<double> Number> SingleBraces(Number) {}
};

/// An owning, packed, column-major matrix on a device. T is float, double or std::complex of them. Movable; to copy,
/// call `clone()`.
template <class T> class Matrix {
  static_assert(Scalar<T>, "a matrix has entries of float, double, std::complex<float> or std::complex<double>");

public:
  Matrix() : Matrix(0, 0) {}
  /// Zeros. Throws OutOfMemory.
  Matrix(Index rows, Index cols, Device device = Device::cpu());
  /// Row by row, as on paper: Matrix<double>{{1, 2}, {3, 4}}. Throws ShapeError for a ragged list.
  Matrix(std::initializer_list<std::initializer_list<T>> rows);
  /// Matrix<double>{3, 4} could mean 3×4 zeros or the entries 3 and 4. Write Matrix<double>(3, 4) or
  /// Matrix<double>{{3, 4}}.
  Matrix(std::initializer_list<SingleBraces>) = delete;
  /// A matrix with unspecified entries.
  static Matrix uninitialized(Index rows, Index cols, Device device = Device::cpu());
  /// Standard normal numbers (real and imaginary part each, for complex T). The same seed gives the same numbers on
  /// every machine.
  static Matrix random(Index rows, Index cols, std::uint64_t seed);

  Matrix(Matrix &&other) noexcept;
  Matrix &operator=(Matrix &&other) noexcept;
  Matrix(const Matrix &) = delete;
  Matrix &operator=(const Matrix &) = delete;
  ~Matrix();
  [[nodiscard]] Matrix clone() const;
  /// A copy of a view, on `device`. The view is of host memory, or of memory of that device.
  static Matrix copy_of(MatrixView<const T> view, Device device = Device::cpu());
  /// A copy on `device`; `Device::cpu()` copies to the host.
  [[nodiscard]] Matrix to(Device device) const;

  T *data() noexcept { return data_; }
  const T *data() const noexcept { return data_; }
  Index rows() const noexcept { return rows_; }
  Index cols() const noexcept { return cols_; }
  Index ld() const noexcept { return rows_; }
  Shape shape() const noexcept { return {rows_, cols_}; }
  Device device() const noexcept { return device_; }
  /// Entry access, for matrices in host memory only. Indices are not checked.
  T &operator()(Index i, Index j) noexcept { return data_[i + j * rows_]; }
  const T &operator()(Index i, Index j) const noexcept { return data_[i + j * rows_]; }

  /// A view lives no longer than its matrix, which may be a temporary only as an argument of a call.
  MatrixView<T> view() KRONVEC_LIFETIMEBOUND { return {data_, rows_, cols_}; }
  MatrixView<const T> view() const KRONVEC_LIFETIMEBOUND { return {data_, rows_, cols_}; }
  operator MatrixView<T>() KRONVEC_LIFETIMEBOUND { return view(); }
  operator MatrixView<const T>() const KRONVEC_LIFETIMEBOUND { return view(); }

private:
  struct Raw {};
  Matrix(Raw, Index rows, Index cols, Device device);

  Device device_;
  Index rows_ = 0, cols_ = 0;
  T *data_ = nullptr;
};

/// Whether shapes and all entries are equal (so a NaN differs from itself).
template <class T> KRONVEC_API bool operator==(const Matrix<T> &a, const Matrix<T> &b);

/// The entries in aligned columns with six digits, one line per row. Of more than 30 rows or 10 columns, the first and
/// the last ones. A view is of host memory; a matrix may lie on any device.
template <class T> KRONVEC_API std::string to_string(MatrixView<T> m);
template <class T> KRONVEC_API std::string to_string(const Matrix<T> &m);
template <class T> KRONVEC_API std::ostream &operator<<(std::ostream &out, MatrixView<T> m);
template <class T> KRONVEC_API std::ostream &operator<<(std::ostream &out, const Matrix<T> &m);

/// The matrix itself if its entries lie in host memory, otherwise a copy there.
template <class T> Matrix<T> on_host(Matrix<T> m) { return m.device().is_host() ? std::move(m) : m.to(Device::cpu()); }

} // namespace KRONVEC_ABI
} // namespace kronvec

#pragma once
/// The .npy format, versions 1 to 3 (NumPy Enhancement Proposal 1), and comma-separated text.

#include "io/file.hpp"
#include "kronvec/matrix.hpp"

#include <string>

namespace kronvec {

/// The matrix in the bytes of a file; `name` is for messages. Throw IoError.
template <class T> Matrix<T> parse_npy(const std::string &bytes, const std::string &name);
template <class T> Matrix<T> parse_csv(const std::string &bytes, const std::string &name);

/// A .npy file in Fortran order that is written by blocks, in any order, and appears with `commit`. Throws IoError.
class NpyFile {
public:
  /// Of a matrix of this shape, with entries of so many bytes.
  NpyFile(const std::filesystem::path &path, Shape shape, std::size_t element);
  /// Throws OutOfSpace where the whole file is more than the disk has free.
  void require_space() const;
  /// The block whose first entry is (row, col), in host memory.
  template <class T> void write(Index row, Index col, MatrixView<const T> block);
  /// Returns when what was written is on the disk.
  void sync() { file_.sync(); }
  void commit() { file_.commit(); }

private:
  NewFile file_;
  Shape shape_;
  std::size_t element_, data_; ///< where the entries begin
};

} // namespace kronvec

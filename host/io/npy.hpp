#pragma once
/// The .npy format, versions 1 to 3 (NumPy Enhancement Proposal 1), and comma-separated text.

#include "io/file.hpp"
#include "kronvec/matrix.hpp"

#include <string>

namespace kronvec::inline KRONVEC_ABI {

/// The matrix in the bytes of a file; `name` is for messages. Both throw IoError.
template <class T> Matrix<T> parse_npy(const std::string &bytes, const std::string &name);
template <class T> Matrix<T> parse_csv(const std::string &bytes, const std::string &name);

/// A .npy file in Fortran order, written in blocks in any order. It appears at `commit`. Throws IoError.
class NpyFile {
public:
  /// For a matrix of this shape with entries of `element` bytes.
  NpyFile(const std::filesystem::path &path, Shape shape, std::size_t element);
  /// Throws OutOfSpace if the whole file is larger than the free space on the disk.
  void require_space() const;
  /// Writes the block whose first entry is (row, col), from host memory.
  template <class T> void write(Index row, Index col, MatrixView<const T> block);
  /// Returns when all written bytes are on the disk.
  void sync() { file_.sync(); }
  void commit() { file_.commit(); }

private:
  NewFile file_;
  Shape shape_;
  std::size_t element_, data_; ///< size of an entry; offset of the entries
};

} // namespace kronvec

#pragma once
/// Matrices in files. Reading checks everything before it allocates. Writing goes to a temporary file beside the target
/// and ends with a rename: a failed write leaves no file and never damages an old one.

#include "kronvec/expression.hpp"
#include "kronvec/matrix.hpp"
#include "kronvec/sparse.hpp"

#include <filesystem>
#include <iosfwd>
#include <string>

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// Reads a .npy file (versions 1–3, C or Fortran order, either byte order, float32/64; integers and booleans are
/// widened) or a .csv file, by extension. A 0-D array becomes 1×1, a 1-D array a column. Throws IoError.
template <class T> KRONVEC_API Matrix<T> read_matrix(const std::filesystem::path &path);
/// The same from a stream, up to its end: a .npy file if it begins like one, otherwise comma-separated text. `name` is
/// for messages.
template <class T> KRONVEC_API Matrix<T> read_matrix(std::istream &in, const std::string &name);

/// Writes a .npy file in Fortran order (float32 or float64 by T) from a view in host memory or a matrix on any device.
/// Throws IoError.
template <class T> KRONVEC_API void write_npy(const std::filesystem::path &path, MatrixView<const T> matrix);
template <class T> KRONVEC_API void write_npy(const std::filesystem::path &path, const Matrix<T> &matrix);
/// Writes the bytes of such a file to a stream, from host memory. Throws IoError.
template <class T> KRONVEC_API void write_npy(std::ostream &out, MatrixView<const T> matrix);

/// Writes a .mtx file: Matrix Market coordinates, row by row, counted from 1, with all digits. Throws IoError, and
/// ShapeError for arrays that do not make a matrix.
template <class T> KRONVEC_API void write_mtx(const std::filesystem::path &path, const CsrMatrix<T> &matrix);

/// Blocks that a picture separates by lines, such as those of a Jacobian: F's rows × X's rows. 0: no lines.
struct PictureBlocks {
  Index rows = 0, cols = 0;
};

/// Writes a matrix as a PNG picture: red positive, blue negative, white zero, grey NaN. Colour depth shows the size of
/// an entry on a compressed scale, so that every nonzero entry is visible; the scale stands on the right. Small
/// matrices have large cells. In large matrices a pixel covers several entries and shows the one of greatest absolute
/// value. The matrix is a view in host memory or lies on any device. Throws IoError.
template <class T> KRONVEC_API void write_picture(const std::filesystem::path &path, MatrixView<const T> matrix,
                                                  PictureBlocks blocks = {});
template <class T>
KRONVEC_API void write_picture(const std::filesystem::path &path, const Matrix<T> &matrix, PictureBlocks blocks = {});

/// Writes the program that computes F as a graph, an SVG picture: the symbols, and each step with its formula and the
/// shape of its result. Entrywise functions that are computed in one pass are one step. Throws IoError.
void write_graph(const std::filesystem::path &path, const Expression &f);

} // namespace KRONVEC_ABI
} // namespace kronvec

#pragma once
/// Matrices in files. Reading checks everything before it allocates. Writing goes to a temporary file beside the target
/// and ends with a rename: a failed write leaves no file and never damages an old one.

#include "kronvec/matrix.hpp"
#include "kronvec/sparse.hpp"

#include <filesystem>

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// Reads a .npy file (versions 1–3, C or Fortran order, either byte order, float32/64; integers and booleans are
/// widened) or a .csv file, by extension. A 0-D array becomes 1×1, a 1-D array a column. Throws IoError.
template <class T> KRONVEC_API Matrix<T> read_matrix(const std::filesystem::path &path);

/// Writes a .npy file in Fortran order (float32 or float64 by T) from a view in host memory or a matrix on any device.
/// Throws IoError.
template <class T> KRONVEC_API void write_npy(const std::filesystem::path &path, MatrixView<const T> matrix);
template <class T> KRONVEC_API void write_npy(const std::filesystem::path &path, const Matrix<T> &matrix);

/// Writes a .mtx file: Matrix Market coordinates, row by row, counted from 1, with all digits. Throws IoError, and
/// ShapeError for arrays that do not make a matrix.
template <class T> KRONVEC_API void write_mtx(const std::filesystem::path &path, const CsrMatrix<T> &matrix);

/// Writes a matrix as a PNG picture: red positive, blue negative, white zero, grey NaN. Colour depth shows the size of
/// an entry on a compressed scale, so that every nonzero entry is visible. Small matrices have large cells. In large
/// matrices a pixel covers several entries and shows the one of greatest absolute value. The matrix is a view in host
/// memory or lies on any device. Throws IoError.
template <class T> KRONVEC_API void write_picture(const std::filesystem::path &path, MatrixView<const T> matrix);
template <class T> KRONVEC_API void write_picture(const std::filesystem::path &path, const Matrix<T> &matrix);

} // namespace KRONVEC_ABI
} // namespace kronvec

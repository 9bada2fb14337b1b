#pragma once
/// Matrices in files. Reading checks everything before it allocates; writing goes through a temporary name beside the
/// target and a rename, so that a failed write leaves no file and never harms an old one.

#include "kronvec/matrix.hpp"
#include "kronvec/sparse.hpp"

#include <filesystem>

namespace kronvec {

/// A .npy (versions 1–3, C or Fortran order, either byte order, float32/64; integers and booleans are widened) or
/// .csv file, by its extension. A 0-D array is 1×1, a 1-D array reads as a column. Throws IoError.
template <class T> Matrix<T> read_matrix(const std::filesystem::path &path);

/// A .npy file in Fortran order (float32 or float64 by T), of a view in host memory or a matrix on any device. Throws
/// IoError.
template <class T> void write_npy(const std::filesystem::path &path, MatrixView<const T> matrix);
template <class T> void write_npy(const std::filesystem::path &path, const Matrix<T> &matrix);

/// A .mtx file: Matrix Market's coordinates, row by row, counted from 1, with all digits. Throws IoError, and
/// ShapeError for arrays that do not make a matrix.
template <class T> void write_mtx(const std::filesystem::path &path, const CsrMatrix<T> &matrix);

/// A matrix as a PNG picture: red positive, blue negative, white zero, grey NaN; the colour's depth is the size of the
/// entry on a compressed scale, so that every nonzero entry can be seen. Small matrices have large cells; in large
/// ones a pixel shows the entry of greatest size among those it covers. Of a view in host memory or a matrix on any
/// device. Throws IoError.
template <class T> void write_picture(const std::filesystem::path &path, MatrixView<const T> matrix);
template <class T> void write_picture(const std::filesystem::path &path, const Matrix<T> &matrix);

} // namespace kronvec

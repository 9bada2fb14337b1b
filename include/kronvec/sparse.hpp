#pragma once
/// Sparse matrices in host memory: coordinates (COO) and compressed rows (CSR).

#include "kronvec/abi.hpp"
#include "kronvec/matrix.hpp"

#include <vector>

namespace kronvec {
inline namespace KRONVEC_ABI KRONVEC_API {

/// Entry n is value[n] at (row[n], col[n]), counted from 0. A position may occur several times; its values add up.
template <class T> struct KRONVEC_HOLDS_CONTAINERS CooMatrix {
  Index rows = 0, cols = 0;
  std::vector<Index> row, col;
  std::vector<T> value;
  Index nonzeros() const { return static_cast<Index>(value.size()); }
};

/// Row i has the entries row_start[i] … row_start[i + 1] − 1, in ascending columns, each position once.
template <class T> struct KRONVEC_HOLDS_CONTAINERS CsrMatrix {
  Index rows = 0, cols = 0;
  std::vector<Index> row_start, col;
  std::vector<T> value;
  Index nonzeros() const { return static_cast<Index>(value.size()); }
};

/// The same matrix in compressed rows. Entries at one position are added up. Throws ShapeError for arrays of different
/// lengths and for an entry outside the matrix.
template <class T> KRONVEC_API CsrMatrix<T> compressed(const CooMatrix<T> &a);
/// Y = A·X for all columns of X, in host memory. Throws ShapeError for disagreeing shapes or an A that breaks the rules
/// of CsrMatrix, and DeviceError for an X on another device.
template <class T> KRONVEC_API Matrix<T> operator*(const CsrMatrix<T> &a, const Matrix<T> &x);

} // namespace KRONVEC_ABI
} // namespace kronvec

#pragma once
/// The .npy format, versions 1 to 3 (NumPy Enhancement Proposal 1), and comma-separated text.

#include "kronvec/matrix.hpp"

#include <string>

namespace kronvec {

/// The matrix in the bytes of a file; `name` is for messages. Throw IoError.
template <class T> Matrix<T> parse_npy(const std::string &bytes, const std::string &name);
template <class T> Matrix<T> parse_csv(const std::string &bytes, const std::string &name);

} // namespace kronvec

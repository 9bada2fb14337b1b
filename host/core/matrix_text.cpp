/// Matrices as text for people, and their comparison.

#include "core/readable.hpp"
#include "kronvec/matrix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <string_view>
#include <vector>

namespace kronvec::inline KRONVEC_ABI {
namespace {

constexpr Index gap = -1;

/// The indices to show of 0 … n − 1: all, or the first and the last ones with a gap between them.
std::vector<Index> shown(Index n, Index most) {
  std::vector<Index> indices;
  for (Index i = 0; i < n; ++i) {
    if (n <= most || i < most / 2 || i >= n - most / 2)
      indices.push_back(i);
    else if (indices.back() != gap)
      indices.push_back(gap);
  }
  return indices;
}

std::string entry(float x) { return fmt::format("{:.6g}", without_nan_sign(x)); }
std::string entry(double x) { return fmt::format("{:.6g}", without_nan_sign(x)); }
template <class T> std::string entry(std::complex<T> x) {
  return fmt::format("{:.6g}{:+.6g}i", without_nan_sign(x.real()), without_nan_sign(x.imag()));
}

} // namespace

template <class T> std::string to_string(MatrixView<T> m) {
  const std::vector<Index> rows = shown(m.rows(), 30), cols = shown(m.cols(), 10);
  std::vector<std::string> texts;
  std::size_t width = 1;
  for (const Index i : rows)
    for (const Index j : cols) {
      texts.push_back(i == gap || j == gap ? "" : entry(m(i, j)));
      width = std::max(width, texts.back().size());
    }
  std::string all;
  for (std::size_t k = 0; k < texts.size(); ++k) {
    const std::size_t column = k % cols.size();
    all += column > 0 ? "  " : k > 0 ? "\n" : "";
    all += fmt::format("{:>{}}", texts[k].empty() ? "…" : texts[k], width);
  }
  return all;
}

template <class T> std::string to_string(const Matrix<T> &m) {
  if (m.device().is_host()) return to_string(m.view());
  return to_string(m.to(Device::cpu()).view());
}

template <class T> std::ostream &operator<<(std::ostream &out, MatrixView<T> m) { return out << to_string(m); }
template <class T> std::ostream &operator<<(std::ostream &out, const Matrix<T> &m) { return out << to_string(m); }
std::ostream &operator<<(std::ostream &out, Shape shape) { return out << to_string(shape); }

template <class T> bool operator==(const Matrix<T> &a, const Matrix<T> &b) {
  if (!a.device().is_host()) return a.to(Device::cpu()) == b;
  if (!b.device().is_host()) return a == b.to(Device::cpu());
  return a.shape() == b.shape() && std::equal(a.data(), a.data() + a.shape().size(), b.data());
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template std::string to_string(MatrixView<T>);                                                                       \
  template std::string to_string(MatrixView<const T>);                                                                 \
  template std::string to_string(const Matrix<T> &);                                                                   \
  template std::ostream &operator<<(std::ostream &, MatrixView<T>);                                                    \
  template std::ostream &operator<<(std::ostream &, MatrixView<const T>);                                              \
  template std::ostream &operator<<(std::ostream &, const Matrix<T> &);                                                \
  template bool operator==(const Matrix<T> &, const Matrix<T> &);
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)
KRONVEC_INSTANTIATE(std::complex<float>)
KRONVEC_INSTANTIATE(std::complex<double>)

} // namespace kronvec

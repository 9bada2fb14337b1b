/// Checks the values of symmetric variables.

#include "calculus/jacobian/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace kronvec::detail {
namespace {

/// Equal up to rounding, as in a product that is symmetric in exact arithmetic; or both NaN.
template <class T> bool same(T a, T b, T size) {
  constexpr T most = 64 * std::numeric_limits<T>::epsilon();
  return a == b || std::abs(a - b) <= most * size || (std::isnan(a) && std::isnan(b));
}

template <class T> void require_symmetric(const std::string &name, MatrixView<const T> s) {
  T size = 0; // the largest finite entry
  for (Index j = 0; j < s.cols(); ++j)
    for (Index i = 0; i < s.rows(); ++i)
      if (std::isfinite(s(i, j))) size = std::max(size, std::abs(s(i, j)));
  for (Index j = 0; j < s.cols(); ++j)
    for (Index i = 0; i < j; ++i)
      if (!same(s(i, j), s(j, i), size))
        throw DomainError(
            fmt::format("the symmetric variable '{}' has a value that is not symmetric: entry ({}, {}) is "
                        "{}, entry ({}, {}) is {}, counted from 0; (S + S')/2 is symmetric",
                        name, i, j, s(i, j), j, i, s(j, i)));
}

} // namespace

template <class T> void require_symmetric(const JacobianPlan &plan, const Values<T> &values, Device device) {
  if (!device.is_host()) return;
  for (const Variable &x : plan.variables)
    for (const Binding<T> &binding : values) {
      const Index n = x.symbol().rows();
      if (!x.is_symmetric() || !(binding.symbol == x.symbol()) || binding.value.rows() != n) continue;
      for (Index first = 0; n > 0 && first + n <= binding.value.cols(); first += n)
        require_symmetric<T>(x.symbol().name(), binding.value.block(0, first, n, n));
    }
}

template void require_symmetric(const JacobianPlan &, const Values<float> &, Device);
template void require_symmetric(const JacobianPlan &, const Values<double> &, Device);

} // namespace kronvec::detail

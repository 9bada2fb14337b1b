/// Checks the values of symmetric variables.

#include "calculus/jacobian/plan.hpp"

#include <fmt/format.h>

#include <cmath>

namespace kronvec::detail {
namespace {

template <class T> bool same(T a, T b) { return a == b || (std::isnan(a) && std::isnan(b)); }

template <class T> void require_symmetric(const std::string &name, MatrixView<const T> s) {
  for (Index j = 0; j < s.cols(); ++j)
    for (Index i = 0; i < j; ++i)
      if (!same(s(i, j), s(j, i)))
        throw DomainError(
            fmt::format("the symmetric variable '{}' has a value that is not symmetric: entry ({}, {}) is "
                        "{}, entry ({}, {}) is {}, counted from 0",
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

/// Tests a derivative by the decay of its remainder and by the adjoint identity.

#include "kronvec/compare.hpp"

#include "calculus/checking/host_values.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kronvec::inline KRONVEC_ABI {
namespace {

using M = Matrix<double>;

double inner_product(const M &a, const M &b) {
  double total = 0;
  for (Index i = 0; i < a.shape().size(); ++i)
    total += a.data()[i] * b.data()[i];
  return total;
}

double norm(const M &a) { return std::sqrt(inner_product(a, a)); }

/// A + t·B.
M moved(const M &a, double t, const M &b) {
  M c = a.clone();
  for (Index i = 0; i < c.shape().size(); ++i)
    c.data()[i] += t * b.data()[i];
  return c;
}

/// The values with X replaced by `value`.
Values<double> with(const Values<double> &values, const Symbol &x, MatrixView<const double> value) {
  Values<double> changed;
  for (const auto &binding : values)
    changed.push_back({binding.symbol, binding.symbol.node() == x.node() ? value : binding.value});
  return changed;
}

} // namespace

DerivativeCheck check_derivatives(const Expression &f, const Symbol &x, const Values<double> &given, Device device) {
  const detail::HostValues<double> host(given, {device});
  const Values<double> &values = host.values();
  const auto j = jacobian(f, x).at(values, device);
  const auto bound = std::find_if(values.begin(), values.end(), [&](auto &b) { return b.symbol.node() == x.node(); });
  if (bound == values.end()) throw DomainError("symbol '" + x.name() + "' has no value");
  M start(x.rows(), x.cols());
  for (Index c = 0; c < x.cols(); ++c)
    for (Index r = 0; r < x.rows(); ++r)
      start(r, c) = bound->value(r, c);
  const M u = M::random(x.rows(), x.cols(), 1), v = M::random(f.rows(), f.cols(), 2);
  const M value = evaluate(f, values, Device::cpu());
  const M slope = on_host(j.apply(u.to(device))), gradient = on_host(j.apply_transpose(v.to(device)));

  DerivativeCheck check;
  const double left = inner_product(v, slope), right = inner_product(gradient, u);
  const double size = std::max({std::abs(left), std::abs(right), std::numeric_limits<double>::min()});
  check.adjoint_error = std::abs(left - right) / size;
  check.slope = std::numeric_limits<double>::infinity();
  const double rounding = 64 * std::numeric_limits<double>::epsilon() * (norm(value) + norm(slope));
  double before = -1;
  for (int k = 5; k < 20; ++k) {
    const double h = std::ldexp(1.0, -k);
    const M next = evaluate(f, with(values, x, moved(start, h, u)), Device::cpu());
    const double remainder = norm(moved(moved(next, -1, value), -h, slope));
    if (remainder <= rounding) break; // below this, only rounding error is left
    if (before > 0) check.slope = std::log2(before / remainder);
    before = remainder;
  }
  return check;
}

} // namespace kronvec

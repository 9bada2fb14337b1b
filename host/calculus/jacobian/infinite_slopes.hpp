#pragma once
/// Products with J where a coefficient is infinite, such as the slope of √x at 0, or of eˣ where it overflows.
///
/// An entry of J is a sum over paths from dX to F, each a product of coefficients. If a path has a zero by structure (a
/// unit tangent, an entry that F does not depend on) or a zero in an operand that does not depend on X, the path is 0,
/// also beside an infinite coefficient: 0·∞ = 0. If the zero is itself a derivative at this point, as in √x² at 0, the
/// product is unknown: NaN. IEEE arithmetic cannot tell these zeros apart, so each product is computed four times:
///
///   J₀        with 0 in place of ±∞
///   J(t)      with ±t, for a large t
///   R₀, R∞    with a positive number in place of each coefficient that depends on X, and of each other one that is not
///             0; in place of ±∞ stands 0 for R₀ and a positive number for R∞. They differ where a path without such a
///             zero leads through an infinite coefficient.
///
/// Where R₀ = R∞ the result is J₀; elsewhere it is ±∞ by the sign of J(t) − J₀, or NaN if that is 0. Infinities in what
/// does not depend on X stay what they are.

#include "calculus/jacobian/coefficients.hpp"
#include "calculus/jacobian/plan.hpp"

#include <array>
#include <cmath>
#include <functional>
#include <limits>

namespace kronvec::detail {

/// Whether one of n numbers in host memory is infinite.
template <class T> bool holds_infinity(const T *entries, Index n) {
  bool found = false;
  for (Index k = 0; k < n; ++k) // without an early exit, so that it becomes vector code
    found |= std::abs(entries[k]) == std::numeric_limits<T>::infinity();
  return found;
}

template <class T> class InfiniteSlopes {
public:
  /// Null if no coefficient that depends on X is infinite. `arena` holds the numbers of a plan at a point.
  static std::unique_ptr<const InfiniteSlopes> find(const JacobianPlan &plan, Device device, const T *arena);

  /// Y = the limit of what `linear` computes from an arena: linear(arena, x, y) is linear in x and multilinear in the
  /// coefficients.
  using Linear = std::function<void(T *arena, MatrixView<const T> x, MatrixView<T> y)>;
  void apply(const Linear &linear, MatrixView<const T> x, MatrixView<T> y) const;

private:
  InfiniteSlopes(const JacobianPlan &plan, Device device, const T *arena);

  enum Variant { finite, large, unreached, reached, variants };

  Device device_;
  std::array<Pool::Block, variants> arenas_;
};

} // namespace kronvec::detail

/// Products with J where a coefficient is infinite.

#include "calculus/jacobian/infinite_slopes.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace kronvec::detail {
namespace {

/// A number in (½, 1) for an entry, such that sums and differences of products of them hardly ever vanish.
template <class T> T weight(SlotId slot, Index entry) {
  std::uint64_t bits = (static_cast<std::uint64_t>(slot) << 40) + static_cast<std::uint64_t>(entry) + 1;
  for (const int shift : {30, 27, 31}) // the mixer of SplitMix64
    bits = (bits ^ bits >> shift) * (shift == 30 ? 0xbf58476d1ce4e5b9u : 0x94d049bb133111ebu);
  return T(0.5) + std::ldexp(static_cast<T>(bits >> 44), -21);
}

template <class T> Matrix<T> on_host(const Backend &backend, MatrixView<const T> x) {
  auto host = Matrix<T>::uninitialized(x.rows(), x.cols());
  transfer<T>(backend, x, host);
  return host;
}

/// The numbers that stand for an entry of a coefficient.
template <class T> T replaced(T entry, bool depends, bool by_large) {
  if (!depends || !std::isinf(entry)) return entry;
  return by_large ? std::copysign(std::ldexp(T(1), std::numeric_limits<T>::max_exponent / 3), entry) : T(0);
}
template <class T> T reached_by(T entry, bool depends, bool through_infinite, T weight) {
  if (!depends) return entry == 0 ? T(0) : weight;
  return std::isinf(entry) && !through_infinite ? T(0) : weight;
}

template <class T> T limit(T finite, T large, T unreached, T reached) {
  if (unreached == reached) return finite;
  const T slope = large - finite;
  return slope > 0   ? std::numeric_limits<T>::infinity()
         : slope < 0 ? -std::numeric_limits<T>::infinity()
                     : std::numeric_limits<T>::quiet_NaN();
}

/// Whether an entry of a packed matrix is infinite. Allocates nothing for a device of the host.
template <class T> bool slot_holds_infinity(const Backend &backend, MatrixView<const T> m) {
  const Index n = m.shape().size();
  if (backend.is_host()) return holds_infinity(m.data(), n);
  if (std::isfinite(backend.primitives(T{}).one_norms(m)[0])) return false;
  return holds_infinity(on_host(backend, m).data(), n); // NaN may hide an infinity
}

template <class T> MatrixView<const T> slot_in(const JacobianPlan &plan, const T *arena, SlotId u) {
  const Slot &slot = plan.program.slots()[u];
  return {arena + slot.offset, slot.shape.rows, slot.shape.cols};
}

} // namespace

template <class T> std::unique_ptr<const InfiniteSlopes<T>> InfiniteSlopes<T>::find(const JacobianPlan &plan,
                                                                                    Device device, const T *arena) {
  const Backend &backend = device.backend();
  const auto is_infinite = [&](const Coefficient &c) {
    return c.depends && c.may_be_infinite && slot_holds_infinity(backend, slot_in(plan, arena, c.slot));
  };
  if (std::ranges::none_of(plan.coefficients, is_infinite)) return nullptr;
  return std::unique_ptr<const InfiniteSlopes>(new InfiniteSlopes(plan, device, arena));
}

template <class T> InfiniteSlopes<T>::InfiniteSlopes(const JacobianPlan &plan, Device device, const T *arena)
    : device_(device) {
  const Backend &backend = device.backend();
  const Index elements = plan.program.elements(Stage::values);
  for (Pool::Block &block : arenas_) {
    block = take_slots<T>(plan, Stage::values, 1, backend);
    backend.primitives(T{}).copy(MatrixView<const T>(arena, elements, 1),
                                 MatrixView<T>(static_cast<T *>(block.data()), elements, 1));
  }
  for (const Coefficient &c : plan.coefficients) {
    const MatrixView<const T> there = slot_in(plan, arena, c.slot);
    const Matrix<T> original = on_host(backend, there);
    Matrix<T> changed = original.clone();
    for (const Variant variant : {finite, large, unreached, reached}) {
      for (Index k = 0; k < original.shape().size(); ++k) {
        const T entry = original.data()[k];
        changed.data()[k] = variant == finite || variant == large
                                ? replaced(entry, c.depends, variant == large)
                                : reached_by(entry, c.depends, variant == reached, weight<T>(c.slot, k));
      }
      T *const slot = static_cast<T *>(arenas_[variant].data()) + (there.data() - arena);
      transfer<T>(backend, changed.view(), {slot, there.rows(), there.cols()});
    }
  }
}

template <class T> void InfiniteSlopes<T>::apply(const Linear &linear, MatrixView<const T> x, MatrixView<T> y) const {
  const Backend &backend = device_.backend();
  Matrix<T> nonzero = on_host(backend, x);
  for (Index k = 0; k < nonzero.shape().size(); ++k)
    nonzero.data()[k] = nonzero.data()[k] == 0 ? T(0) : weight<T>(0, k);
  const Matrix<T> positive = nonzero.to(device_);
  std::vector<Matrix<T>> results;
  for (const Variant variant : {finite, large, unreached, reached}) {
    auto result = Matrix<T>::uninitialized(y.rows(), y.cols(), device_);
    const bool of_numbers = variant == finite || variant == large;
    linear(static_cast<T *>(arenas_[variant].data()), of_numbers ? x : positive.view(), result.view());
    results.push_back(on_host<T>(backend, result.view()));
  }
  auto limits = Matrix<T>::uninitialized(y.rows(), y.cols());
  for (Index k = 0; k < limits.shape().size(); ++k)
    limits.data()[k] = limit(results[finite].data()[k], results[large].data()[k], results[unreached].data()[k],
                             results[reached].data()[k]);
  transfer<T>(backend, limits.view(), y);
}

template class InfiniteSlopes<float>;
template class InfiniteSlopes<double>;

} // namespace kronvec::detail

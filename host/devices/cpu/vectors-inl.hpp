// The vector type of all loops and tiles, at most 64 bytes, and loads and stores of its first few entries. Compiled
// once per target, as Highway requires.

#include "kronvec/matrix.hpp"

#include <algorithm>

#if defined(KRONVEC_VECTORS) == defined(HWY_TARGET_TOGGLE)
#ifdef KRONVEC_VECTORS
#undef KRONVEC_VECTORS
#else
#define KRONVEC_VECTORS
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace kronvec::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T> using Tag = hn::CappedTag<T, 64 / sizeof(T)>;
template <class T> using Vec = hn::Vec<Tag<T>>;

/// The first n entries at x. No other entries are read.
template <class T> HWY_INLINE Vec<T> load_first(const T *x, Index n) {
  const Tag<T> d;
#if HWY_MEM_OPS_MIGHT_FAULT
  alignas(64) T few[64 / sizeof(T)] = {};
  std::copy_n(x, n, few);
  return hn::Load(d, few);
#else
  return hn::MaskedLoad(hn::FirstN(d, static_cast<std::size_t>(n)), d, x);
#endif
}
template <class T> HWY_INLINE void store_first(Vec<T> v, T *y, Index n) {
  const Tag<T> d;
#if HWY_MEM_OPS_MIGHT_FAULT
  alignas(64) T few[64 / sizeof(T)];
  hn::Store(v, d, few);
  std::copy_n(few, n, y);
#else
  hn::BlendedStore(v, hn::FirstN(d, static_cast<std::size_t>(n)), d, y);
#endif
}

} // namespace kronvec::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

#pragma once
/// Floors: the least time that the memory or the BLAS of this machine takes, to measure beside what is compared with
/// it.

#include "kronvec/matrix.hpp"

#include <cblas.h>
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <type_traits>

namespace kronvec::bench {

/// Writes nonzero data into n entries: non-temporal stores by all threads.
template <class T> void store_floor(T *data, Index n) {
  constexpr T value = T(1.25);
  namespace hn = hwy::HWY_NAMESPACE;
  constexpr Index chunk = (1 << 20) / sizeof(T);
#ifdef _OPENMP
#pragma omp parallel for schedule(static)
#endif
  for (Index first = 0; first < n; first += chunk) {
    const hn::ScalableTag<T> d;
    const auto lanes = static_cast<Index>(hn::Lanes(d));
    const auto filled = hn::Set(d, value);
    T *at = data + first, *const end = at + std::min(chunk, n - first);
    for (; at < end && reinterpret_cast<std::uintptr_t>(at) % (sizeof(T) * static_cast<std::size_t>(lanes)); ++at)
      *at = value;
    for (; at + lanes <= end; at += lanes)
      hn::Stream(filled, d, at);
    std::fill(at, end, value);
    hwy::FlushStream();
  }
}

/// A product of n×n matrices by the BLAS in use: 2n³ flops.
template <class T> void gemm_floor(Index n, const T *a, const T *b, T *c) {
  const auto size = static_cast<blasint>(n);
  if constexpr (std::is_same_v<T, double>)
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, size, size, size, 1, a, size, b, size, 0, c, size);
  else
    cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, size, size, size, 1, a, size, b, size, 0, c, size);
}

} // namespace kronvec::bench

#pragma once
/// Floors: the least time that the memory or the BLAS of this machine takes, to measure beside what is compared with
/// it.

#include "timing.hpp"

#include "kronvec/matrix.hpp"

#include <cblas.h>
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <type_traits>

namespace kronvec::bench {

/// Writes `value`, which is not to be 0, into n entries: non-temporal stores by all threads.
template <class T> void store_floor(T *data, Index n, T value) {
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

/// Operations per second of a 2048³ product by the BLAS in use.
template <class T> double gemm_floor() {
  constexpr Index n = 2048;
  const auto a = Matrix<T>::random(n, n, 1), b = Matrix<T>::random(n, n, 2);
  Matrix<T> c(n, n);
  const auto multiply = [&] {
    if constexpr (std::is_same_v<T, double>)
      cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a.data(), n, b.data(), n, 0, c.data(), n);
    else
      cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a.data(), n, b.data(), n, 0, c.data(), n);
  };
  multiply();
  double best = seconds(multiply);
  for (int i = 0; i < 4; ++i)
    best = std::min(best, seconds(multiply));
  return 2.0 * n * n * n / best;
}

} // namespace kronvec::bench

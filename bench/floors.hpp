#pragma once
/// Floors: the max rates of the machine, for comparison (nonzero stores past the caches, products by BLAS).

#include "kronvec/matrix.hpp"

#include <cblas.h>

#include <algorithm>

#ifdef _OPENMP
#include <omp.h>
#endif

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace kronvec::bench {

/// Fills n entries with a nonzero value on all threads, by non-temporal stores if the machine has them.
template <class T> void store_floor(T *y, Index n) {
  constexpr Index piece = (256 << 10) / sizeof(T);
#ifdef _OPENMP
#pragma omp parallel for schedule(static)
#endif
  for (Index p = 0; p < n; p += piece) {
    T *out = y + p, *end = y + std::min(p + piece, n);
    const T value = T(1.25);
#if defined(__x86_64__)
    alignas(16) T few[16 / sizeof(T)];
    std::fill_n(few, 16 / sizeof(T), value);
    const __m128i both = _mm_load_si128(reinterpret_cast<const __m128i *>(few));
    for (; out < end && reinterpret_cast<std::uintptr_t>(out) % 64; ++out)
      *out = value;
    for (; out + 64 / sizeof(T) <= end; out += 64 / sizeof(T)) {
      auto *line = reinterpret_cast<__m128i *>(out);
      for (int part = 0; part < 4; ++part)
        _mm_stream_si128(line + part, both);
    }
    for (; out < end; ++out)
      *out = value;
    _mm_sfence();
#else
    std::fill(out, end, value);
#endif
  }
}

inline void gemm(Index m, Index n, Index k, const double *a, const double *b, double *c) {
  const auto size = [](Index s) { return static_cast<blasint>(s); };
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, size(m), size(n), size(k), 1, a, size(m), b, size(k), 0, c,
              size(m));
}
inline void gemm(Index m, Index n, Index k, const float *a, const float *b, float *c) {
  const auto size = [](Index s) { return static_cast<blasint>(s); };
  cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, size(m), size(n), size(k), 1, a, size(m), b, size(k), 0, c,
              size(m));
}

/// A product of n×n matrices by BLAS: 2n³ flops.
template <class T> void gemm_floor(Index n, const T *a, const T *b, T *c) { gemm(n, n, n, a, b, c); }

} // namespace kronvec::bench

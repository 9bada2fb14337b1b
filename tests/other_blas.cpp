/// Matrix products that round differently from OpenBLAS: sums from the last term to the first, by fused multiply-adds.
/// Preloaded before the tests (`./run processors`), this library shows which tests depend on the rounding of one BLAS.
/// Sums of small integers stay exact.

#include <cblas.h>

#include <cmath>
#include <complex>
#include <cstddef>

namespace {

template <class T> T multiply_add(T a, T b, T sum) { return std::fma(a, b, sum); }
template <class R> std::complex<R> multiply_add(std::complex<R> a, std::complex<R> b, std::complex<R> sum) {
  return {std::fma(a.real(), b.real(), std::fma(-a.imag(), b.imag(), sum.real())),
          std::fma(a.imag(), b.real(), std::fma(a.real(), b.imag(), sum.imag()))};
}

/// Entry (i, j) of A or of its transpose, column-major. kronvec uses no other layout and no conjugates.
template <class T> T entry(CBLAS_TRANSPOSE op, const T *a, blasint ld, blasint i, blasint j) {
  return op == CblasNoTrans ? a[i + std::ptrdiff_t(j) * ld] : a[j + std::ptrdiff_t(i) * ld];
}

/// C = α·op(A)·op(B) + β·C.
template <class T> void multiply(CBLAS_TRANSPOSE op_a, CBLAS_TRANSPOSE op_b, blasint m, blasint n, blasint k, T alpha,
                                 const T *a, blasint lda, const T *b, blasint ldb, T beta, T *c, blasint ldc) {
  for (blasint j = 0; j < n; ++j)
    for (blasint i = 0; i < m; ++i) {
      T sum = 0;
      for (blasint l = k; l-- > 0;)
        sum = multiply_add(entry(op_a, a, lda, i, l), entry(op_b, b, ldb, l, j), sum);
      T &out = c[i + std::ptrdiff_t(j) * ldc];
      out = beta == T(0) ? alpha * sum : alpha * sum + beta * out;
    }
}

template <class R> void multiply_complex(CBLAS_TRANSPOSE op_a, CBLAS_TRANSPOSE op_b, blasint m, blasint n, blasint k,
                                         const void *alpha, const void *a, blasint lda, const void *b, blasint ldb,
                                         const void *beta, void *c, blasint ldc) {
  using C = std::complex<R>;
  const auto at = [](const void *x) { return static_cast<const C *>(x); };
  multiply(op_a, op_b, m, n, k, *at(alpha), at(a), lda, at(b), ldb, *at(beta), static_cast<C *>(c), ldc);
}

} // namespace

extern "C" {

void cblas_sgemm(CBLAS_ORDER, CBLAS_TRANSPOSE op_a, CBLAS_TRANSPOSE op_b, blasint m, blasint n, blasint k, float alpha,
                 const float *a, blasint lda, const float *b, blasint ldb, float beta, float *c, blasint ldc) {
  multiply(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
void cblas_dgemm(CBLAS_ORDER, CBLAS_TRANSPOSE op_a, CBLAS_TRANSPOSE op_b, blasint m, blasint n, blasint k, double alpha,
                 const double *a, blasint lda, const double *b, blasint ldb, double beta, double *c, blasint ldc) {
  multiply(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
void cblas_cgemm(CBLAS_ORDER, CBLAS_TRANSPOSE op_a, CBLAS_TRANSPOSE op_b, blasint m, blasint n, blasint k,
                 const void *alpha, const void *a, blasint lda, const void *b, blasint ldb, const void *beta, void *c,
                 blasint ldc) {
  multiply_complex<float>(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
void cblas_zgemm(CBLAS_ORDER, CBLAS_TRANSPOSE op_a, CBLAS_TRANSPOSE op_b, blasint m, blasint n, blasint k,
                 const void *alpha, const void *a, blasint lda, const void *b, blasint ldb, const void *beta, void *c,
                 blasint ldc) {
  multiply_complex<double>(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

} // extern "C"

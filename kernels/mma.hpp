#pragma once
/// Tensor-core products for nvcc. Kernels get them from portability.hpp. (The emulator has its own.)

#include <cuda_runtime.h>

namespace kronvec::kernels {

/// C += A·B by all 32 lanes of a warp: A 16×4, B 4×8, C 16×8. With g = lane / 4 and t = lane % 4, a lane provides a[i]
/// = A(g + 8·i, t) and b[0] = B(t, g), and holds c[i] = C(g + 8·(i / 2), 2·t + i % 2) (PTX ISA, "Matrix fragments for
/// mma.m16n8k4 with .f64"). Before Hopper, two products of half the height replace it.
__device__ __forceinline__ void warp_multiply_add(double (&c)[4], const double (&a)[2], const double (&b)[1]) {
#if __CUDA_ARCH__ >= 900
  asm volatile("mma.sync.aligned.m16n8k4.row.col.f64.f64.f64.f64 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
               : "+d"(c[0]), "+d"(c[1]), "+d"(c[2]), "+d"(c[3])
               : "d"(a[0]), "d"(a[1]), "d"(b[0]));
#else
  for (int half = 0; half < 2; ++half)
    asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0, %1}, {%2}, {%3}, {%0, %1};"
                 : "+d"(c[2 * half]), "+d"(c[2 * half + 1])
                 : "d"(a[half]), "d"(b[0]));
#endif
}

/// The nearest float with 10 bits of mantissa, ties away from 0.
__device__ __forceinline__ float to_tf32(float x) {
  unsigned bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return __uint_as_float(bits);
}

/// The same for floats that `to_tf32` has rounded, with A 16×8 and B 8×8: a[i] = A(g + 8·(i % 2), t + 4·(i / 2)) and
/// b[i] = B(t + 4·i, g) (PTX ISA, "Matrix fragments for mma.m16n8k8", .tf32).
__device__ __forceinline__ void warp_multiply_add(float (&c)[4], const float (&a)[4], const float (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
               "{%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])),
                 "r"(__float_as_uint(a[3])), "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
}

} // namespace kronvec::kernels

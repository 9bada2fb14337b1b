#pragma once
/// Tensor-core products with the interface of kernels/mma.hpp: every lane of a warp provides its fragments, and when
/// all 32 lanes have arrived, one product is computed from them.

#include "devices/emulation/emulator.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace kronvec::emulation {

/// A lane's part of C += A·B, for A 16×Depth, B Depth×8, C 16×8.
template <class T, int Depth> struct Fragments {
  T a[Depth / 2], b[Depth / 4];
  T *c;
};

/// The place of a lane's entries, by the tables of the PTX ISA for mma.m16n8k4 with .f64 and mma.m16n8k8 with .tf32.
struct FragmentPlace {
  int row, col;
  static FragmentPlace of_a(int lane, int i) { return {lane / 4 + 8 * (i % 2), lane % 4 + 4 * (i / 2)}; }
  static FragmentPlace of_b(int lane, int i) { return {lane % 4 + 4 * i, lane / 4}; }
  static FragmentPlace of_c(int lane, int i) { return {lane / 4 + 8 * (i / 2), lane % 4 * 2 + i % 2}; }
};

template <class T, int Depth> void multiply_fragments(void *const *arguments, const bool *present, int count) {
  for (int lane = 0; lane < 32; ++lane)
    if (lane >= count || !present[lane]) throw KernelError("a product by tensor cores needs all 32 lanes of a warp");
  T a[16][Depth], b[Depth][8];
  const auto of = [&](int lane) { return static_cast<Fragments<T, Depth> *>(arguments[lane]); };
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < Depth / 2; ++i) {
      const auto [row, col] = FragmentPlace::of_a(lane, i);
      a[row][col] = of(lane)->a[i];
    }
    for (int i = 0; i < Depth / 4; ++i) {
      const auto [row, col] = FragmentPlace::of_b(lane, i);
      b[row][col] = of(lane)->b[i];
    }
  }
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i) {
      const auto [row, col] = FragmentPlace::of_c(lane, i);
      for (int k = 0; k < Depth; ++k)
        of(lane)->c[i] = std::fma(a[row][k], b[k][col], of(lane)->c[i]);
    }
}

template <class T, int Depth>
void tensor_product(T (&c)[4], const T (&a)[Depth / 2], const T (&b)[Depth / 4], Site site) {
  Fragments<T, Depth> mine{{}, {}, c};
  std::copy(a, a + Depth / 2, mine.a), std::copy(b, b + Depth / 4, mine.b);
  meet_warp(~0u, &mine, multiply_fragments<T, Depth>, site);
}

/// The nearest float with 10 bits of mantissa, ties away from 0, as by cvt.rna.tf32.f32.
inline float to_tf32(float x) {
  if (!std::isfinite(x)) return x;
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return std::bit_cast<float>((bits + 0x1000u) & ~0x1fffu);
}

inline void warp_multiply_add(float (&c)[4], const float (&a)[4], const float (&b)[2],
                              const char *file = __builtin_FILE(), int line = __builtin_LINE()) {
  const auto rounded = [](float x) { return std::isnan(x) || to_tf32(x) == x; };
  if (!std::all_of(a, a + 4, rounded) || !std::all_of(b, b + 2, rounded))
    throw KernelError("an operand of a TF32 product has not been rounded");
  tensor_product<float, 8>(c, a, b, {"warp_multiply_add", file, line});
}
inline void warp_multiply_add(double (&c)[4], const double (&a)[2], const double (&b)[1],
                              const char *file = __builtin_FILE(), int line = __builtin_LINE()) {
  tensor_product<double, 4>(c, a, b, {"warp_multiply_add", file, line});
}

} // namespace kronvec::emulation

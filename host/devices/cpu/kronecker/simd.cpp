/// Runs sweeps with vector instructions.

#include "devices/cpu/kronecker/sweep.hpp"

#include <algorithm>

// Disabled targets. The SVE targets have vectors of unknown size, but arrays of vectors need a known one. SSSE3 would
// differ from SSE4 only in instructions that are not used here.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_SSSE3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "devices/cpu/kronecker/simd.cpp"
#include <hwy/foreach_target.h>

#include "devices/cpu/kronecker/tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace kronvec::cpu::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
template <class T> constexpr Index block = 1;
#else
/// Number of lanes in 16 bytes; vectors interleave within blocks of 16 bytes.
template <class T> constexpr Index block = 16 / sizeof(T);

/// Loads the 16 bytes at column e of rows 0, block, 2·block, …, one after the other.
template <class D, class T> HWY_INLINE hn::Vec<D> load_blocks(D d, const T *const *row, Index e) {
  if constexpr (hn::MaxLanes(d) == block<T>) {
    return hn::LoadU(d, row[0] + e);
  } else {
    const hn::Half<D> half;
    return hn::Combine(d, load_blocks(half, row + hn::MaxLanes(d) / 2, e), load_blocks(half, row, e));
  }
}
template <class D, class T> HWY_INLINE void store_blocks(D d, hn::Vec<D> v, T *const *row, Index e) {
  if constexpr (hn::MaxLanes(d) == block<T>) {
    hn::StoreU(v, d, row[0] + e);
  } else {
    const hn::Half<D> half;
    store_blocks(half, hn::LowerHalf(half, v), row, e);
    store_blocks(half, hn::UpperHalf(half, v), row + hn::MaxLanes(d) / 2, e);
  }
}

/// Transposes the 2×2 or 4×4 matrices that the blocks of the vectors form.
HWY_INLINE void turn_blocks(Vec<double> *v) {
  const Tag<double> d;
  const auto a = hn::InterleaveLower(d, v[0], v[1]), b = hn::InterleaveUpper(d, v[0], v[1]);
  v[0] = a, v[1] = b;
}
HWY_INLINE void turn_blocks(Vec<float> *v) {
  const Tag<float> d;
  const auto a = hn::InterleaveLower(d, v[0], v[2]), b = hn::InterleaveLower(d, v[1], v[3]);
  const auto e = hn::InterleaveUpper(d, v[0], v[2]), f = hn::InterleaveUpper(d, v[1], v[3]);
  v[0] = hn::InterleaveLower(d, a, b), v[1] = hn::InterleaveUpper(d, a, b);
  v[2] = hn::InterleaveLower(d, e, f), v[3] = hn::InterleaveUpper(d, e, f);
}
#endif

/// Vector e of `to` = entry e of all rows; there are as many rows as lanes.
template <class T> void turn_in(const T *const *row, Index entries, T *to) {
  constexpr Index N = lanes<T>;
  Index e = 0;
#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
  const Tag<T> d;
  for (; e + block<T> <= entries; e += block<T>) {
    Vec<T> v[block<T>];
    for (Index r = 0; r < block<T>; ++r)
      v[r] = load_blocks(d, row + r, e);
    turn_blocks(v);
    for (Index r = 0; r < block<T>; ++r)
      hn::StoreU(v[r], d, to + (e + r) * N);
  }
#endif
  for (; e < entries; ++e)
    for (Index r = 0; r < N; ++r)
      to[e * N + r] = row[r][e];
}

/// Entry e of the first `rows` rows = the lanes of vector e.
template <class T> void turn_out(const T *from, Index entries, T *const *row, Index rows) {
  constexpr Index N = lanes<T>;
  Index e = 0;
#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
  const Tag<T> d;
  for (; rows == N && e + block<T> <= entries; e += block<T>) {
    Vec<T> v[block<T>];
    for (Index r = 0; r < block<T>; ++r)
      v[r] = hn::LoadU(d, from + (e + r) * N);
    turn_blocks(v);
    for (Index r = 0; r < block<T>; ++r)
      store_blocks(d, v[r], row + r, e);
  }
#endif
  for (; e < entries; ++e)
    for (Index r = 0; r < rows; ++r)
      row[r][e] = from[e * N + r];
}

/// Iterates over slices.
template <class T> class Walk {
public:
  Walk(const Slices<T> &slices, Index first)
      : slices_(slices), column_(slices.data + first / slices.per_column * slices.ld),
        place_(first % slices.per_column) {}
  T *here() const { return column_ + place_ * slices_.step; }
  void next() {
    if (++place_ == slices_.per_column) place_ = 0, column_ += slices_.ld;
  }

private:
  const Slices<T> &slices_;
  T *column_;
  Index place_;
};

/// The two buffers between the steps, used alternately.
template <class T> struct SweepBuffers {
  T *half[2];
  int turn = 0;
  T *next() { return half[turn ^= 1]; }
};

template <class T> void strip(const Sweep<T> &s, const T *x, T *y, Index n, T *buffers) {
  const Finish<T> last{s.alpha, s.beta};
  if (s.steps == 1 && s.buffer > 0) return along_inner_large(s.step[0], x, y, s.inner, n, last, buffers);
  SweepBuffers<T> buffer{{buffers, buffers + s.buffer}};
  Ahead nothing;
  Index from = s.inner;
  for (int i = 0; i < s.steps; ++i) {
    const bool ends = i + 1 == s.steps;
    T *to = ends ? y : buffer.next();
    along_inner(s.step[i], x, from, to, ends ? s.inner : n, n, ends ? last : Finish<T>(), nothing);
    x = to, from = n;
  }
}

template <class T>
void strips(const Sweep<T> &s, const Slices<const T> &x, const Slices<T> &y, Index first, Index last, T *buffers) {
  const Index strips = (s.inner + s.width - 1) / s.width;
  Walk<const T> from(x, first / strips);
  Walk<T> to(y, first / strips);
  Index i = first % strips * s.width;
  for (Index task = first; task < last; ++task) {
    strip(s, from.here() + i, to.here() + i, std::min(s.width, s.inner - i), buffers);
    if ((i += s.width) >= s.inner) i = 0, from.next(), to.next();
  }
}

/// `width` slices at a time. They either lie one after the other or are one row each.
template <class T>
void rows(const Sweep<T> &s, const Slices<const T> &x, const Slices<T> &y, Index first, Index last, T *buffers) {
  for (Index task = first; task < last; ++task) {
    const Index slice = task * s.width, count = std::min(s.width, x.count - slice);
    const T *from = Walk<const T>(x, slice).here();
    Ahead ahead = task + 1 < last
                      ? Ahead::of(from + s.width * s.in, std::min(s.width, x.count - slice - s.width) * s.in)
                      : Ahead();
    T *to = Walk<T>(y, slice).here();
    SweepBuffers<T> buffer{{buffers, buffers + s.buffer}};
    for (int i = 0; i < s.steps; ++i) {
      const bool ends = i + 1 == s.steps;
      const Finish<T> finish = ends ? Finish<T>{s.alpha, s.beta} : Finish<T>();
      T *next = ends ? to : buffer.next();
      SweepStep<T> step = s.step[i];
      step.outer *= count;
      if (i == 0) {
        const bool single = s.steps == 1 && s.step[0].outer == 1;
        along_rows(step, from, single ? x.step : step.q, next, single ? y.step : step.p, step.outer, finish);
      } else {
        along_inner(step, from, 1, next, 1, 1, finish, ahead);
      }
      from = next;
    }
  }
}

template <class T>
void turned(const Sweep<T> &s, const Slices<const T> &x, const Slices<T> &y, Index first, Index last, T *buffers) {
  constexpr Index N = lanes<T>;
  const Tag<T> d;
  Walk<const T> from(x, first * N);
  Walk<T> to(y, first * N);
  for (Index task = first; task < last; ++task) {
    const Index count = std::min(N, x.count - task * N);
    const T *x_row[N] = {from.here()};
    T *y_row[N] = {to.here()};
    for (Index r = 0; r < N; ++r) { // missing rows repeat row 0 and are not written
      x_row[r] = r < count ? from.here() : x_row[0], y_row[r] = r < count ? to.here() : y_row[0];
      if (r < count) from.next(), to.next();
    }
    SweepBuffers<T> buffer{{buffers, buffers + s.buffer}};
    const bool run = task + 1 < last && x.step == s.in;
    Ahead ahead = run ? Ahead::of(from.here(), std::min(N, x.count - (task + 1) * N) * s.in) : Ahead();
    T *now = buffer.next();
    turn_in(x_row, s.in, now);
    for (int i = 0; i < s.steps; ++i) {
      T *next = buffer.next();
      along_inner(s.step[i], now, N, next, N, N, i + 1 == s.steps ? Finish<T>{s.alpha, T(0)} : Finish<T>(), ahead);
      now = next;
    }
    if (s.beta != T(0)) {
      T *old = buffer.next();
      turn_in(y_row, s.out, old);
      for (Index e = 0; e < s.out * N; e += N)
        hn::StoreU(hn::MulAdd(hn::Set(d, s.beta), hn::LoadU(d, old + e), hn::LoadU(d, now + e)), d, now + e);
    }
    turn_out(now, s.out, y_row, count);
  }
}

template <class T> void run_sweep_of(const Sweep<T> &s, const Slices<const T> &x, const Slices<T> &y, Index first,
                                     Index last, T *buffers) {
  switch (s.way) {
  case SweepWay::strips:
    return strips(s, x, y, first, last, buffers);
  case SweepWay::rows:
    return rows(s, x, y, first, last, buffers);
  case SweepWay::turned:
    return turned(s, x, y, first, last, buffers);
  }
}

Index lanes_f() { return lanes<float>; }
Index lanes_d() { return lanes<double>; }
void pack_f(const float *f, Index row, Index col, Index p, Index q, bool along_rows, float *packed) {
  pack_factor_of(f, row, col, p, q, along_rows, packed);
}
void pack_d(const double *f, Index row, Index col, Index p, Index q, bool along_rows, double *packed) {
  pack_factor_of(f, row, col, p, q, along_rows, packed);
}
void run_f(const Sweep<float> &s, const Slices<const float> &x, const Slices<float> &y, Index first, Index last,
           float *buffers) {
  run_sweep_of(s, x, y, first, last, buffers);
}
void run_d(const Sweep<double> &s, const Slices<const double> &x, const Slices<double> &y, Index first, Index last,
           double *buffers) {
  run_sweep_of(s, x, y, first, last, buffers);
}

} // namespace kronvec::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kronvec::cpu {

HWY_EXPORT(lanes_f);
HWY_EXPORT(lanes_d);
HWY_EXPORT(pack_f);
HWY_EXPORT(pack_d);
HWY_EXPORT(run_f);
HWY_EXPORT(run_d);

Index sweep_lanes(float) { return HWY_DYNAMIC_DISPATCH(lanes_f)(); }
Index sweep_lanes(double) { return HWY_DYNAMIC_DISPATCH(lanes_d)(); }
void pack_factor(const float *f, Index row, Index col, Index p, Index q, bool along_rows, float *packed) {
  HWY_DYNAMIC_DISPATCH(pack_f)(f, row, col, p, q, along_rows, packed);
}
void pack_factor(const double *f, Index row, Index col, Index p, Index q, bool along_rows, double *packed) {
  HWY_DYNAMIC_DISPATCH(pack_d)(f, row, col, p, q, along_rows, packed);
}
void run_sweep(const Sweep<float> &sweep, const Slices<const float> &x, const Slices<float> &y, Index first, Index last,
               float *buffers) {
  HWY_DYNAMIC_DISPATCH(run_f)(sweep, x, y, first, last, buffers);
}
void run_sweep(const Sweep<double> &sweep, const Slices<const double> &x, const Slices<double> &y, Index first,
               Index last, double *buffers) {
  HWY_DYNAMIC_DISPATCH(run_d)(sweep, x, y, first, last, buffers);
}

} // namespace kronvec::cpu
#endif

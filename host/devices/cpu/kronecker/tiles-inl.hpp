// Modes of Kronecker products as tiles of sums in registers: the steps of sweeps. Compiled once per target, as Highway
// requires.

#include "devices/cpu/kronecker/sweep.hpp"

#include <algorithm>
#include <type_traits>

#if defined(KRONVEC_KRONECKER_TILES) == defined(HWY_TARGET_TOGGLE)
#ifdef KRONVEC_KRONECKER_TILES
#undef KRONVEC_KRONECKER_TILES
#else
#define KRONVEC_KRONECKER_TILES
#endif

#include "devices/cpu/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace kronvec::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T> constexpr Index lanes = hn::MaxLanes(Tag<T>());

/// Vector registers of the target: 16 on x86 before AVX-512, on WebAssembly and on 32-bit Arm; 32 or more elsewhere.
/// Highway gives newer x86 targets smaller numbers, so `HWY_TARGET > HWY_AVX3` is "before AVX-512" for future ones too.
#if HWY_ARCH_WASM || HWY_ARCH_ARM_V7 || (HWY_ARCH_X86 && HWY_TARGET > HWY_AVX3)
constexpr int registers = 16;
#else
constexpr int registers = 32;
#endif

/// The registers must hold a tile of sums (R rows of C vectors), the C vectors that are multiplied, and the factor.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) // large tiles take minutes to compile
constexpr int max_rows = 3, max_vectors = 2;
constexpr int vectors_for(int rows) { return rows == 1 ? 3 : 2; }
#else
constexpr int max_rows = registers == 32 ? 8 : 4, max_vectors = 3;
constexpr int vectors_for(int rows) {
  if (registers == 32) return rows <= 2 ? 8 : rows == 3 ? 6 : rows == 4 ? 4 : rows == 5 ? 5 : 3;
  return rows == 1 ? 6 : rows == 2 ? 4 : 3;
}
#endif

/// Sums of at least this many terms take as long as fetching the entries that they are added to.
constexpr Index worth_fetching = 32;

/// How sums are stored: c = α·sum + β·c.
template <class T> struct Finish {
  T alpha = 1, beta = 0;
  bool plain() const { return alpha == T(1) && beta == T(0); }
  /// For a further piece of a sum whose first pieces are already in c.
  Finish adding() const { return {alpha, T(1)}; }
};

/// Entry (r, k) of a panel of R rows, column by column.
template <class T, int R> struct Panel {
  const T *data;
  HWY_INLINE T at(int r, Index k) const { return data[k * R + r]; }
};
/// Entry (r, k) of rows `ld` apart.
template <class T> struct StridedRows {
  const T *data;
  Index ld;
  HWY_INLINE T at(int r, Index k) const { return data[r * ld + k]; }
};

/// c = α·sums + β·c for rows × vectors of sums. The last vector of a row has `few` valid lanes.
template <class T> HWY_NOINLINE void put_tile(const T *sums, int rows, int vectors, T *c, Index c_step, Index few,
                                              const Finish<T> &finish) {
  const Tag<T> d;
  constexpr Index N = lanes<T>;
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v, sums += N) {
      T *to = c + r * c_step + v * N;
      const bool partial = v + 1 == vectors && few < N;
      auto value = hn::Mul(hn::Set(d, finish.alpha), hn::Load(d, sums));
      if (finish.beta != T(0))
        value = hn::MulAdd(hn::Set(d, finish.beta), partial ? load_first(to, few) : hn::LoadU(d, to), value);
      if (partial) {
        store_first(value, to, few);
      } else {
        hn::StoreU(value, d, to);
      }
    }
}

/// c_rv = α·Σ_k a_rk·b_kv + β·c_rv for rows r < R and vectors v < C. The last vector has `few` valid lanes in c; if
/// `masks`, it has only `few` valid lanes in b, too.
template <int R, int C, bool masks, class T, class A>
HWY_INLINE void tile(Index q, const A a, const T *HWY_RESTRICT b, Index b_step, T *HWY_RESTRICT c, Index c_step,
                     Index few, const Finish<T> &finish) {
  const Tag<T> d;
  constexpr Index N = lanes<T>;
  Vec<T> sum[R][C];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < C; ++v)
      sum[r][v] = hn::Zero(d);
  if (q >= worth_fetching) // c is needed after q steps: prefetch it
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < C; ++v)
        __builtin_prefetch(c + r * c_step + v * N, 1, 3);
  for (Index k = 0; k < q; ++k, b += b_step) {
    Vec<T> from[C];
#pragma GCC unroll 8
    for (int v = 0; v < C; ++v)
      from[v] = masks && v + 1 == C ? load_first(b + v * N, few) : hn::LoadU(d, b + v * N);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const Vec<T> weight = hn::Set(d, a.at(r, k));
#pragma GCC unroll 8
      for (int v = 0; v < C; ++v)
        sum[r][v] = hn::MulAdd(weight, from[v], sum[r][v]);
    }
  }
  if (C == 1 && few < N && finish.plain()) { // for short rows the general way below is too slow
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
      store_first(sum[r][0], c + r * c_step, few);
    return;
  }
  const bool direct = few == N && finish.plain();
  alignas(64) T kept[R * C * N];
  T *to = direct ? c : kept;
  const Index row = direct ? c_step : C * N;
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < C; ++v)
      hn::StoreU(sum[r][v], d, to + r * row + v * N);
  if (!direct) put_tile(kept, R, C, c, c_step, few, finish);
}

/// The memory that is read next. Between tiles, a few cache lines of it are prefetched.
struct Ahead {
  const char *at = nullptr, *end = nullptr;
  template <class T> static Ahead of(const T *first, Index n) {
    return {reinterpret_cast<const char *>(first), reinterpret_cast<const char *>(first + n)};
  }
  HWY_INLINE void some() {
    for (int line = 0; line < 4 && at < end; ++line, at += 64)
      __builtin_prefetch(at, 0, 2);
  }
};

/// Calls work(integral constant n) for 1 ≤ n ≤ most.
template <int most, class Work> HWY_INLINE void with_constant(Index n, const Work &work) {
  if constexpr (most > 1)
    if (n < most) return with_constant<most - 1>(n, work);
  work(std::integral_constant<int, most>());
}

/// R rows of n entries.
template <int R, class T, class A> HWY_INLINE void row_of_tiles(Index q, const A a, const T *b, Index b_step, T *c,
                                                                Index c_step, Index n, const Finish<T> &finish,
                                                                Ahead &ahead) {
  constexpr Index N = lanes<T>;
  constexpr int C = vectors_for(R);
  Index i = 0;
  ahead.some();
  for (; i + C * N <= n; i += C * N, ahead.some())
    tile<R, C, false>(q, a, b + i, b_step, c + i, c_step, N, finish);
  if (const Index whole = (n - i) / N)
    with_constant<C>(whole, [&](auto vectors)
                                HWY_ATTR { tile<R, vectors, false>(q, a, b + i, b_step, c + i, c_step, N, finish); });
  i = n / N * N;
  if (i < n) tile<R, 1, true>(q, a, b + i, b_step, c + i, c_step, n - i, finish);
}

/// A step whose vectors run along the faster dimensions. Runs of n entries are `from` entries apart in x and `to` apart
/// in y.
template <class T> void along_inner(const SweepStep<T> &step, const T *x, Index from, T *y, Index to, Index n,
                                    const Finish<T> &finish, Ahead &ahead) {
  const Index x_step = from * step.runs, y_step = to * step.runs;
  const bool one_run = from == n && to == n;
  const Index runs = one_run ? 1 : step.runs, length = one_run ? n * step.runs : n;
  for (Index j = 0; j < step.p; j += max_rows) {
    with_constant<max_rows>(std::min<Index>(max_rows, step.p - j), [&](auto rows) HWY_ATTR {
      const Panel<T, rows> panel{step.f + j * step.q};
      for (Index o = 0; o < step.outer; ++o) {
        const T *b = x + o * step.q * x_step;
        T *c = y + (o * step.p + j) * y_step;
        for (Index r = 0; r < runs; ++r)
          row_of_tiles<rows>(step.q, panel, b + r * from, x_step, c + r * to, y_step, length, finish, ahead);
      }
    });
  }
}

/// A step with one long run and a factor so large that it pays to copy pieces of the run: `depth` rows of a few tiles,
/// which all rows of the factor then read from the cache.
template <class T> void along_inner_large(const SweepStep<T> &step, const T *x, T *y, Index inner, Index n,
                                          const Finish<T> &finish, T *copy) {
  Ahead nothing;
  constexpr Index width = max_vectors * lanes<T>;
  for (Index k = 0; k < step.q; k += sweep_depth) {
    const Index depth = std::min(sweep_depth, step.q - k);
    const Finish<T> piece = k == 0 ? finish : finish.adding();
    for (Index i = 0; i < n; i += width)
      for (Index r = 0; r < depth; ++r) {
        const T *from = x + (k + r) * inner + i;
        std::copy(from, from + std::min(width, n - i), copy + i * depth + r * width);
      }
    for (Index j = 0; j < step.p; j += max_rows)
      with_constant<max_rows>(std::min<Index>(max_rows, step.p - j), [&](auto rows) HWY_ATTR {
        const Panel<T, rows> panel{step.f + j * step.q + k * rows};
        for (Index i = 0; i < n; i += width)
          row_of_tiles<rows>(depth, panel, copy + i * depth, width, y + j * inner + i, inner, std::min(width, n - i),
                             piece, nothing);
      });
  }
}

/// Cuts the rows of a factor into panels of a few vectors for `along_rows`, as evenly as possible.
template <class T> struct RowPanels {
  Index vectors, panels;
  explicit RowPanels(Index p)
      : vectors((p + lanes<T> - 1) / lanes<T>), panels((vectors + max_vectors - 1) / max_vectors) {}
  Index first(Index panel) const { return vectors * panel / panels; }
};

/// A step whose vectors run along the rows of the factor: maps `count` rows of q entries, x_step apart, to rows of p
/// entries.
template <class T> void along_rows(const SweepStep<T> &step, const T *x, Index x_step, T *y, Index y_step, Index count,
                                   const Finish<T> &finish) {
  constexpr Index N = lanes<T>;
  const RowPanels<T> cut(step.p);
  for (Index k = 0; k < step.q; k += sweep_depth) {
    const Index depth = std::min(sweep_depth, step.q - k);
    const Finish<T> piece = k == 0 ? finish : finish.adding();
    for (Index panel = 0; panel < cut.panels; ++panel) {
      const Index j = cut.first(panel) * N, vectors = cut.first(panel + 1) - cut.first(panel);
      const T *f = step.f + j * step.q + k * vectors * N;
      const Index few = std::min(vectors * N, step.p - j) - (vectors - 1) * N;
      with_constant<max_vectors>(vectors, [&](auto C) HWY_ATTR {
        for (Index r = 0; r < count; r += max_rows)
          with_constant<max_rows>(std::min<Index>(max_rows, count - r), [&](auto R) HWY_ATTR {
            const StridedRows<T> a{x + r * x_step + k, x_step};
            T *to = y + r * y_step + j;
            tile<R, C, false>(depth, a, f, C * N, to, y_step, few, piece);
          });
      });
    }
  }
}

template <class T> void pack_factor_of(const T *f, Index row, Index col, Index p, Index q, bool along_rows, T *packed) {
  constexpr Index N = lanes<T>;
  const RowPanels<T> cut(p);
  const Index panels = along_rows ? cut.panels : (p + max_rows - 1) / max_rows;
  for (Index panel = 0; panel < panels; ++panel) {
    const Index first = along_rows ? cut.first(panel) * N : panel * max_rows;
    const Index width = along_rows ? cut.first(panel + 1) * N - first : std::min<Index>(p - first, max_rows);
    const Index there = std::min(width, p - first);
    for (Index k = 0; k < q; ++k, packed += width) {
      const T *from = f + first * row + k * col;
      if (row == 1) {
        std::copy(from, from + there, packed);
      } else {
        for (Index j = 0; j < there; ++j)
          packed[j] = from[j * row];
      }
      std::fill(packed + there, packed + width, T(0));
    }
  }
}

} // namespace kronvec::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // per target

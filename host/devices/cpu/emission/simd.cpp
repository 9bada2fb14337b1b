/// Writes bands with vector instructions.

#include "devices/cpu/emission/simd.hpp"

#include <algorithm>
#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "devices/cpu/emission/simd.cpp"
#include <hwy/foreach_target.h>

#include "devices/cpu/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace kronvec::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T> Index lanes() { return static_cast<Index>(hn::Lanes(Tag<T>())); }

template <class T> struct Whole {
  HWY_INLINE Vec<T> operator()(const T *x) const { return hn::LoadU(Tag<T>(), x); }
};
template <class T> struct First {
  Index n;
  HWY_INLINE Vec<T> operator()(const T *x) const { return load_first(x, n); }
};

/// The values of a run with a single term of V vectors.
template <class T, int V> struct One {
  Vec<T> weight;
  const T *vector[V ? V : 1];

  One(const Band<T> &band, Index j) : weight(hn::Set(Tag<T>(), band.term[0].weight[j])) {
    for (int v = 0; v < V; ++v)
      vector[v] = band.term[0].vector[v] + band.term[0].vector_step[v] * j;
  }
  template <class Load> HWY_INLINE Vec<T> at(Index i, Load load) const {
    if constexpr (V == 0) return weight;
    auto product = load(vector[0] + i);
    for (int v = 1; v < V; ++v)
      product = hn::Mul(product, load(vector[v] + i));
    return hn::Mul(weight, product);
  }
  HWY_INLINE void four_at(Index i, Vec<T> &a, Vec<T> &b, Vec<T> &c, Vec<T> &e) const {
    const Index n = lanes<T>();
    const Whole<T> load;
    a = at(i, load), b = at(i + n, load), c = at(i + 2 * n, load), e = at(i + 3 * n, load);
  }
};

/// The entries x, unchanged.
template <class T> struct CopiedEntries {
  const T *x;
  template <class Load> HWY_INLINE Vec<T> at(Index i, Load load) const { return load(x + i); }
  HWY_INLINE void four_at(Index i, Vec<T> &a, Vec<T> &b, Vec<T> &c, Vec<T> &e) const {
    const Index n = lanes<T>();
    const Whole<T> load;
    a = load(x + i), b = load(x + i + n), c = load(x + i + 2 * n), e = load(x + i + 3 * n);
  }
};

/// The values of a run with any number of terms. V is the number of vectors of each term, or −1 if the terms differ.
template <class T, int V> struct BandSum {
  int terms;
  T weight[max_terms];
  int vectors[max_terms];
  const T *vector[max_terms][max_vectors];

  BandSum(const Band<T> &band, Index j) : terms(band.terms) {
    for (int t = 0; t < terms; ++t) {
      const auto &term = band.term[t];
      weight[t] = term.weight[j], vectors[t] = term.vectors;
      for (int v = 0; v < term.vectors; ++v)
        vector[t][v] = term.vector[v] + term.vector_step[v] * j;
    }
  }
  int count(int t) const { return V < 0 ? vectors[t] : V; }
  template <class Load> HWY_INLINE Vec<T> at(Index i, Load load) const {
    const Tag<T> d;
    auto sum = hn::Zero(d);
    for (int t = 0; t < terms; ++t) {
      auto product = hn::Set(d, weight[t]);
      const int n = count(t);
      if (n == 0) {
        sum = hn::Add(sum, product);
        continue;
      }
      for (int v = 1; v < n; ++v)
        product = hn::Mul(product, load(vector[t][v] + i));
      sum = hn::MulAdd(product, load(vector[t][0] + i), sum);
    }
    return sum;
  }
  HWY_INLINE void four_at(Index i, Vec<T> &a, Vec<T> &b, Vec<T> &c, Vec<T> &e) const {
    const Tag<T> d;
    const Index N = lanes<T>();
    a = b = c = e = hn::Zero(d);
    for (int t = 0; t < terms; ++t) {
      const auto w = hn::Set(d, weight[t]);
      auto p = w, q = w, r = w, s = w;
      const int n = count(t);
      if (n == 0) {
        a = hn::Add(a, w), b = hn::Add(b, w), c = hn::Add(c, w), e = hn::Add(e, w);
        continue;
      }
      for (int v = 1; v < n; ++v) {
        const T *x = vector[t][v] + i;
        p = hn::Mul(p, hn::LoadU(d, x)), q = hn::Mul(q, hn::LoadU(d, x + N));
        r = hn::Mul(r, hn::LoadU(d, x + 2 * N)), s = hn::Mul(s, hn::LoadU(d, x + 3 * N));
      }
      const T *x = vector[t][0] + i;
      a = hn::MulAdd(p, hn::LoadU(d, x), a), b = hn::MulAdd(q, hn::LoadU(d, x + N), b);
      c = hn::MulAdd(r, hn::LoadU(d, x + 2 * N), c), e = hn::MulAdd(s, hn::LoadU(d, x + 3 * N), e);
    }
  }
};

/// Calls work(values of run j) for every run of the band.
template <class T, class Work> HWY_INLINE void for_runs(const Band<T> &band, Work work) {
  const auto with = [&](auto kind) {
    for (Index j = 0; j < band.count; ++j)
      work(j, typename decltype(kind)::type(band, j));
  };
  const auto &term = band.term[0];
  const bool alike = std::all_of(band.term.begin(), band.term.begin() + band.terms,
                                 [&](auto &t) { return t.vectors == term.vectors; });
  if (band.terms == 1 && term.vectors == 0) return with(std::common_type<One<T, 0>>());
  if (band.terms == 1 && term.vectors == 1) return with(std::common_type<One<T, 1>>());
  if (band.terms == 1 && term.vectors == 2) return with(std::common_type<One<T, 2>>());
  if (band.terms == 1 && term.vectors == 3) return with(std::common_type<One<T, 3>>());
  if (alike && term.vectors == 1) return with(std::common_type<BandSum<T, 1>>());
  if (alike && term.vectors == 2) return with(std::common_type<BandSum<T, 2>>());
  return with(std::common_type<BandSum<T, -1>>());
}

/// The number of entries between the last vector boundary and `out`.
template <class T> HWY_INLINE Index beyond(const T *out) {
  return static_cast<Index>(reinterpret_cast<std::uintptr_t>(out) / sizeof(T)) % lanes<T>();
}

template <class T> void begin_of(T *out, Stream<T> &stream) { stream.out = out, stream.strange = beyond(out); }

/// Writes the first n entries of `line`, which end before `out`.
template <class T> HWY_INLINE void write_line(Index n, T *out, Stream<T> &stream) {
  const Tag<T> d;
  if (n == lanes<T>() && stream.strange == 0) return hn::Stream(hn::Load(d, stream.line), d, out - n);
  for (Index i = stream.strange; i < n; ++i)
    out[i - n] = stream.line[i];
  stream.strange = 0;
}

template <class T> void finish_of(Stream<T> &stream) {
  if (const Index n = beyond(stream.out)) write_line(n, stream.out, stream);
  hwy::FlushStream();
}

template <class T, class Values> HWY_INLINE void put_run(const Values &values, Index n, Stream<T> &stream) {
  const Tag<T> d;
  const Index N = lanes<T>();
  T *out = stream.out;
  Index i = 0;
  if (const Index waiting = beyond(out)) {
    i = std::min(N - waiting, n);
    hn::StoreU(values.at(0, First<T>{i}), d, stream.line + waiting);
    out += i;
    if (waiting + i == N) write_line(N, out, stream);
  }
  for (; i + 4 * N <= n; i += 4 * N, out += 4 * N) {
    Vec<T> a, b, c, e;
    values.four_at(i, a, b, c, e);
    hn::Stream(a, d, out), hn::Stream(b, d, out + N), hn::Stream(c, d, out + 2 * N), hn::Stream(e, d, out + 3 * N);
  }
  for (; i + N <= n; i += N, out += N)
    hn::Stream(values.at(i, Whole<T>()), d, out);
  if (i < n) hn::Store(values.at(i, First<T>{n - i}), d, stream.line), out += n - i;
  stream.out = out;
}

template <class T> void put_band(const Band<T> &band, Stream<T> &stream) {
  for_runs(band, [&](Index, const auto &values) { put_run(values, band.length, stream); });
}

template <class T> void put_copy(const T *x, Index n, Stream<T> &stream) {
  if (x) return put_run(CopiedEntries<T>{x}, n, stream);
  const T zero = 0;
  Band<T> band{.length = n, .count = 1, .step = n, .terms = 1, .term = {}};
  band.term[0] = {&zero, 0, {}, {}};
  put_run(One<T, 0>(band, 0), n, stream);
}

/// *to = x, or *to += x if `adds`.
template <bool adds, class T> HWY_INLINE void write(Vec<T> x, T *to) {
  const Tag<T> d;
  if constexpr (adds) x = hn::Add(hn::LoadU(d, to), x);
  hn::StoreU(x, d, to);
}

template <bool adds, class T> void write_band(const Band<T> &band, T *y) {
  const Index N = lanes<T>(), n = band.length;
  for_runs(band, [&](Index j, const auto &values) {
    T *out = y + band.step * j;
    Index i = 0;
    for (; i + 4 * N <= n; i += 4 * N) {
      Vec<T> a, b, c, e;
      values.four_at(i, a, b, c, e);
      T *const to = out + i;
      write<adds, T>(a, to), write<adds, T>(b, to + N), write<adds, T>(c, to + 2 * N), write<adds, T>(e, to + 3 * N);
    }
    for (; i + N <= n; i += N)
      write<adds, T>(values.at(i, Whole<T>()), out + i);
    if (i < n) {
      const First<T> first{n - i};
      Vec<T> x = values.at(i, first);
      if constexpr (adds) x = hn::Add(first(out + i), x);
      store_first(x, out + i, n - i);
    }
  });
}

void begin_f(float *out, Stream<float> &stream) { begin_of(out, stream); }
void begin_d(double *out, Stream<double> &stream) { begin_of(out, stream); }
void finish_f(Stream<float> &stream) { finish_of(stream); }
void finish_d(Stream<double> &stream) { finish_of(stream); }
void put_f(const Band<float> &band, Stream<float> &stream) { put_band(band, stream); }
void put_d(const Band<double> &band, Stream<double> &stream) { put_band(band, stream); }
void copy_f(const float *x, Index n, Stream<float> &stream) { put_copy(x, n, stream); }
void copy_d(const double *x, Index n, Stream<double> &stream) { put_copy(x, n, stream); }
void store_f(const Band<float> &band, float *y) { write_band<false>(band, y); }
void store_d(const Band<double> &band, double *y) { write_band<false>(band, y); }
void add_f(const Band<float> &band, float *y) { write_band<true>(band, y); }
void add_d(const Band<double> &band, double *y) { write_band<true>(band, y); }

} // namespace kronvec::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kronvec::cpu {

HWY_EXPORT(begin_f);
HWY_EXPORT(begin_d);
HWY_EXPORT(finish_f);
HWY_EXPORT(finish_d);
HWY_EXPORT(put_f);
HWY_EXPORT(put_d);
HWY_EXPORT(copy_f);
HWY_EXPORT(copy_d);
HWY_EXPORT(store_f);
HWY_EXPORT(store_d);
HWY_EXPORT(add_f);
HWY_EXPORT(add_d);

void begin(float *out, Stream<float> &stream) { HWY_DYNAMIC_DISPATCH(begin_f)(out, stream); }
void begin(double *out, Stream<double> &stream) { HWY_DYNAMIC_DISPATCH(begin_d)(out, stream); }
void finish(Stream<float> &stream) { HWY_DYNAMIC_DISPATCH(finish_f)(stream); }
void finish(Stream<double> &stream) { HWY_DYNAMIC_DISPATCH(finish_d)(stream); }
void put(const Band<float> &band, Stream<float> &stream) { HWY_DYNAMIC_DISPATCH(put_f)(band, stream); }
void put(const Band<double> &band, Stream<double> &stream) { HWY_DYNAMIC_DISPATCH(put_d)(band, stream); }
void put(const float *x, Index n, Stream<float> &stream) { HWY_DYNAMIC_DISPATCH(copy_f)(x, n, stream); }
void put(const double *x, Index n, Stream<double> &stream) { HWY_DYNAMIC_DISPATCH(copy_d)(x, n, stream); }
void store(const Band<float> &band, float *y) { HWY_DYNAMIC_DISPATCH(store_f)(band, y); }
void store(const Band<double> &band, double *y) { HWY_DYNAMIC_DISPATCH(store_d)(band, y); }
void add(const Band<float> &band, float *y) { HWY_DYNAMIC_DISPATCH(add_f)(band, y); }
void add(const Band<double> &band, double *y) { HWY_DYNAMIC_DISPATCH(add_d)(band, y); }

} // namespace kronvec::cpu
#endif

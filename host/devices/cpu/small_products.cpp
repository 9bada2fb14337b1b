/// Products of small matrices with vector instructions.

#include "devices/cpu/small_products.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "devices/cpu/small_products.cpp"
#include <hwy/foreach_target.h>

#include "devices/cpu/vectors-inl.hpp"

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace kronvec::cpu::HWY_NAMESPACE {

/// One product: A is m×k with columns ld_a apart; entry (p, j) of B is b[p·step_p + j·step_j].
template <class T> struct Small {
  T alpha;
  Index m, n, k, ld_a, step_p, step_j, ld_c;
};

/// All columns of C in `rows` consecutive rows, at most one vector's length.
template <bool whole, class T> HWY_INLINE void strip(const Small<T> &p, Index rows, const T *a, const T *b, T *c) {
  const Tag<T> d;
  const auto load = [&](const T *x) HWY_ATTR { return whole ? hn::LoadU(d, x) : load_first(x, rows); };
  const auto store = [&](Vec<T> sum, T *y) HWY_ATTR {
    const Vec<T> v = hn::Mul(hn::Set(d, p.alpha), sum);
    if constexpr (whole)
      hn::StoreU(v, d, y);
    else
      store_first(v, y, rows);
  };
  Index j = 0;
  for (; j + 4 <= p.n; j += 4, b += 4 * p.step_j, c += 4 * p.ld_c) {
    Vec<T> s = hn::Zero(d), t = s, u = s, v = s;
    for (Index i = 0; i < p.k; ++i) {
      const Vec<T> column = load(a + i * p.ld_a);
      const T *row = b + i * p.step_p;
      s = hn::MulAdd(column, hn::Set(d, row[0]), s);
      t = hn::MulAdd(column, hn::Set(d, row[p.step_j]), t);
      u = hn::MulAdd(column, hn::Set(d, row[2 * p.step_j]), u);
      v = hn::MulAdd(column, hn::Set(d, row[3 * p.step_j]), v);
    }
    store(s, c), store(t, c + p.ld_c), store(u, c + 2 * p.ld_c), store(v, c + 3 * p.ld_c);
  }
  for (; j < p.n; ++j, b += p.step_j, c += p.ld_c) {
    Vec<T> s = hn::Zero(d);
    for (Index i = 0; i < p.k; ++i)
      s = hn::MulAdd(load(a + i * p.ld_a), hn::Set(d, b[i * p.step_p]), s);
    store(s, c);
  }
}

template <class T> void multiply_small_of(T alpha, Op op_a, BatchView<const T> a, Op op_b, BatchView<const T> b,
                                          BatchView<T> c, Index first, Index last) {
  const bool turns_a = op_a == Op::transpose, turns_b = op_b == Op::transpose;
  const Index k = turns_a ? a.rows : a.cols, lanes = static_cast<Index>(hn::Lanes(Tag<T>()));
  const Small<T> p{alpha, c.rows, c.cols, k, turns_a ? c.rows : a.ld, turns_b ? b.ld : 1, turns_b ? 1 : b.ld, c.ld};
  alignas(64) T turned[256]; // at most 16×16
  for (Index t = first; t < last; ++t) {
    const T *left = a[t].data();
    if (turns_a) {
      for (Index i = 0; i < p.m; ++i)
        for (Index q = 0; q < k; ++q)
          turned[q * p.m + i] = left[i * a.ld + q];
      left = turned;
    }
    const T *right = b[t].data();
    T *to = c[t].data();
    Index i = 0;
    for (; i + lanes <= p.m; i += lanes)
      strip<true>(p, lanes, left + i, right, to + i);
    if (i < p.m) strip<false>(p, p.m - i, left + i, right, to + i);
  }
}

void multiply_small_f(float alpha, Op op_a, BatchView<const float> a, Op op_b, BatchView<const float> b,
                      BatchView<float> c, Index first, Index last) {
  multiply_small_of(alpha, op_a, a, op_b, b, c, first, last);
}
void multiply_small_d(double alpha, Op op_a, BatchView<const double> a, Op op_b, BatchView<const double> b,
                      BatchView<double> c, Index first, Index last) {
  multiply_small_of(alpha, op_a, a, op_b, b, c, first, last);
}

} // namespace kronvec::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kronvec::cpu {
HWY_EXPORT(multiply_small_f);
HWY_EXPORT(multiply_small_d);

void multiply_small(float alpha, Op op_a, BatchView<const float> a, Op op_b, BatchView<const float> b,
                    BatchView<float> c, Index first, Index last) {
  HWY_DYNAMIC_DISPATCH(multiply_small_f)(alpha, op_a, a, op_b, b, c, first, last);
}
void multiply_small(double alpha, Op op_a, BatchView<const double> a, Op op_b, BatchView<const double> b,
                    BatchView<double> c, Index first, Index last) {
  HWY_DYNAMIC_DISPATCH(multiply_small_d)(alpha, op_a, a, op_b, b, c, first, last);
}

} // namespace kronvec::cpu
#endif

/// Entrywise functions, copies and transposes with vector instructions.

#include "devices/cpu/simd.hpp"

#include "kernels/elementwise.hpp"

#include <algorithm>
#include <cstdint>
#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "devices/cpu/simd.cpp"
#include <hwy/foreach_target.h>

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace kronvec::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// y = vector(x) for full vectors whose lanes all lie in [low, high], y = scalar(x) otherwise. Highway's functions are
/// accurate only in a stated range, and the tails are too short for a vector.
template <class T, class Vector>
void apply(Function f, T exponent, double low, double high, const T *x, T *y, Index n, Vector vector) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  const auto least = hn::Set(d, static_cast<T>(low)), most = hn::Set(d, static_cast<T>(high));
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    if (hn::AllTrue(d, hn::And(hn::Ge(v, least), hn::Le(v, most)))) {
      hn::StoreU(vector(d, v), d, y + i);
    } else {
      for (Index k = i; k < i + lanes; ++k)
        y[k] = kernels::apply(f, exponent, x[k]);
    }
  }
  for (; i < n; ++i)
    y[i] = kernels::apply(f, exponent, x[i]);
}

template <class T> void elementwise_of(Function f, T c, const T *x, T *y, Index n) {
  constexpr bool wide = sizeof(T) == 8;
  constexpr double all = wide ? 1.7976931348623157e308 : 3.4028234663852886e38, normal = wide ? 2.3e-308 : 1.2e-38;
  constexpr double exp_low = wide ? -700 : -85, exp_high = wide ? 700 : 85, angle = wide ? 39000 : 30;
  const auto over = [&](double low, double high, auto vector) { apply(f, c, low, high, x, y, n, vector); };
  switch (f) {
  case Function::abs:
    return over(-all, all, [](auto, auto v) { return hn::Abs(v); });
  case Function::sign:
    return over(-all, all, [](auto d, auto v) {
      const auto one = hn::Set(d, T(1));
      return hn::IfThenElse(hn::Gt(v, hn::Zero(d)), one, hn::IfThenElse(hn::Lt(v, hn::Zero(d)), hn::Neg(one), v));
    });
  case Function::step:
    return over(-all, all, [](auto d, auto v) { return hn::IfThenElseZero(hn::Gt(v, hn::Zero(d)), hn::Set(d, T(1))); });
  case Function::square:
    return over(-all, all, [](auto, auto v) { return hn::Mul(v, v); });
  case Function::sqrt:
    return over(0, all, [](auto, auto v) { return hn::Sqrt(v); });
  case Function::reciprocal:
    return over(-all, all, [](auto d, auto v) { return hn::Div(hn::Set(d, T(1)), v); });
  case Function::relu:
    return over(-all, all, [](auto d, auto v) { return hn::Max(v, hn::Zero(d)); });
  case Function::exp:
    return over(exp_low, exp_high, [](auto d, auto v) { return hn::Exp(d, v); });
  case Function::expm1:
    return over(exp_low, exp_high, [](auto d, auto v) { return hn::Expm1(d, v); });
  case Function::log:
    return over(normal, all, [](auto d, auto v) { return hn::Log(d, v); });
  case Function::log1p:
    return over(0, all, [](auto d, auto v) { return hn::Log1p(d, v); });
  case Function::sin:
    return over(-angle, angle, [](auto d, auto v) { return hn::Sin(d, v); });
  case Function::cos:
    return over(-angle, angle, [](auto d, auto v) { return hn::Cos(d, v); });
  case Function::asin:
    return over(-1, 1, [](auto d, auto v) { return hn::Asin(d, v); });
  case Function::acos:
    return over(-1, 1, [](auto d, auto v) { return hn::Acos(d, v); });
  case Function::atan:
    return over(-all, all, [](auto d, auto v) { return hn::Atan(d, v); });
  case Function::sinh:
    return over(exp_low, exp_high, [](auto d, auto v) { return hn::Sinh(d, v); });
  case Function::cosh:
    return over(exp_low, exp_high, [](auto d, auto v) {
      const auto half = hn::Set(d, T(0.5)), e = hn::Exp(d, hn::Abs(v));
      return hn::MulAdd(half, e, hn::Div(half, e));
    });
  case Function::tanh:
    return over(exp_low / 2, exp_high / 2, [](auto d, auto v) { return hn::Tanh(d, v); });
  case Function::sech:
    return over(exp_low, exp_high, [](auto d, auto v) {
      const auto e = hn::Exp(d, hn::Neg(hn::Abs(v)));
      return hn::Div(hn::Add(e, e), hn::MulAdd(e, e, hn::Set(d, T(1))));
    });
  case Function::sigmoid:
    return over(exp_low, exp_high, [](auto d, auto v) {
      const auto one = hn::Set(d, T(1));
      return hn::Div(one, hn::Add(one, hn::Exp(d, hn::Neg(v))));
    });
  case Function::softplus:
    return over(exp_low, exp_high, [](auto d, auto v) {
      return hn::Add(hn::Max(v, hn::Zero(d)), hn::Log1p(d, hn::Exp(d, hn::Neg(hn::Abs(v)))));
    });
  default:
    for (Index i = 0; i < n; ++i)
      y[i] = kernels::apply(f, c, x[i]);
  }
}

/// c = vector(a, b). A step of 0 repeats the first entry.
template <class T, class Vector>
void combine(const T *a, Index step_a, const T *b, Index step_b, T *c, Index n, Vector vector) {
  const hn::ScalableTag<T> d;
  const hn::CappedTag<T, 1> one;
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  const T first_a = n ? *a : T(0), first_b = n ? *b : T(0); // read now, because c may be a or b
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto u = step_a ? hn::LoadU(d, a + i) : hn::Set(d, first_a);
    const auto v = step_b ? hn::LoadU(d, b + i) : hn::Set(d, first_b);
    hn::StoreU(vector(u, v), d, c + i);
  }
  for (; i < n; ++i)
    hn::StoreU(vector(hn::Set(one, step_a ? a[i] : first_a), hn::Set(one, step_b ? b[i] : first_b)), one, c + i);
}

template <class T> void binary_of(Binary op, const T *a, Index step_a, const T *b, Index step_b, T *c, Index n) {
  switch (op) {
  case Binary::multiply:
    return combine(a, step_a, b, step_b, c, n, [](auto u, auto v) { return hn::Mul(u, v); });
  case Binary::divide:
    return combine(a, step_a, b, step_b, c, n, [](auto u, auto v) { return hn::Div(u, v); });
  case Binary::multiply_or_zero:
    return combine(a, step_a, b, step_b, c, n, [](auto u, auto v) {
      return hn::IfThenZeroElse(hn::Eq(u, hn::Zero(hn::DFromV<decltype(u)>())), hn::Mul(u, v));
    });
  case Binary::divide_or_zero:
    return combine(a, step_a, b, step_b, c, n, [](auto u, auto v) {
      return hn::IfThenZeroElse(hn::Eq(u, hn::Zero(hn::DFromV<decltype(u)>())), hn::Div(u, v));
    });
  case Binary::power:
    break;
  }
  for (Index i = 0; i < n; ++i)
    c[i] = std::pow(a[i * step_a], b[i * step_b]);
}

template <class T> void add_of(T alpha, const T *a, Index step_a, T beta, const T *b, Index step_b, T *c, Index n) {
  combine(a, step_a, b, step_b, c, n, [=](auto u, auto v) {
    const hn::DFromV<decltype(u)> d;
    return hn::MulAdd(hn::Set(d, alpha), u, hn::Mul(hn::Set(d, beta), v));
  });
}

template <class T> void copy_run_of(const T *x, T *y, Index n, bool streams) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  Index i = 0;
  if (streams) {
    const Index beyond = static_cast<Index>(reinterpret_cast<std::uintptr_t>(y) / sizeof(T)) % lanes;
    const Index head = std::min(beyond ? lanes - beyond : 0, n);
    for (; i < head; ++i)
      y[i] = x[i];
    for (; i + lanes <= n; i += lanes)
      hn::Stream(hn::LoadU(d, x + i), d, y + i);
  }
  std::copy(x + i, x + n, y + i);
}

/// Rows row, row + 1, … of columns col, col + 1, … of Y = Xᵀ, entry by entry.
template <class T>
void turn_entries(const T *x, Index ld_x, Index row, Index rows, Index col, Index cols, T *y, Index ld_y) {
  for (Index r = row; r < row + rows; ++r)
    for (Index c = col; c < col + cols; ++c)
      y[c * ld_y + r] = x[r * ld_x + c];
}

#if HWY_TARGET == HWY_SCALAR
template <class T> void turn_of(const T *x, Index ld_x, Index m, Index n, T *y, Index ld_y) {
  turn_entries(x, ld_x, 0, m, 0, n, y, ld_y);
}
#else
void turn_block(const double *x, Index ld_x, double *y, Index ld_y) {
  const hn::FixedTag<double, 2> d;
  const auto a = hn::LoadU(d, x), b = hn::LoadU(d, x + ld_x);
  hn::StoreU(hn::InterleaveLower(d, a, b), d, y);
  hn::StoreU(hn::InterleaveUpper(d, a, b), d, y + ld_y);
}

void turn_block(const float *x, Index ld_x, float *y, Index ld_y) {
  const hn::FixedTag<float, 4> d;
  const auto a = hn::LoadU(d, x), b = hn::LoadU(d, x + ld_x);
  const auto e = hn::LoadU(d, x + 2 * ld_x), f = hn::LoadU(d, x + 3 * ld_x);
  const auto ae = hn::InterleaveLower(d, a, e), bf = hn::InterleaveLower(d, b, f);
  const auto ae_upper = hn::InterleaveUpper(d, a, e), bf_upper = hn::InterleaveUpper(d, b, f);
  hn::StoreU(hn::InterleaveLower(d, ae, bf), d, y);
  hn::StoreU(hn::InterleaveUpper(d, ae, bf), d, y + ld_y);
  hn::StoreU(hn::InterleaveLower(d, ae_upper, bf_upper), d, y + 2 * ld_y);
  hn::StoreU(hn::InterleaveUpper(d, ae_upper, bf_upper), d, y + 3 * ld_y);
}

/// Transposes V×V blocks in V registers.
template <class T> void turn_of(const T *x, Index ld_x, Index m, Index n, T *y, Index ld_y) {
  constexpr Index V = 16 / sizeof(T);
  const Index whole_m = m / V * V, whole_n = n / V * V;
  constexpr Index line = 64 / sizeof(T), rows_ahead = 8;
  for (Index r = 0; r < whole_m; r += V) {
    for (Index k = r; k < r + V; ++k) // columns of X are far apart, so the hardware does not prefetch them
      for (Index c = 0; c + line <= n; c += line)
        hwy::Prefetch(x + (k + rows_ahead) * ld_x + c);
    for (Index c = 0; c < whole_n; c += V)
      turn_block(x + r * ld_x + c, ld_x, y + c * ld_y + r, ld_y);
  }
  turn_entries(x, ld_x, 0, m, whole_n, n - whole_n, y, ld_y);
  turn_entries(x, ld_x, whole_m, m - whole_m, 0, whole_n, y, ld_y);
}
#endif

void turn_f(const float *x, Index ld_x, Index m, Index n, float *y, Index ld_y) { turn_of(x, ld_x, m, n, y, ld_y); }
void turn_d(const double *x, Index ld_x, Index m, Index n, double *y, Index ld_y) { turn_of(x, ld_x, m, n, y, ld_y); }
void copy_run_f(const float *x, float *y, Index n, bool streams) { copy_run_of(x, y, n, streams); }
void copy_run_d(const double *x, double *y, Index n, bool streams) { copy_run_of(x, y, n, streams); }
void elementwise_f(Function f, float c, const float *x, float *y, Index n) { elementwise_of(f, c, x, y, n); }
void elementwise_d(Function f, double c, const double *x, double *y, Index n) { elementwise_of(f, c, x, y, n); }
void binary_f(Binary op, const float *a, Index sa, const float *b, Index sb, float *c, Index n) {
  binary_of(op, a, sa, b, sb, c, n);
}
void binary_d(Binary op, const double *a, Index sa, const double *b, Index sb, double *c, Index n) {
  binary_of(op, a, sa, b, sb, c, n);
}
void add_f(float alpha, const float *a, Index sa, float beta, const float *b, Index sb, float *c, Index n) {
  add_of(alpha, a, sa, beta, b, sb, c, n);
}
void add_d(double alpha, const double *a, Index sa, double beta, const double *b, Index sb, double *c, Index n) {
  add_of(alpha, a, sa, beta, b, sb, c, n);
}

} // namespace kronvec::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kronvec::cpu {

HWY_EXPORT(elementwise_f);
HWY_EXPORT(elementwise_d);
HWY_EXPORT(binary_f);
HWY_EXPORT(binary_d);
HWY_EXPORT(add_f);
HWY_EXPORT(add_d);
HWY_EXPORT(copy_run_f);
HWY_EXPORT(copy_run_d);
HWY_EXPORT(turn_f);
HWY_EXPORT(turn_d);

void elementwise(Function f, float c, const float *x, float *y, Index n) {
  HWY_DYNAMIC_DISPATCH(elementwise_f)(f, c, x, y, n);
}
void elementwise(Function f, double c, const double *x, double *y, Index n) {
  HWY_DYNAMIC_DISPATCH(elementwise_d)(f, c, x, y, n);
}
void binary(Binary op, const float *a, Index step_a, const float *b, Index step_b, float *c, Index n) {
  HWY_DYNAMIC_DISPATCH(binary_f)(op, a, step_a, b, step_b, c, n);
}
void binary(Binary op, const double *a, Index step_a, const double *b, Index step_b, double *c, Index n) {
  HWY_DYNAMIC_DISPATCH(binary_d)(op, a, step_a, b, step_b, c, n);
}
void add(float alpha, const float *a, Index step_a, float beta, const float *b, Index step_b, float *c, Index n) {
  HWY_DYNAMIC_DISPATCH(add_f)(alpha, a, step_a, beta, b, step_b, c, n);
}
void add(double alpha, const double *a, Index step_a, double beta, const double *b, Index step_b, double *c, Index n) {
  HWY_DYNAMIC_DISPATCH(add_d)(alpha, a, step_a, beta, b, step_b, c, n);
}

void copy_run(const float *x, float *y, Index n, bool streams) { HWY_DYNAMIC_DISPATCH(copy_run_f)(x, y, n, streams); }
void copy_run(const double *x, double *y, Index n, bool streams) { HWY_DYNAMIC_DISPATCH(copy_run_d)(x, y, n, streams); }
void turn(const float *x, Index ld_x, Index m, Index n, float *y, Index ld_y) {
  HWY_DYNAMIC_DISPATCH(turn_f)(x, ld_x, m, n, y, ld_y);
}
void turn(const double *x, Index ld_x, Index m, Index n, double *y, Index ld_y) {
  HWY_DYNAMIC_DISPATCH(turn_d)(x, ld_x, m, n, y, ld_y);
}
void flush_streams() { hwy::FlushStream(); }

std::string simd_target() {
  const auto usable = hwy::SupportedTargets() & HWY_TARGETS;
  const auto best = usable & -usable; // the lowest bit is the widest target
  return hwy::TargetName(best);
}

} // namespace kronvec::cpu
#endif

#pragma once
/// Loops over packed entries with the widest vectors of the processor (Google Highway), serially.

#include "devices/primitives.hpp"

#include <string>

namespace kronvec::cpu {

/// y[i] = f(x[i]); y may be x.
void elementwise(Function f, float exponent, const float *x, float *y, Index n);
void elementwise(Function f, double exponent, const double *x, double *y, Index n);

/// c[i] = op(a[i · step_a], b[i · step_b]); a step of 0 repeats a scalar. c may be a or b.
void binary(Binary op, const float *a, Index step_a, const float *b, Index step_b, float *c, Index n);
void binary(Binary op, const double *a, Index step_a, const double *b, Index step_b, double *c, Index n);

/// c[i] = α·a[i · step_a] + β·b[i · step_b]. c may be a or b.
void add(float alpha, const float *a, Index step_a, float beta, const float *b, Index step_b, float *c, Index n);
void add(double alpha, const double *a, Index step_a, double beta, const double *b, Index step_b, double *c, Index n);

/// y[i] = x[i]. `streams`: y is not read again soon, so it is written past the caches, except for its unaligned ends.
void copy_run(const float *x, float *y, Index n, bool streams);
void copy_run(const double *x, double *y, Index n, bool streams);

/// The m×n tile Y = Xᵀ, for tiles that fit in the first-level cache.
void turn(const float *x, Index ld_x, Index m, Index n, float *y, Index ld_y);
void turn(const double *x, Index ld_x, Index m, Index n, double *y, Index ld_y);

/// Call this after streaming stores, before another thread may read the data.
void flush_streams();

/// The instruction set that the functions above use on this machine.
std::string simd_target();

} // namespace kronvec::cpu

/// The device that a user without a GPU runs: BLAS for products, Highway for entries, OpenMP over columns and batches.

#include "devices/backend.hpp"
#include "devices/cpu/blas.hpp"
#include "devices/cpu/simd.hpp"
#include "kernels/entries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <optional>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace kronvec {
namespace {

using kernels::is_run;

/// Entries from which a loop is worth a second thread.
constexpr Index worth_threads = 1 << 16;

/// The first exception of several threads, which must not leave them by itself.
class FirstError {
public:
  void guard(const auto &work) noexcept {
    try {
      work();
    } catch (...) {
      if (!taken_.test_and_set()) error_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

private:
  std::atomic_flag taken_;
  std::exception_ptr error_;
};

/// work(i) for 0 ≤ i < n, on several threads if there is enough to do. Throws what one of them threw.
template <class Work> void parallel(Index n, Index entries, Work work) {
  FirstError error;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (entries >= worth_threads && n > 1)
#endif
  for (Index i = 0; i < n; ++i)
    error.guard([&] { work(i); });
  (void)entries;
  error.rethrow();
}

int threads() {
#ifdef _OPENMP
  return omp_get_max_threads();
#else
  return 1;
#endif
}

/// work(b, j) for every column j of every item b.
template <class T, class Work> void over_columns(const BatchView<T> &y, Work work) {
  const Index entries = y.rows * y.cols * y.count;
  parallel(y.count * y.cols, entries, [&](Index c) { work(c / y.cols, c % y.cols); });
}

/// A transpose goes by tiles of Y of this size; a result larger than the caches is written past them.
constexpr Index tile_rows = 64, tile_cols = 32, worth_streaming = 4 << 20;

/// Runs of at most this many entries are handed to one thread.
constexpr Index piece = 1 << 14;

template <class Work> void over_run(Index entries, Work work) {
  parallel((entries + piece - 1) / piece, entries,
           [&](Index p) { work(p * piece, std::min(piece, entries - p * piece)); });
}

/// The step through an operand when the result is one run: 0 for one scalar, 1 for a run of as many entries.
template <class T> std::optional<Index> run_step(const BatchView<const T> &m, Index entries) {
  if (m.is_scalar() && m.count == 1) return 0;
  if (is_run(m) && m.rows * m.cols * m.count == entries) return 1;
  return std::nullopt;
}

/// Where column j of item b of an operand starts, and the step to its next entry: 0 for a scalar that broadcasts.
template <class T> std::pair<const T *, Index> column(const BatchView<const T> &m, Index b, Index j) {
  if (m.is_scalar()) return {m[b].data(), 0};
  return {m[b].data() + j * m.ld, 1};
}

template <class T> class CpuPrimitives final : public Primitives<T> {
  using typename Primitives<T>::In;
  using typename Primitives<T>::Out;

  /// work(a, step_a, b, step_b, c, n) over all entries of c.
  template <class Work> static void entrywise(In a, In b, Out c, Work work) {
    const Index entries = c.rows * c.cols * c.count;
    const auto step_a = run_step(a, entries), step_b = run_step(b, entries);
    if (is_run(c) && step_a && step_b)
      return over_run(entries, [&](Index i, Index n) {
        work(a.data + i * *step_a, *step_a, b.data + i * *step_b, *step_b, c.data + i, n);
      });
    over_columns(c, [&](Index t, Index j) {
      const auto [u, step_u] = column(a, t, j);
      const auto [v, step_v] = column(b, t, j);
      work(u, step_u, v, step_v, c[t].data() + j * c.ld, c.rows);
    });
  }

  /// Columns j … j + n − 1 of Y = Xᵀ, tile by tile: turned in the first-level cache, then written as whole runs.
  static void transpose_strip(MatrixView<const T> x, MatrixView<T> y, Index j, Index n, bool streams) {
    alignas(64) T turned[tile_rows * tile_cols];
    for (Index i = 0; i < y.rows(); i += tile_rows) {
      const Index m = std::min(tile_rows, y.rows() - i);
      for (Index r = 0; r < m; ++r)
        for (Index c = 0; c < n; ++c)
          turned[c * tile_rows + r] = x(j + c, i + r);
      for (Index c = 0; c < n; ++c)
        cpu::copy_run(turned + c * tile_rows, &y(i, j + c), m, streams);
    }
    if (streams) cpu::flush_streams();
  }

public:
  void fill(T value, Out y) const override {
    over_columns(y, [&](Index b, Index j) { std::fill_n(y[b].data() + j * y.ld, y.rows, value); });
  }
  void unit_columns(Index first, MatrixView<T> y) const override {
    fill(0, y);
    for (Index t = 0; t < y.cols(); ++t)
      if (first + t < y.rows()) y(first + t, t) = 1;
  }
  void copy(In x, Out y) const override {
    over_columns(y, [&](Index b, Index j) {
      if (y.rows)
        std::memcpy(y[b].data() + j * y.ld, x[b].data() + j * x.ld, static_cast<std::size_t>(y.rows) * sizeof(T));
    });
  }
  void transpose(In x, Out y) const override {
    const Index across = (y.cols + tile_cols - 1) / tile_cols;
    const bool streams = y.rows * y.cols * y.count * static_cast<Index>(sizeof(T)) >= worth_streaming;
    parallel(y.count * across, y.rows * y.cols * y.count, [&](Index task) {
      const Index j = task % across * tile_cols;
      transpose_strip(x[task / across], y[task / across], j, std::min(tile_cols, y.cols - j), streams);
    });
  }
  void multiply(T alpha, Op op_a, In a, Op op_b, In b, Out c) const override {
    const bool one_product =
        (a.count == 1 || a.stride == 0) && op_b == Op::none && b.count == c.count && is_run(b) && is_run(c);
    if (one_product && c.count > 0) {
      const MatrixView<const T> columns(b.data, b.rows, b.cols * b.count);
      return cpu::multiply(alpha, op_a, a[0], op_b, columns, MatrixView<T>(c.data, c.rows, c.cols * c.count));
    }
    const Index inner = op_a == Op::none ? a.cols : a.rows;
    const bool a_thread_each = c.count >= threads(); // fewer products share the threads inside of BLAS
    parallel(c.count, a_thread_each ? c.count * c.rows * c.cols * inner : 0,
             [&](Index t) { cpu::multiply(alpha, op_a, a[t], op_b, b[t], c[t]); });
  }
  void add(T alpha, In a, T beta, In b, Out c) const override {
    entrywise(a, b, c, [=](const T *u, Index step_u, const T *v, Index step_v, T *w, Index n) {
      cpu::add(alpha, u, step_u, beta, v, step_v, w, n);
    });
  }
  void binary(Binary op, In a, In b, Out c) const override {
    entrywise(a, b, c, [=](const T *u, Index step_u, const T *v, Index step_v, T *w, Index n) {
      cpu::binary(op, u, step_u, v, step_v, w, n);
    });
  }
  void elementwise(Function f, T exponent, In x, Out y) const override {
    if (is_run(x) && is_run(y) && x.count == y.count)
      return over_run(y.rows * y.cols * y.count,
                      [&](Index i, Index n) { cpu::elementwise(f, exponent, x.data + i, y.data + i, n); });
    over_columns(y, [&](Index b, Index j) {
      cpu::elementwise(f, exponent, x[b].data() + j * x.ld, y[b].data() + j * y.ld, y.rows);
    });
  }
  void inner(In a, In b, Out y) const override {
    parallel(y.count, a.rows * a.cols * y.count, [&](Index t) {
      const MatrixView<const T> u = a[t], v = b[t];
      T total = 0;
      for (Index j = 0; j < u.cols(); ++j) {
        T column_total = 0;
        for (Index i = 0; i < u.rows(); ++i)
          column_total += u(i, j) * v(i, j);
        total += column_total;
      }
      y[t](0, 0) = total;
    });
  }
  void inverse(In x, Out y) const override {
    copy(x, y);
    for (Index t = 0; t < y.count; ++t)
      cpu::invert(y[t]);
  }
};

class CpuBackend final : public Backend {
public:
  std::string name() const override { return "cpu"; }
  std::string description() const override {
    return fmt::format("{}, {}, {} thread{}", cpu::simd_target(), cpu::blas_version(), threads(),
                       threads() == 1 ? "" : "s");
  }
  const Primitives<float> &primitives(float) const override { return floats_; }
  const Primitives<double> &primitives(double) const override { return doubles_; }

private:
  CpuPrimitives<float> floats_;
  CpuPrimitives<double> doubles_;
};

} // namespace

Backend &cpu_backend() {
  static CpuBackend backend;
  return backend;
}

} // namespace kronvec

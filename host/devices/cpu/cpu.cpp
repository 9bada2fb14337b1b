/// The device that a user without a GPU runs: BLAS for products, Highway for entries, OpenMP over columns and batches.

#include "devices/backend.hpp"
#include "devices/cpu/blas.hpp"
#include "devices/cpu/chain.hpp"
#include "devices/cpu/emission/emitter.hpp"
#include "devices/cpu/lapack.hpp"
#include "devices/cpu/parallel.hpp"
#include "devices/cpu/simd.hpp"
#include "devices/expm.hpp"
#include "devices/factors.hpp"
#include "kernels/entries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace kronvec {
namespace {

using kernels::is_run;
using namespace cpu;

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
constexpr Index tile_bytes_down = 512, tile_bytes_across = 256, worth_streaming = 4 << 20;

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

template <class T> class CpuPrimitives final : public Primitives<T> {
  static constexpr Index tile_rows = tile_bytes_down / sizeof(T), tile_cols = tile_bytes_across / sizeof(T);
  using typename Primitives<T>::In;
  using typename Primitives<T>::Out;

  /// The m×n tile of Xᵀ at (i, j), in columns tile_rows apart.
  static void turn(MatrixView<const T> x, Index m, Index n, Index i, Index j, T *turned) {
    cpu::turn(&x(j, i), x.ld(), m, n, turned, tile_rows);
  }

  /// Columns j … j + n − 1 of Y = Xᵀ, tile by tile.
  static void transpose_strip(MatrixView<const T> x, MatrixView<T> y, Index j, Index n, bool streams) {
    alignas(64) T turned[tile_rows * tile_cols];
    for (Index i = 0; i < y.rows(); i += tile_rows) {
      const Index m = std::min(tile_rows, y.rows() - i);
      turn(x, m, n, i, j, turned);
      for (Index c = 0; c < n; ++c)
        cpu::copy_run(turned + c * tile_rows, &y(i, j + c), m, streams);
    }
    if (streams) cpu::flush_streams();
  }

  /// Columns j … j + n − 1 of the upper triangle of Y against the mirror image of each of its tiles.
  static void swap_strip(MatrixView<T> y, Index j, Index n) {
    alignas(64) T above[tile_rows * tile_cols], below[tile_cols * tile_rows];
    for (Index i = 0; i < j + n; i += tile_cols) {
      const Index m = std::min(tile_cols, y.rows() - i);
      turn(y, m, n, i, j, above); // what Y(i…, j…) will hold
      if (i == j) {
        for (Index c = 0; c < n; ++c)
          cpu::copy_run(above + c * tile_rows, &y(i, j + c), m, false);
        continue;
      }
      turn(y, n, m, j, i, below);
      for (Index c = 0; c < n; ++c)
        cpu::copy_run(above + c * tile_rows, &y(i, j + c), m, false);
      for (Index r = 0; r < m; ++r)
        cpu::copy_run(below + r * tile_rows, &y(j, i + r), n, false);
    }
  }

  /// Entries of vech above its column j.
  static Index above(Index j, Index n) { return j * n - j * (j - 1) / 2; }

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
    const Index across = (y.cols + tile_cols - 1) / tile_cols, entries = y.rows * y.cols * y.count;
    if (x.data == y.data)
      return parallel(y.count * across, entries, [&](Index task) {
        const Index j = task % across * tile_cols;
        swap_strip(y[task / across], j, std::min(tile_cols, y.cols - j));
      });
    const bool streams = entries * static_cast<Index>(sizeof(T)) >= worth_streaming;
    parallel(y.count * across, entries, [&](Index task) {
      const Index j = task % across * tile_cols;
      transpose_strip(x[task / across], y[task / across], j, std::min(tile_cols, y.cols - j), streams);
    });
  }
  void commute_columns(Index m, Index n, In x, Out y) const override {
    if (y.rows == 1 && x.ld == 1 && y.ld == 1) // rows that are the vecs of n×m matrices
      return transpose({x.data, n, m, n, x.count, x.stride}, {y.data, m, n, m, y.count, y.stride});
    over_columns(y, [&](Index b, Index c) {
      std::copy_n(x[b].data() + (c / m + c % m * n) * x.ld, y.rows, y[b].data() + c * y.ld);
    });
  }
  void vech(In x, Out y) const override {
    parallel(y.count * x.cols, x.rows * x.cols * y.count, [&](Index task) {
      const Index b = task / x.cols, j = task % x.cols;
      std::copy_n(x[b].data() + j * x.ld + j, x.rows - j, y[b].data() + above(j, x.rows));
    });
  }
  void unvech(In x, Out y) const override {
    over_columns(y, [&](Index b, Index j) {
      T *column = y[b].data() + j * y.ld;
      std::fill_n(column, j, T(0));
      std::copy_n(x[b].data() + above(j, y.rows), y.rows - j, column + j);
    });
  }
  void column_max(In x, Out y) const override {
    parallel(y.count * y.cols, x.rows * y.cols * y.count, [&](Index task) {
      const MatrixView<const T> m = x[task / y.cols];
      const Index j = task % y.cols;
      T largest = -std::numeric_limits<T>::infinity();
      for (Index i = 0; i < m.rows() && !std::isnan(largest); ++i)
        if (!(m(i, j) <= largest)) largest = m(i, j);
      y[task / y.cols](0, j) = largest;
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
  void chain(const Chain<T> &chain, std::span<const In> inputs, std::span<const Out> results) const override {
    const Out &y = results[0];
    const Index entries = y.rows * y.cols * y.count;
    Inputs<T> runs{};
    bool all_run = std::all_of(results.begin(), results.end(), [](const Out &r) { return is_run(r); });
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto step = run_step(inputs[i], entries);
      all_run = all_run && step;
      runs[i] = {inputs[i].data, step.value_or(0)};
    }
    const auto result_at = [&](const auto &place) {
      Results<T> at{};
      std::transform(results.begin(), results.end(), at.begin(), place);
      return at;
    };
    if (all_run)
      return over_run(entries, [&](Index first, Index n) {
        Inputs<T> from = runs;
        for (Strand<T> &strand : from)
          strand.data += first * strand.step;
        run(chain, from, result_at([&](const Out &r) { return r.data + first; }), n);
      });
    over_columns(y, [&](Index b, Index j) {
      Inputs<T> from{};
      std::transform(inputs.begin(), inputs.end(), from.begin(), [&](const In &x) { return strand(x, b, j); });
      run(chain, from, result_at([&](const Out &r) { return r[b].data() + j * r.ld; }), y.rows);
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
  T one_norm(In x) const override {
    T norm = 0;
    for (Index t = 0; t < x.count * x.cols && !std::isnan(norm); ++t) {
      const MatrixView<const T> m = x[t / x.cols];
      T total = 0;
      for (Index i = 0; i < m.rows(); ++i)
        total += std::abs(m(i, t % x.cols));
      if (!(total <= norm)) norm = total;
    }
    return norm;
  }
  void lu(In x, bool regular, Out f) const override {
    for (Index t = 0; t < f.count; ++t)
      cpu::lu(x[t], regular, f[t]);
  }
  void lu_solve(Op op, In f, In b, Out y) const override {
    copy(b, y);
    parallel(y.count, y.count * y.rows * y.rows * y.cols, [&](Index t) { cpu::lu_solve(op, f[t], y[t]); });
  }
  void determinant(bool logarithm, In f, Out y) const override {
    for (Index t = 0; t < y.count; ++t) {
      const MatrixView<const T> item = f[t];
      const int *exchanges = pivots<int>(item);
      T det = logarithm ? T(0) : T(1);
      for (Index k = 0; k < item.rows(); ++k) {
        const T u = item(k, k);
        det = logarithm ? det + std::log(std::abs(u)) : exchanges[k] == k + 1 ? det * u : -det * u;
      }
      y[t](0, 0) = det;
    }
  }
  void adjugate(In x, Out y) const override {
    for (Index t = 0; t < y.count; ++t)
      cpu::adjugate(x[t], y[t]);
  }
  void cholesky(In x, Out y) const override {
    copy(x, y);
    for (Index t = 0; t < y.count; ++t)
      cpu::cholesky(y[t]);
  }
  void expm(In x, Out y) const override { expm_by_pade(cpu_backend(), *this, x, y); }
  void inverse(In x, Out y) const override {
    copy(x, y);
    for (Index t = 0; t < y.count; ++t)
      cpu::invert(y[t]);
  }
  std::unique_ptr<Emitter<T>> emitter(Emission emission) const override { return cpu::emitter<T>(std::move(emission)); }
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
  static auto &backend = *new CpuBackend; // never destroyed: static objects that end after it may own matrices
  return backend;
}

} // namespace kronvec

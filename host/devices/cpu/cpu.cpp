/// The CPU device: BLAS for products, Highway for entrywise work, OpenMP over columns and batches.

#include "devices/backend.hpp"
#include "devices/cpu/algebra.hpp"
#include "devices/cpu/blas.hpp"
#include "devices/cpu/chain.hpp"
#include "devices/cpu/emission/emitter.hpp"
#include "devices/cpu/lapack.hpp"
#include "devices/cpu/parallel.hpp"
#include "devices/cpu/simd.hpp"
#include "devices/expm.hpp"
#include "devices/factors.hpp"
#include "kernels/entries.hpp"
#include "kernels/scaled.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

namespace kronvec::inline KRONVEC_ABI {
namespace {

using kernels::is_run;
using namespace cpu;

/// Max number of entries of a run that one thread takes at a time.
constexpr Index piece = 1 << 14;

template <class Work> void over_run(Index entries, Work work) {
  parallel((entries + piece - 1) / piece, entries,
           [&](Index p) { work(p * piece, std::min(piece, entries - p * piece)); });
}

/// The step through an operand if the result is one run: 0 for a scalar, 1 for a run of equal length, otherwise
/// nothing.
template <class T> std::optional<Index> run_step(const BatchView<const T> &m, Index entries) {
  if (m.is_scalar() && m.count == 1) return 0;
  if (is_run(m) && m.rows * m.cols * m.count == entries) return 1;
  return std::nullopt;
}

template <class T> class CpuPrimitives final : public CpuAlgebra<T, Primitives<T>> {
public:
  using In = BatchView<const T>;
  using Out = BatchView<T>;

  void column_shift(In x, Out y) const override {
    parallel(y.count * y.cols, x.rows * y.cols * y.count, [&](Index task) {
      const MatrixView<const T> m = x[task / y.cols];
      const Index j = task % y.cols;
      T largest = -std::numeric_limits<T>::infinity();
      for (Index i = 0; i < m.rows() && !std::isnan(largest); ++i)
        if (!(m(i, j) <= largest)) largest = m(i, j);
      y[task / y.cols](0, j) = std::isinf(largest) ? T(0) : largest;
    });
  }
  void norm2(In x, Out y) const override {
    this->inner(x, x, y);
    for (Index t = 0; t < y.count; ++t) {
      T &norm = y[t](0, 0);
      norm = is_safe(norm) ? std::sqrt(norm) : scaled_norm(x[t]);
    }
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
  std::vector<T> one_norms(In x) const override {
    std::vector<T> norms(static_cast<std::size_t>(x.count));
    for (Index t = 0; t < x.count * x.cols; ++t) {
      T &norm = norms[static_cast<std::size_t>(t / x.cols)];
      const MatrixView<const T> m = x[t / x.cols];
      T total = 0;
      for (Index i = 0; i < m.rows(); ++i)
        total += std::abs(m(i, t % x.cols));
      if (!(total <= norm) && !std::isnan(norm)) norm = total;
    }
    return norms;
  }
  void lu(In x, bool regular, Out f) const override {
    each(f.count, cubed(x), [&](Index t) { cpu::lu(x[t], regular, f[t]); });
  }
  void lu_solve(Op op, In f, In b, Out y) const override {
    this->copy(b, y);
    each(y.count, y.rows * y.rows * y.cols, [&](Index t) { cpu::lu_solve(op, f[t], y[t]); });
  }
  void determinant(Determinant form, In f, Out y) const override {
    for (Index t = 0; t < y.count; ++t) {
      const MatrixView<const T> item = f[t];
      const int *exchanges = pivots<int>(item);
      kernels::ScaledProduct<T> product;
      T logarithm = 0;
      for (Index k = 0; k < item.rows(); ++k) {
        product.multiply(exchanges[k] == k + 1 ? item(k, k) : -item(k, k));
        if (form == Determinant::log_absolute) logarithm += std::log(std::abs(item(k, k)));
      }
      y[t](0, 0) = form == Determinant::log_absolute ? logarithm
                   : form == Determinant::sign       ? product.sign()
                                                     : product.value();
    }
  }
  void adjugate(In x, Out y) const override {
    each(y.count, cubed(x), [&](Index t) { cpu::adjugate(x[t], y[t]); });
  }
  void adjugate_factors(In x, Out f) const override {
    each(f.count, cubed(x), [&](Index t) { cpu::adjugate_factors(x[t], f[t]); });
  }
  void cholesky(In x, Out y) const override {
    this->copy(x, y);
    each(y.count, cubed(x), [&](Index t) { cpu::cholesky(y[t]); });
  }
  void expm(In x, Out y) const override { expm_by_pade(cpu_backend(), *this, x, y); }
  void inverse(In x, Out y) const override {
    this->copy(x, y);
    each(y.count, cubed(x), [&](Index t) { cpu::invert(y[t]); });
  }
  std::unique_ptr<Emitter<T>> emitter(Emission emission) const override { return cpu::emitter<T>(std::move(emission)); }

private:
  /// Whether no square that counts can have overflowed or underflowed in this sum of squares.
  static bool is_safe(T squares) {
    constexpr T least = sizeof(T) == 8 ? T(0x1p-900) : T(0x1p-60);
    return squares > least && squares <= std::numeric_limits<T>::max();
  }
  static T scaled_norm(MatrixView<const T> x) {
    kernels::SquareSum<T> squares;
    for (Index j = 0; j < x.cols(); ++j)
      for (Index i = 0; i < x.rows(); ++i)
        squares.add(x(i, j));
    return squares.root();
  }
  static Index cubed(const In &x) { return x.rows * x.rows * x.rows; }
  /// Calls work(t) for every item; each takes `operations` operations. If there are fewer items than threads, LAPACK
  /// uses the threads within each.
  template <class Work> static void each(Index count, Index operations, Work work) {
    parallel(count, count >= threads() ? count * operations : 0, work);
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
  const Algebra<std::complex<float>> &primitives(std::complex<float>) const override { return complex_floats_; }
  const Algebra<std::complex<double>> &primitives(std::complex<double>) const override { return complex_doubles_; }

  Index parts_at_once(Index n) const override {
    return n >= 2 * threads() && !in_parallel() ? threads() : Backend::parts_at_once(n);
  }
  void for_parts(Index n, const std::function<void(Index)> &work) const override {
    if (parts_at_once(n) <= 1) return Backend::for_parts(n, work);
    parallel(n, worth_threads, [&](Index i) { work(i); });
  }

private:
  ComplexAlgebra<float> complex_floats_;
  ComplexAlgebra<double> complex_doubles_;
  CpuPrimitives<float> floats_;
  CpuPrimitives<double> doubles_;
};

} // namespace

Backend &cpu_backend() {
  static auto &backend = *new CpuBackend; // never destroyed: static objects destroyed later may own matrices
  return backend;
}

} // namespace kronvec

/// Ratios to floors that are measured in the same run:
///  - jvp_over_products: a JVP of A·X·B, relative to its two products by BLAS (1 is the floor);
///  - dense_over_store: a dense Jacobian, relative to writing its bytes once;
///  - start_minus_bare: milliseconds from process start to the answer on a 4×4 problem, minus those of `true`.

#include "timing.hpp"

#include "kronvec/kronvec.hpp"

#include <benchmark/benchmark.h>
#include <cblas.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

namespace {

using namespace kronvec;
using bench::interleaved;
using bench::seconds;

void gemm(const Matrix<double> &a, const Matrix<double> &b, Matrix<double> &c) {
  const auto n = [](Index size) { return static_cast<blasint>(size); };
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n(c.rows()), n(c.cols()), n(a.cols()), 1, a.data(),
              n(a.rows()), b.data(), n(b.rows()), 0, c.data(), n(c.rows()));
}

void jvp_of_axb(benchmark::State &state) {
  const Index n = state.range(0);
  const Symbol a("A", n, n), x("X", n, n), b("B", n, n);
  const auto a0 = Matrix<double>::random(n, n, 1), x0 = Matrix<double>::random(n, n, 2),
             b0 = Matrix<double>::random(n, n, 3), dx = Matrix<double>::random(n, n, 4);
  const auto j = jacobian(a * x * b, x).at({{a, a0}, {x, x0}, {b, b0}});
  Matrix<double> y(n, n), t(n, n);
  for (auto _ : state) {
    const auto [ours, floor] = interleaved(
        21, [&] { j.apply(dx, y); }, [&] { gemm(a0, dx, t), gemm(t, b0, y); });
    state.counters["jvp_over_products"] = ours / floor;
  }
}
BENCHMARK(jvp_of_axb)->Arg(64)->Arg(256)->Arg(1024)->Iterations(1)->Unit(benchmark::kMillisecond);

void dense_of_a_exp_xb(benchmark::State &state) {
  const Index n = state.range(0);
  const Symbol a("A", n, n), x("X", n, n), b("B", n, n);
  const auto a0 = Matrix<double>::random(n, n, 1), x0 = Matrix<double>::random(n, n, 2),
             b0 = Matrix<double>::random(n, n, 3);
  const auto j = jacobian(a * exp(x * b), x).at({{a, a0}, {x, x0}, {b, b0}});
  Matrix<double> out(j.rows(), j.cols());
  double value = 1;
  for (auto _ : state) {
    const auto [ours, floor] = interleaved(
        5, [&] { j.to_dense(out); }, [&] { std::fill_n(out.data(), out.shape().size(), value += 1); });
    state.counters["dense_over_store"] = ours / floor;
  }
}
BENCHMARK(dense_of_a_exp_xb)->Arg(32)->Arg(64)->Iterations(1)->Unit(benchmark::kMillisecond);

void process_start(benchmark::State &state) {
  const auto shell = [](const char *line) {
    if (std::system(line) != 0) std::abort();
  };
  for (auto _ : state) {
    const auto [ours, bare] = interleaved(
        21, [&] { shell(KRONVEC_COMMAND " jacobian 'A*exp(X*B)' --wrt X A=4x4 B=4x4 X=4x4 >/dev/null"); },
        [&] { shell("/bin/true >/dev/null"); });
    state.counters["start_minus_bare_ms"] = 1e3 * (ours - bare);
  }
}
BENCHMARK(process_start)->Iterations(1)->Unit(benchmark::kMillisecond);

} // namespace

BENCHMARK_MAIN();

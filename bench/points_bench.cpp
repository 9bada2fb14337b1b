/// Jacobians of A·exp(X·B) at many points, all matrices n×n, with as many points as a gigabyte holds but at most 10⁵. A
/// point is an update and a dense Jacobian. By medians of work measured in turn:
///  - over_store: relative to nonzero streaming stores of the same bytes;
///  - loop_over: time of a loop over the points (`update` and `to_dense` at one point), relative to ours;
///  - nanoseconds: per point.
/// The arguments are n and the number of threads.

#include "floors.hpp"
#include "timing.hpp"

#include "kronvec/kronvec.hpp"

#include <benchmark/benchmark.h>

#include <vector>

namespace {

using namespace kronvec;
using namespace kronvec::bench;

template <class T> Matrix<T> random(Index rows, Index cols, std::uint64_t seed) {
  const auto wide = Matrix<double>::random(rows, cols, seed);
  Matrix<T> m(rows, cols);
  for (Index i = 0; i < m.shape().size(); ++i)
    m.data()[i] = static_cast<T>(wide.data()[i]);
  return m;
}

template <class T> void a_exp_xb(benchmark::State &state) {
  const Index n = state.range(0), size = n * n * n * n;
#ifdef _OPENMP
  omp_set_num_threads(static_cast<int>(state.range(1)));
#endif
  const Index count = std::min<Index>(100'000, (Index(1) << 30) / (size * static_cast<Index>(sizeof(T))));
  const Symbol a("A", n, n), x("X", n, n), b("B", n, n);
  const Matrix<T> a0 = random<T>(n, n, 1), b0 = random<T>(n, n, 3), xs = random<T>(n, n * count, 2);
  const auto first = xs.view().block(0, 0, n, n);
  const Jacobian plan = jacobian(a * exp(x * b), x);
  auto together = plan.at_points<T>({{a, a0}, {x, xs}, {b, b0}}, count);
  auto alone = plan.at<T>({{a, a0}, {x, first}, {b, b0}});
  Matrix<T> out(n * n, n * n * count);
  const Index few = std::min<Index>(count, 10'000); // for the loop
  for (auto _ : state) {
    std::vector<double> ours, floor, loop;
    for (int turn = 0; turn < 8; ++turn) {
      ours.push_back(seconds([&] { together.update({{x, xs}}), together.to_dense(out); }));
      floor.push_back(seconds([&] { store_floor(out.data(), out.shape().size()); }));
      loop.push_back(seconds([&] {
        for (Index k = 0; k < few; ++k)
          alone.update({{x, xs.view().block(0, k * n, n, n)}}),
              alone.to_dense(out.view().block(0, k * n * n, n * n, n * n));
      }));
    }
    for (auto *times : {&ours, &floor, &loop})
      std::nth_element(times->begin(), times->begin() + 4, times->end());
    state.counters["over_store"] = ours[4] / floor[4];
    state.counters["loop_over"] = loop[4] / static_cast<double>(few) / (ours[4] / static_cast<double>(count));
    state.counters["nanoseconds"] = 1e9 * ours[4] / static_cast<double>(count);
  }
}
void sizes_and_threads(benchmark::internal::Benchmark *b) {
  b->ArgsProduct({{4, 8, 16}, {1, 2}})->Iterations(1)->Unit(benchmark::kMillisecond);
}
BENCHMARK(a_exp_xb<double>)->Apply(sizes_and_threads);
BENCHMARK(a_exp_xb<float>)->Apply(sizes_and_threads);

} // namespace

BENCHMARK_MAIN();

/// Kronecker products on the CPU, as ratios of medians measured in turn:
///  - over_floor: ours, relative to the larger of flops / (rate of a 2048³ product by BLAS) and a copy of X to Y;
///  - blas_per_mode_over: BLAS mode by mode, without transposes, relative to ours (case C5);
///  - over_two_products, eigen_over: ours relative to A·X·Bᵀ by two BLAS calls; Eigen relative to ours (case C4);
///  - over_store, eigen_over: dense A ⊗ B relative to nonzero streaming stores; Eigen's kroneckerProduct relative to
///    ours (case C6).
/// The names of C5 give the number of columns M, the factor size P×P, the number of factors, the number of threads.
/// Diag(vec A)·vec X (C7) is in primitives_bench.

#include "floors.hpp"
#include "kronecker_eigen.hpp"
#include "timing.hpp"

#include "devices/backend.hpp"
#include "devices/kronecker.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>

namespace {

using namespace kronvec;
using namespace kronvec::bench;

void use_threads(int count) {
#ifdef _OPENMP
  omp_set_num_threads(count);
#endif
  (void)count;
}

template <class T> Matrix<T> random(Index rows, Index cols, std::uint64_t seed) {
  const Matrix<double> few = Matrix<double>::random(std::min<Index>(rows * cols, 1 << 16), 1, seed);
  Matrix<T> m(rows, cols);
  for (Index i = 0; i < rows * cols; ++i)
    m.data()[i] = static_cast<T>(few.data()[i % few.rows()]);
  return m;
}

double median(std::vector<double> times) {
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return times[times.size() / 2];
}

/// The median time of each piece of work, measured in turn for about half a second.
template <std::size_t N> std::array<double, N> in_turn(const std::array<std::function<void()>, N> &work) {
  double once = 0;
  for (const auto &w : work)
    w(), once += seconds(w);
  const int turns = static_cast<int>(std::clamp(1.0 / once, 7.0, 2000.0));
  std::array<std::vector<double>, N> times;
  for (int i = 0; i < turns; ++i)
    for (std::size_t w = 0; w < N; ++w)
      times[w].push_back(seconds(work[w]));
  std::array<double, N> result;
  for (std::size_t w = 0; w < N; ++w)
    result[w] = median(std::move(times[w]));
  return result;
}

/// Flops per second of BLAS at 2048³ with this many threads, measured once.
template <class T> double gemm_rate(int threads) {
  static std::map<int, double> rates;
  if (const auto known = rates.find(threads); known != rates.end()) return known->second;
  constexpr Index n = 2048;
  const Matrix<T> a = random<T>(n, n, 1), b = random<T>(n, n, 2);
  Matrix<T> c(n, n);
  const auto [time, none] = interleaved(
      5, [&] { gemm_floor(n, a.data(), b.data(), c.data()); }, [] {});
  return rates[threads] = 2.0 * std::pow(double(n), 3) / time;
}

/// (F₁ ⊗ … ⊗ F_N)·X to measure.
template <class T> class Product {
public:
  Product(const std::vector<Shape> &factors, Index columns) {
    Index rows = 1, cols = 1;
    for (const Shape f : factors) {
      a_.push_back(random<T>(f.rows, f.cols, a_.size()));
      rows *= f.rows, cols *= f.cols;
    }
    for (const auto &a : a_)
      factors_.push_back({a.view(), Op::none, 0});
    x = random<T>(cols, columns, 7), y = Matrix<T>(rows, columns);
    workspace_ = Matrix<T>(
        std::max(algebra().kronecker_workspace(factors_, columns), modes::workspace<T>(factors_, columns)), 1);
    flops = modes::flops<T>(factors_) * static_cast<double>(columns);
  }
  void ours() { algebra().kronecker(T(1), factors_, x, T(0), y, workspace()); }
  void blas_per_mode() { modes::kronecker<T>(algebra(), T(1), factors_, x, T(0), y, workspace()); }
  void copy() { // copies X to Y, as far as it fits
    const Index columns = x.cols(), rows = std::min(x.rows(), y.rows());
    algebra().copy(x.view().block(0, 0, rows, columns), y.view().block(0, 0, rows, columns));
  }

  Matrix<T> x, y;
  double flops = 0;

private:
  const Primitives<T> &algebra() const { return Device::cpu().backend().primitives(T{}); }
  std::span<T> workspace() { return {workspace_.data(), static_cast<std::size_t>(workspace_.rows())}; }
  std::vector<Matrix<T>> a_;
  std::vector<KroneckerFactor<T>> factors_;
  Matrix<T> workspace_;
};

template <class T>
void many_factors(benchmark::State &state, const std::vector<Shape> &factors, Index columns, int threads) {
  use_threads(threads);
  Product<T> p(factors, columns);
  for (auto _ : state) {
    const auto [ours, blas, copy] = in_turn<3>({[&] { p.ours(); }, [&] { p.blas_per_mode(); }, [&] { p.copy(); }});
    state.counters["seconds"] = ours, state.counters["GFLOP/s"] = 1e-9 * p.flops / ours;
    state.counters["over_floor"] = ours / std::max(p.flops / gemm_rate<T>(threads), copy);
    state.counters["over_copy"] = ours / copy;
    state.counters["blas_per_mode_over"] = blas / ours;
  }
}

/// A·X·Bᵀ with A m×r, X r×s, B n×s: (B ⊗ A)·vec X.
template <class T> void two_factors(benchmark::State &state, Index m, Index r, Index s, Index n, int threads) {
  use_threads(threads);
  Product<T> p({{n, s}, {m, r}}, 1);
  const Matrix<T> a = random<T>(m, r, 1), bt = random<T>(s, n, 2);
  const bool left_first = m * r * s + m * s * n <= r * s * n + m * r * n;
  Matrix<T> between(left_first ? m : r, left_first ? s : n), c(m, n);
  const auto two_products = [&] {
    if (left_first) {
      gemm(m, s, r, a.data(), p.x.data(), between.data());
      gemm(m, n, s, between.data(), bt.data(), c.data());
    } else {
      gemm(r, n, s, p.x.data(), bt.data(), between.data());
      gemm(m, n, r, a.data(), between.data(), c.data());
    }
  };
  const std::function<void()> eigen = eigen_triple<T>(a, MatrixView<const T>(p.x.data(), r, s), bt, c, left_first);
  for (auto _ : state) {
    const auto [ours, blas, peer] = in_turn<3>({[&] { p.ours(); }, two_products, eigen});
    state.counters["seconds"] = ours, state.counters["GFLOP/s"] = 1e-9 * p.flops / ours;
    state.counters["over_floor"] = ours / (p.flops / gemm_rate<T>(threads));
    state.counters["over_two_products"] = ours / blas, state.counters["eigen_over"] = peer / ours;
  }
}

/// A ⊗ B as one product of the emission: row = i + m·j, col = k + n·l for A at (j, l), B at (i, k).
Emission dense(Index m) {
  kronvec::Product p;
  p.labels = 4;
  for (int q = 0; q < 4; ++q)
    p.extent[q] = m;
  p.row.stride = {1, m, 0, 0}, p.col.stride = {0, 0, 1, m};
  p.factors = {{0, {0, {0, 1, 0, m}}}, {1, {0, {1, 0, m, 0}}}};
  return {Axis::all(m * m), Axis::all(m * m), {p}};
}

template <class T> void dense_product(benchmark::State &state, Index n, int threads) {
  use_threads(threads);
  const Matrix<T> a = random<T>(n, n, 1), b = random<T>(n, n, 2);
  Matrix<T> y(n * n, n * n), z(n * n, n * n);
  const auto emitter = Device::cpu().backend().primitives(T{}).emitter(dense(n));
  const std::array<Buffer<T>, 2> buffers = {a.data(), b.data()};
  for (auto _ : state) {
    const auto [ours, store, peer] =
        in_turn<3>({[&] { emitter->run(buffers, 0, 0, y.view()); }, [&] { store_floor(y.data(), n * n * n * n); },
                    eigen_kronecker<T>(a, b, z)});
    state.counters["seconds"] = ours, state.counters["over_store"] = ours / store;
    state.counters["eigen_over"] = peer / ours;
  }
}

void add(const std::string &name, auto function, auto... arguments) {
  benchmark::RegisterBenchmark(name.c_str(), function, arguments...)->Iterations(1)->Unit(benchmark::kMillisecond);
}

template <class T> void add_benchmarks(const std::string &type, int threads) {
  const std::string how = fmt::format("/{}/threads:{}", type, threads);
  const auto square = [&](Index columns, Index p, int count) {
    add(fmt::format("C5/{}_{}^{}{}", columns, p, count, how), many_factors<T>,
        std::vector<Shape>(static_cast<std::size_t>(count), {p, p}), columns, threads);
  };
  square(1024, 8, 5), square(16, 64, 3), square(1024, 128, 2), square(20, 2, 9), square(1526, 6, 4), square(1526, 4, 6);
  add("C5/1526_(6x4)^4" + how, many_factors<T>, std::vector<Shape>(4, {6, 4}), Index(1526), threads);
  for (const Index n : {64, 128, 256, 512, 1024})
    add(fmt::format("C4/{}{}", n, how), two_factors<T>, n, n, n, n, threads);
  add("C4/1024x32*32x512*512x128" + how, two_factors<T>, Index(1024), Index(32), Index(512), Index(128), threads);
  add("C6/96^2" + how, dense_product<T>, Index(96), threads);
}

} // namespace

int main(int argc, char **argv) {
#ifdef _OPENMP
  const int most = omp_get_max_threads();
#else
  const int most = 1;
#endif
  for (const int threads : most == 1 ? std::vector{1} : std::vector{1, most}) {
    add_benchmarks<float>("float", threads);
    add_benchmarks<double>("double", threads);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}

/// Emissions on the CPU, as ratios to floors that are measured in turn with them:
///  - over_store: relative to nonzero streaming stores of the same bytes by all threads, by the medians of both;
///  - best_over_best: by the fastest runs of both, for machines that are not idle;
///  - of_gemm: flops per second, relative to BLAS at 2048³;
///  - microseconds: for small emissions.
/// The first argument is s, the side of all matrices; the second, if present, is the number of terms.

#include "floors.hpp"
#include "timing.hpp"

#include "devices/backend.hpp"
#include "tests/devices/product.hpp"

#include <benchmark/benchmark.h>

#include <vector>

namespace {

using namespace kronvec;
using namespace kronvec::bench;
using testing::product;

/// An emission to measure: random buffers of the given sizes, and a result whose memory has been touched.
template <class T> class Bench {
public:
  Bench(Emission emission, std::vector<Index> sizes)
      : y_(Matrix<T>(emission.rows.size, emission.cols.size)),
        emitter_(Device::cpu().backend().primitives(T{}).emitter(std::move(emission))) {
    for (const Index size : sizes) {
      buffers_.emplace_back(size, 1);
      const auto random = Matrix<double>::random(std::min<Index>(size, 1 << 16), 1, buffers_.size());
      for (Index i = 0; i < size; ++i)
        buffers_.back().data()[i] = static_cast<T>(random.data()[i % (1 << 16)]);
    }
    for (const auto &b : buffers_)
      pointers_.push_back(b.data());
  }
  void run() { emitter_->run(pointers_, 0, 0, y_.view()); }
  void store() { store_floor(y_.data(), y_.rows() * y_.cols()); }

  void over_store(benchmark::State &state) {
    for (auto _ : state) {
      std::vector<double> ours, floor;
      const double bytes = double(y_.rows() * y_.cols()) * sizeof(T);
      const int repeats = static_cast<int>(std::clamp(6e9 / bytes, 7.0, 60.0));
      run(), store(); // warm
      for (int i = 0; i < repeats; ++i)
        ours.push_back(seconds([&] { run(); })), floor.push_back(seconds([&] { store(); }));
      std::sort(ours.begin(), ours.end()), std::sort(floor.begin(), floor.end());
      state.counters["over_store"] = ours[repeats / 2] / floor[repeats / 2];
      state.counters["best_over_best"] = ours[0] / floor[0];
      state.counters["GB/s"] = bytes / ours[0] / 1e9;
    }
  }
  void of_gemm(benchmark::State &state, double flops) {
    constexpr Index n = 2048;
    Matrix<T> a(n, n), b(n, n), c(n, n);
    std::fill_n(a.data(), n * n, T(0.5)), std::fill_n(b.data(), n * n, T(0.25));
    for (auto _ : state) {
      const auto [ours, floor] = interleaved(
          3, [&] { run(); }, [&] { gemm_floor(n, a.data(), b.data(), c.data()); });
      state.counters["of_gemm"] = flops / ours / (2.0 * n * n * n / floor);
      state.counters["GFLOP/s"] = flops / ours / 1e9;
    }
  }

private:
  Matrix<T> y_;
  std::unique_ptr<Emitter<T>> emitter_;
  std::vector<Matrix<T>> buffers_;
  std::vector<Buffer<T>> pointers_;
};

/// The patterns. A is m×n-like, with labels i, j for the rows and k, l for the columns.
Product rank_one(Index m, Index s) {
  return product({m, s, s, s}, {1, m, 0, 0}, {0, 0, 1, s}, {{0, {1, 0, m, 0}}, {1, {0, s, 1, 0}}, {2, {0, s, 0, 1}}});
}

template <class T> void rank_1(benchmark::State &state) {
  const Index s = state.range(0);
  Bench<T>({Axis::all(s * s), Axis::all(s * s), {rank_one(s, s)}}, {s * s, s * s, s * s}).over_store(state);
}
template <class T> void three_rows(benchmark::State &state) {
  const Index s = state.range(0);
  Bench<T>({Axis::all(3 * s), Axis::all(s * s), {rank_one(3, s)}}, {3 * s, s * s, s * s}).over_store(state);
}
template <class T> void two_layers(benchmark::State &state) {
  const Index s = state.range(0);
  Bench<T>({Axis::all(s * s),
            Axis::all(s * s),
            {product({s, s, s, s}, {1, s, 0, 0}, {0, 0, 1, s},
                     {{0, {1, s, 0, 0}}, {1, {1, 0, s, 0}}, {2, {0, s, 1, 0}}, {3, {0, s, 0, 1}}})}},
           {s * s, s * s, s * s, s * s})
      .over_store(state);
}
template <class T> void inverse(benchmark::State &state) {
  const Index s = state.range(0);
  Bench<T>({Axis::all(s * s),
            Axis::all(s * s),
            {product({s, s, s, s}, {1, s, 0, 0}, {0, 0, 1, s}, {{0, {1, 0, s, 0}}, {0, {0, s, 0, 1}}}, -1)}},
           {s * s})
      .over_store(state);
}
template <class T> void slab(benchmark::State &state) {
  const Index s = state.range(0);
  Bench<T>({Axis::all(s * s),
            Axis::all(s * s),
            {product({s, s, s, s}, {1, s, 0, 0}, {0, 0, 1, s}, {{0, {1, s, s * s, 0}}, {1, {0, s, 0, 1}}})}},
           {s * s * s, s * s})
      .over_store(state);
}
template <class T> void terms(benchmark::State &state) {
  const Index s = state.range(0), count = state.range(1);
  std::vector<Product> all;
  std::vector<Index> sizes;
  for (Index t = 0; t < count; ++t) {
    all.push_back(rank_one(s, s));
    for (auto &factor : all.back().factors)
      factor.buffer += static_cast<int>(3 * t), sizes.push_back(s * s);
  }
  Bench<T>({Axis::all(s * s), Axis::all(s * s), all}, sizes).over_store(state);
}
template <class T> void gram(benchmark::State &state) {
  const Index s = state.range(0);
  const auto left = product({s, s, s}, {s, 0, 1}, {0, 1, s}, {{0, {s, 1, 0}}}),
             right = product({s, s, s}, {1, 0, s}, {0, 1, s}, {{0, {s, 1, 0}}});
  Bench<T>({Axis::all(s * s), Axis::all(s * s), {left, right}}, {s * s}).over_store(state);
}
/// A ⊗ dX and dX ⊗ A, with X s×s and A 8×8.
template <class T> void kron(benchmark::State &state) {
  const Index s = state.range(0), p = 8;
  const bool a_first = state.range(1);
  const auto term = a_first ? product({p, p, s, s}, {s, p * s * s, 1, p * s}, {0, 0, 1, s}, {{0, {1, p, 0, 0}}})
                            : product({p, p, s, s}, {1, p * s, p, p * s * p}, {0, 0, 1, s}, {{0, {1, p, 0, 0}}});
  Bench<T>({Axis::all(s * s * p * p), Axis::all(s * s), {term}}, {p * p}).over_store(state);
}
/// Softmax of the columns of WX: −P[i,j]P[p,j]W[p,k] on blocks, and the diagonal P[i,j]W[i,k].
template <class T> void softmax(benchmark::State &state) {
  const Index s = state.range(0);
  const auto full = product({s, s, s}, {1, s, 0}, {0, s, 1}, {{0, {1, s, 0}}, {1, {0, 1, s}}}, -1),
             diagonal = product({s, s, s}, {1, s, 0}, {0, s, 1}, {{0, {1, s, 0}}, {2, {1, 0, s}}});
  Bench<T>({Axis::all(s * s), Axis::all(s * s), {full, diagonal}}, {s * s, s * s, s * s}).over_store(state);
}
/// The same for X: a full group per block, and a diagonal.
template <class T> void softmax_of_x(benchmark::State &state) {
  const Index s = state.range(0);
  const auto full = product({s, s, s}, {1, 0, s}, {0, 1, s}, {{0, {1, 0, s}}, {0, {0, 1, s}}}, -1),
             diagonal = product({s, s}, {1, s}, {1, s}, {{0, {1, s}}});
  Bench<T>({Axis::all(s * s), Axis::all(s * s), {full, diagonal}}, {s * s}).over_store(state);
}
template <class T> void two_sided(benchmark::State &state) {
  const Index s = state.range(0);
  Bench<T>({Axis::all(s * s),
            Axis::all(s * s),
            {product({s, s, s, s, s}, {1, s, 0, 0, 0}, {0, 0, 1, s, 0},
                     {{0, {1, 0, s * s, 0, s}}, {1, {0, s * s, 0, s, 1}}})}},
           {s * s * s, s * s * s})
      .of_gemm(state, 2.0 * double(s * s) * double(s * s) * double(s));
}
/// Σ_p A[i,p]·E[p,j]·V[p,k] as an array.
template <class T> void contraction(benchmark::State &state) {
  const Index s = state.range(0);
  Bench<T>({Axis::all(s * s * s),
            Axis::all(1),
            {product({s, s, s, s}, {1, s * s, s, 0}, {}, {{0, {1, 0, 0, s}}, {1, {0, s, 0, 1}}, {2, {0, 0, s, 1}}})}},
           {s * s, s * s, s * s})
      .of_gemm(state, 2.0 * double(s * s) * double(s * s));
}
template <class T> void tiny(benchmark::State &state) {
  const Index s = state.range(0);
  Bench<T> bench({Axis::all(s * s), Axis::all(s * s), {rank_one(s, s)}}, {s * s, s * s, s * s});
  for (auto _ : state)
    bench.run();
}
template <class T> void gradient(benchmark::State &state) {
  const Index s = state.range(0);
  Bench<T>({Axis::all(1), Axis::all(s * s), {product({s, s}, {0, 0}, {1, s}, {{0, {1, 0}}, {1, {0, 1}}})}}, {s, s})
      .over_store(state);
}

#define KRONVEC_BENCH(name) BENCHMARK(name<double>)->Iterations(1)->Unit(benchmark::kMillisecond)
#define KRONVEC_BENCH_F(name) BENCHMARK(name<float>)->Iterations(1)->Unit(benchmark::kMillisecond)

KRONVEC_BENCH(rank_1)->Arg(61)->Arg(64)->Arg(96)->Arg(100)->Arg(127)->Arg(128);
KRONVEC_BENCH_F(rank_1)->Arg(61)->Arg(64)->Arg(96)->Arg(100)->Arg(127)->Arg(128);
KRONVEC_BENCH(three_rows)->Arg(64)->Arg(256);
KRONVEC_BENCH_F(three_rows)->Arg(64)->Arg(256);
KRONVEC_BENCH(two_layers)->Arg(64)->Arg(96)->Arg(100)->Arg(127)->Arg(128);
KRONVEC_BENCH_F(two_layers)->Arg(64)->Arg(128);
KRONVEC_BENCH(inverse)->Arg(64)->Arg(96)->Arg(128);
KRONVEC_BENCH(slab)->Arg(61)->Arg(64)->Arg(96)->Arg(127)->Arg(128);
KRONVEC_BENCH_F(slab)->Arg(64)->Arg(128);
KRONVEC_BENCH(terms)->ArgsProduct({{64, 96, 100}, {2, 4, 8}});
KRONVEC_BENCH_F(terms)->ArgsProduct({{96}, {2, 4, 8}});
KRONVEC_BENCH(gram)->Arg(64)->Arg(96)->Arg(100)->Arg(128);
KRONVEC_BENCH(kron)->ArgsProduct({{32, 48}, {0, 1}});
KRONVEC_BENCH(softmax)->Arg(64)->Arg(96);
KRONVEC_BENCH(softmax_of_x)->Arg(64)->Arg(96);
KRONVEC_BENCH(gradient)->Arg(4096);
KRONVEC_BENCH(two_sided)->Arg(64)->Arg(96)->Arg(128);
KRONVEC_BENCH_F(two_sided)->Arg(64)->Arg(96);
KRONVEC_BENCH(contraction)->Arg(64)->Arg(128);
BENCHMARK(tiny<double>)->Arg(2)->Arg(4)->Arg(8);

} // namespace

BENCHMARK_MAIN();

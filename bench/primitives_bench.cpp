/// Primitives of every device except the reference, as ratios to floors measured in the same run:
///  - over_copy: K[m,n]·vec X (a transpose), relative to a copy of the same bytes on the same device (cases C3, G1);
///  - over_streams: Diag(vec A)·vec X, relative to the time of its three streams at the rate of that copy (cases C7,
///    G7);
///  - over_copy, over_product and products_over: Kronecker products, relative to a copy of X, and to their flops at
///    the rate of a 2048³ product; and the time of one cuBLAS product per factor, relative to ours (cases G5, which
///    are 4096² on one column and 16² on 10⁵, and G6);
///  - over_store, peak_over_j: dense Jacobians on a GPU, relative to a fill of J's bytes; and peak memory, relative to
///    J; of_product: if a product bounds the case, flops over our time, relative to the rate of a 2048³ product (G3,
///    G4);
///  - omatcopy_over, over_memcpy: OpenBLAS's omatcopy relative to ours, ours relative to memcpy, one thread (cpu
///    only);
///  - floor/…: the rates of a fill, of a copy and of a 2048³ product, to compare machines;
///  - GB/s, GFLOP/s: what the mathematics needs, divided by the time, whatever else was moved or computed. K[m,n]·vec
///    X: 2·m·n entries, no flops. Diag(vec A)·vec X: 3·m·n entries, m·n flops. (F₁ ⊗ … ⊗ F_N)·X: the entries of X, of
///    Y and of each factor once; factor by factor, a p×q one takes 2·p·q flops per q entries. J: its entries.
/// `seconds` is the median of one call, including the wait. Sizes are those of the cases; they are small on the
/// emulated device, whose times say nothing about a GPU.

#include "dense_cases.hpp"
#include "timing.hpp"

#include "devices/backend.hpp"
#include "devices/kronecker.hpp"
#include "kronvec/kronvec.hpp"

#include <benchmark/benchmark.h>
#include <cblas.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace kronvec;
using bench::interleaved;

bool emulated(Device device) { return device.name() == "cuda-emulated"; }

/// The size for the CPU, for a GPU, or for the emulator.
Index sized(Device device, Index on_cpu, Index on_gpu, Index under_emulation) {
  return emulated(device) ? under_emulation : device.is_host() ? on_cpu : on_gpu;
}

/// Runs work on the device and waits for it.
template <class T> auto on(Device device, auto work) {
  return [device, work] { work(device.backend().primitives(T{})), device.synchronize(); };
}

void omatcopy(const Matrix<double> &x, Matrix<double> &y) {
  const auto n = [](Index size) { return static_cast<blasint>(size); };
  cblas_domatcopy(CblasColMajor, CblasTrans, n(x.rows()), n(x.cols()), 1, x.data(), n(x.rows()), y.data(), n(y.rows()));
}

/// `count` items of this shape, consecutive in memory.
template <class T> void transpose(benchmark::State &state, Device device, Shape shape, Index count) {
  const Matrix<T> x = [&] {
    Matrix<T> random(shape.size(), count);
    for (Index i = 0; i < random.shape().size(); ++i)
      random.data()[i] = static_cast<T>(1 + i % 1000);
    return random.to(device);
  }();
  Matrix<T> y(shape.size(), count, device), z(shape.size(), count, device);
  const BatchView<const T> from(x.data(), shape.rows, shape.cols, shape.rows, count, shape.size());
  const BatchView<T> to(y.data(), shape.cols, shape.rows, shape.cols, count, shape.size());
  const auto ours = on<T>(device, [&](auto &p) { p.transpose(from, to); });
  const double bytes = static_cast<double>(x.shape().size()) * sizeof(T);
  for (auto _ : state) {
    const auto [time, copy] = interleaved(7, ours, on<T>(device, [&](auto &p) { p.copy(x.view(), z.view()); }));
    state.counters["seconds"] = time, state.counters["over_copy"] = time / copy;
    state.counters["GB/s"] = 2e-9 * bytes / time;
    if constexpr (std::is_same_v<T, double>)
      if (device == Device::cpu() && count == 1) {
        Matrix<double> square(shape.rows, shape.cols), turned(shape.cols, shape.rows);
        std::memcpy(square.data(), x.data(), static_cast<std::size_t>(bytes));
        const auto [again, peer] = interleaved(5, ours, [&] { omatcopy(square, turned); });
        state.counters["omatcopy_over"] = peer / again;
        const auto [mine, memcpy_time] =
            interleaved(5, ours, [&] { std::memcpy(z.data(), x.data(), static_cast<std::size_t>(bytes)); });
        state.counters["over_memcpy"] = mine / memcpy_time;
      }
  }
}

template <class T> void hadamard_product(benchmark::State &state, Device device, Index entries) {
  const Matrix<T> a = Matrix<T>::random(entries, 1, 1).to(device), x = Matrix<T>::random(entries, 1, 2).to(device);
  Matrix<T> y(entries, 1, device);
  for (auto _ : state) {
    const auto [time, copy] =
        interleaved(7, on<T>(device, [&](auto &p) { p.binary(Binary::multiply, a.view(), x.view(), y.view()); }),
                    on<T>(device, [&](auto &p) { p.copy(x.view(), y.view()); }));
    state.counters["seconds"] = time, state.counters["over_streams"] = time / (1.5 * copy);
    state.counters["GB/s"] = 3e-9 * sizeof(T) * static_cast<double>(entries) / time;
    state.counters["GFLOP/s"] = 1e-9 * static_cast<double>(entries) / time;
  }
}

/// 2n³ flops over the time of a product of n×n matrices.
template <class T> double measured_product_rate(Device device) {
  const Index n = sized(device, 2048, 2048, 64);
  const Matrix<T> a(n, n, device), b(n, n, device);
  Matrix<T> c(n, n, device);
  const auto multiply =
      on<T>(device, [&](auto &p) { p.multiply(1, Op::none, a.view(), Op::none, b.view(), c.view()); });
  return 2.0 * static_cast<double>(n) * static_cast<double>(n * n) / interleaved(5, multiply, [] {}).first;
}

/// The same, measured once per device.
template <class T> double product_rate(Device device) {
  static std::map<std::string, double> known;
  const auto [rate, is_new] = known.try_emplace(device.name());
  if (is_new) rate->second = measured_product_rate<T>(device);
  return rate->second;
}

/// F ⊗ … ⊗ F, P×P, on `columns` columns.
template <class T> void kronecker(benchmark::State &state, Device device, Index side, int power, Index columns) {
  Matrix<T> f(side, side, device);
  const std::vector<KroneckerFactor<T>> factors(static_cast<std::size_t>(power), {MatrixView<const T>(f), Op::none, 0});
  Index rows = 1;
  for (int k = 0; k < power; ++k)
    rows *= side;
  const Index needed = std::max(device.backend().primitives(T{}).kronecker_workspace(factors, columns),
                                modes::workspace<T>(factors, columns));
  Matrix<T> x(rows, columns, device), y(rows, columns, device), workspace(needed, 1, device);
  for (Matrix<T> *m : {&f, &x}) // zeros would move faster
    device.backend().primitives(T{}).fill(T(0.3), m->view());
  const std::span<T> room(workspace.data(), static_cast<std::size_t>(workspace.rows()));
  const auto ours =
      on<T>(device, [&](auto &p) { p.kronecker(T(1), factors, MatrixView<const T>(x), T(0), y.view(), room); });
  const auto one_by_one = on<T>(device, [&](auto &p) {
    modes::kronecker<T>(p, T(1), std::span<const KroneckerFactor<T>>(factors), MatrixView<const T>(x), T(0), y.view(),
                        room);
  });
  for (auto _ : state) {
    const auto [time, copy] =
        interleaved(7, ours, on<T>(device, [&](auto &p) { p.copy(MatrixView<const T>(x), y.view()); }));
    const auto [again, products] = interleaved(7, ours, one_by_one);
    state.counters["seconds"] = time, state.counters["over_copy"] = time / copy;
    state.counters["products_over"] = products / again;
    const double flops = 2.0 * static_cast<double>(rows * columns * side) * power;
    const auto entries = static_cast<double>(2 * rows * columns + power * side * side);
    state.counters["GB/s"] = 1e-9 * sizeof(T) * entries / time, state.counters["GFLOP/s"] = 1e-9 * flops / time;
    if (!device.is_host()) // for the CPU, kronecker_bench does this
      state.counters["over_product"] = time / (flops / product_rate<T>(device));
  }
}

void streams(benchmark::State &state, Device device, Index entries) {
  const Matrix<double> x = Matrix<double>(entries, 1, device);
  Matrix<double> y(entries, 1, device);
  double value = 1;
  for (auto _ : state) {
    const auto [store, copy] = interleaved(7, on<double>(device, [&](auto &p) { p.fill(value += 1, y.view()); }),
                                           on<double>(device, [&](auto &p) { p.copy(x.view(), y.view()); }));
    state.counters["store_GB/s"] = 8e-9 * static_cast<double>(entries) / store;
    state.counters["copy_GB/s"] = 16e-9 * static_cast<double>(entries) / copy;
  }
}

template <class T> void products(benchmark::State &state, Device device) {
  for (auto _ : state)
    state.counters["GFLOP/s"] = 1e-9 * product_rate<T>(device);
}

/// J from its terms, into existing memory.
template <class T> void dense_jacobian(benchmark::State &state, Device device, const bench::Case &c) {
  const bench::Problem<T> problem(c);
  const Jacobian plan = jacobian(problem.f, problem.x);
  const double bytes = static_cast<double>(plan.rows()) * static_cast<double>(plan.cols()) * sizeof(T);
  if (static_cast<double>(device.bytes_free()) < 1.2 * bytes) return state.SkipWithError("too little memory");
  device.backend().pool().trim(); // of the previous case
  const auto before = static_cast<double>(device.bytes_in_use());
  device.reset_peak();
  const auto j = plan.at<T>(problem.bindings, device);
  Matrix<T> out = Matrix<T>::uninitialized(plan.rows(), plan.cols(), device);
  const auto ours = on<T>(device, [&](auto &) { j.to_dense(out, {.method = Method::structured}); });
  for (auto _ : state) {
    const MatrixView<T> run(out.data(), out.shape().size(), 1);
    const auto [time, store] = interleaved(7, ours, on<T>(device, [&](auto &p) { p.fill(T(1.25), run); }));
    state.counters["seconds"] = time, state.counters["over_store"] = time / store;
    state.counters["peak_over_j"] = (static_cast<double>(device.peak_bytes()) - before) / bytes;
    state.counters["GB/s"] = 1e-9 * bytes / time;
    if (c.flops_per_entry > 0)
      state.counters["of_product"] = c.flops_per_entry * bytes / sizeof(T) / time / product_rate<T>(device);
  }
}

void add(const std::string &name, auto function, auto... arguments) {
  benchmark::RegisterBenchmark(name.c_str(), function, arguments...)->Iterations(1)->Unit(benchmark::kMillisecond);
}

struct Power {
  Index side;
  int power;
  Index columns;
};

/// Cases G5 on a GPU. For the CPU, kronecker_bench has more.
std::vector<Power> powers(Device device) {
  if (device.is_host()) return {{8, 5, 32}, {64, 3, 4}, {128, 2, 32}, {16, 2, 4000}, {32, 4, 1}, {256, 2, 1}};
  if (emulated(device)) return {{8, 5, 1}, {16, 4, 1}, {24, 2, 1}, {16, 2, 1}};
  return {{8, 5, 1024},    {16, 4, 1024}, {32, 3, 1024}, {64, 2, 1024}, {128, 2, 1024},
          {16, 2, 100000}, {64, 3, 16},   {32, 4, 1},    {4096, 2, 1}};
}

void add_benchmarks(Device device) {
  const std::string on = device.name();
  const Index n = sized(device, 4096, 16384, 256), skinny = sized(device, 1 << 20, 1 << 22, 4096);
  for (const Shape shape : {Shape{n, n}, Shape{7, skinny}, Shape{1000, 1003}}) {
    if (emulated(device) && shape.rows == 1000) continue;
    const std::string what = fmt::format("transpose/{}/{}x{}", on, shape.rows, shape.cols);
    add(what + "/double", transpose<double>, device, shape, Index(1));
    add(what + "/float", transpose<float>, device, shape, Index(1));
  }
  const Index items = sized(device, 100000, 100000, 50);
  add(fmt::format("transpose/{}/{}x16x16/double", on, items), transpose<double>, device, Shape{16, 16}, items);
  const Index entries = sized(device, 1 << 25, 1 << 28, 1 << 14);
  for (const Index size : {sized(device, 1 << 20, 1 << 20, 1 << 10), entries}) {
    add(fmt::format("hadamard/{}/{}/double", on, size), hadamard_product<double>, device, size);
    add(fmt::format("hadamard/{}/{}/float", on, size), hadamard_product<float>, device, size);
  }
  for (const Power &p : powers(device)) {
    const std::string what = fmt::format("kronecker/{}/{}_{}^{}", on, p.columns, p.side, p.power);
    add(what + "/double", kronecker<double>, device, p.side, p.power, p.columns);
    add(what + "/float", kronecker<float>, device, p.side, p.power, p.columns);
  }
  if (!device.is_host()) // for the CPU, see dense_bench
    for (const bench::Case &c : bench::gpu_cases(emulated(device)))
      add(fmt::format("jacobian/{}/{}", on, c.id.substr(c.id.find('/') + 1)),
          c.single ? dense_jacobian<float> : dense_jacobian<double>, device, c);
  add("floor/" + on + "/streams", streams, device, entries);
  add("floor/" + on + "/product/double", products<double>, device);
  add("floor/" + on + "/product/float", products<float>, device);
}

} // namespace

int main(int argc, char **argv) {
  for (const Device device : Device::all())
    if (device != Device::reference()) add_benchmarks(device);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}

/// Primitives of every device but the reference, as ratios to floors measured in the same run:
///  - over_copy: K[m,n]·vec X (a transpose), over a copy of the same bytes by the same device (cases C3, G1);
///  - over_streams: Diag(vec A)·vec X, over the time of its three streams at the rate of that copy (cases C7, G7);
///  - omatcopy_over: OpenBLAS's cblas_domatcopy, one thread, over ours (cpu only).
/// Sizes are those of the cases, and small on the emulated device, whose times say nothing about a GPU.

#include "timing.hpp"

#include "devices/backend.hpp"
#include "kronvec/kronvec.hpp"

#include <benchmark/benchmark.h>
#include <cblas.h>
#include <fmt/format.h>

#include <cstring>

namespace {

using namespace kronvec;
using bench::interleaved;

Index scaled(Device device, Index on_cpu, Index on_gpu) {
  if (device.name() == "cuda-emulated") return std::min<Index>(on_cpu, 256);
  return device.is_host() ? on_cpu : on_gpu;
}

void transpose_over_copy(benchmark::State &state, Device device, Shape shape) {
  const Primitives<double> &primitives = device.backend().primitives(0.0);
  const Matrix<double> x = Matrix<double>::random(shape.rows, shape.cols, 1).to(device);
  Matrix<double> y(shape.cols, shape.rows, device), z(shape.rows, shape.cols, device);
  const auto transpose = [&] {
    primitives.transpose(BatchView<const double>(x.view()), y.view());
    device.synchronize();
  };
  for (auto _ : state) {
    const auto [ours, floor] = interleaved(
        7, transpose, [&] { primitives.copy(BatchView<const double>(x.view()), z.view()), device.synchronize(); });
    state.counters["over_copy"] = ours / floor;
    state.counters["GB/s"] = 16e-9 * static_cast<double>(shape.size()) / ours;
    if (device != Device::cpu()) continue;
    const auto n = [](Index size) { return static_cast<std::size_t>(size); };
    const auto [again, peer] = interleaved(5, transpose, [&] {
      cblas_domatcopy(CblasColMajor, CblasTrans, static_cast<blasint>(n(x.rows())), static_cast<blasint>(n(x.cols())),
                      1, x.data(), static_cast<blasint>(n(x.rows())), y.data(), static_cast<blasint>(n(y.rows())));
    });
    state.counters["omatcopy_over"] = peer / again;
    const auto [mine, memcpy_time] =
        interleaved(5, transpose, [&] { std::memcpy(z.data(), x.data(), n(shape.size()) * sizeof(double)); });
    state.counters["over_memcpy"] = mine / memcpy_time;
  }
}

void hadamard_over_streams(benchmark::State &state, Device device, Index entries) {
  const Primitives<double> &primitives = device.backend().primitives(0.0);
  const Matrix<double> a = Matrix<double>::random(entries, 1, 1).to(device);
  const Matrix<double> x = Matrix<double>::random(entries, 1, 2).to(device);
  Matrix<double> y(entries, 1, device);
  const BatchView<const double> u(a.view()), v(x.view());
  for (auto _ : state) {
    const auto [ours, copy] = interleaved(
        7, [&] { primitives.binary(Binary::multiply, u, v, y.view()), device.synchronize(); },
        [&] { primitives.copy(v, y.view()), device.synchronize(); });
    state.counters["over_streams"] = ours / (1.5 * copy);
  }
}

void add_benchmarks(Device device) {
  const Index n = scaled(device, 4096, 16384), skinny = scaled(device, 1 << 20, 1 << 22);
  for (const Shape shape : {Shape{n, n}, Shape{7, skinny}, Shape{1000, 1003}})
    benchmark::RegisterBenchmark(fmt::format("transpose/{}/{}x{}", device.name(), shape.rows, shape.cols).c_str(),
                                 transpose_over_copy, device, shape)
        ->Iterations(1);
  benchmark::RegisterBenchmark(fmt::format("hadamard/{}", device.name()).c_str(), hadamard_over_streams, device,
                               scaled(device, 1 << 25, 1 << 28))
      ->Iterations(1);
}

} // namespace

int main(int argc, char **argv) {
  for (const Device device : Device::all())
    if (device != Device::reference()) add_benchmarks(device);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}

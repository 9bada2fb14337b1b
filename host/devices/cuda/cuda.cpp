/// The CUDA device: products and inverses by cuBLAS, factorisations by cuSOLVER, entries by Thrust, permutations,
/// sums and emission by kernels of our own.

#include "devices/condition.hpp"
#include "devices/cpu/lapack.hpp"
#include "devices/cuda/algebra.hpp"
#include "devices/cuda/emission.hpp"
#include "devices/cuda/module.hpp"
#include "devices/expm.hpp"
#include "devices/factors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace kronvec::cuda {
namespace {

/// cuBLAS's batched factorisations of one precision.
template <class T> struct Factorisation;
template <> struct Factorisation<float> {
  static constexpr auto factor = cublasSgetrfBatched;
  static constexpr auto invert = cublasSgetriBatched;
};
template <> struct Factorisation<double> {
  static constexpr auto factor = cublasDgetrfBatched;
  static constexpr auto invert = cublasDgetriBatched;
};

template <class T> class CudaPrimitives final : public CudaAlgebra<T, Primitives<T>> {
  using Base = CudaAlgebra<T, Primitives<T>>;
  using Base::backend_;
  using Base::engine_;

public:
  using Base::Base;
  using typename Base::In;
  using typename Base::Out;

  void column_max(In x, Out y) const override {
    engine_.kernel("column_max",
                   [&](cudaStream_t s) { return kernels::column_max(entries(x, y.count), entries(y), s); });
  }
  void chain(const Chain<T> &chain, std::span<const In> inputs, std::span<const Out> results) const override {
    kernels::ChainOperands<T> operands;
    std::transform(inputs.begin(), inputs.end(), operands.input,
                   [&](const In &x) { return entries(x, results[0].count); });
    std::transform(results.begin(), results.end(), operands.output, [](const Out &y) { return entries(y); });
    engine_.kernel("chain", [&](cudaStream_t s) { return kernels::run_chain(chain, operands, s); });
  }
  std::vector<T> one_norms(In x) const override {
    if (x.rows == 0 || x.cols == 0 || x.count == 0) return std::vector<T>(static_cast<std::size_t>(x.count));
    const Workspace<T> norms(backend_, x.count);
    engine_.kernel("one_norm", [&](cudaStream_t s) { return kernels::one_norm(entries(x, x.count), norms.data(), s); });
    return norms.to_host();
  }
  void lu(In x, bool regular, Out f) const override;
  void lu_solve(Op op, In f, In b, Out y) const override;
  void determinant(bool logarithm, In f, Out y) const override {
    engine_.kernel("determinant",
                   [&](cudaStream_t s) { return kernels::determinant(entries(f, y.count), logarithm, entries(y), s); });
  }
  void adjugate(In x, Out y) const override;
  void cholesky(In x, Out y) const override;
  void expm(In x, Out y) const override { expm_by_pade(backend_, *this, x, y); }
  void inverse(In x, Out y) const override;
  std::unique_ptr<Emitter<T>> emitter(Emission emission) const override {
    return cuda::emitter<T>(engine_, backend_, std::move(emission));
  }

private:
  Matrix<T> to_host(MatrixView<const T> x) const {
    auto host = Matrix<T>::uninitialized(x.rows(), x.cols());
    transfer<T>(backend_, x, host);
    return host;
  }
};

/// By LU of a copy. Waits for the result, since a singular matrix is an exception here.
template <class T> void CudaPrimitives<T>::inverse(In x, Out y) const {
  const Index n = y.rows, count = y.count;
  if (n == 0 || count == 0) return;
  if (n > std::numeric_limits<int>::max() || count > std::numeric_limits<int>::max() ||
      y.ld > std::numeric_limits<int>::max())
    throw ShapeError(fmt::format("an inverse of {}×{} is more than cuBLAS can count", n, n));
  const Workspace<T> lu(backend_, n * n * count), norms(backend_, 2 * count);
  const Workspace<int> pivots(backend_, n * count), info(backend_, count);
  const Workspace<T *> lu_items(backend_, count), y_items(backend_, count);
  std::vector<T *> lu_pointers, y_pointers;
  for (Index t = 0; t < count; ++t)
    lu_pointers.push_back(lu.data() + t * n * n), y_pointers.push_back(y[t].data());
  lu_items.from(lu_pointers), y_items.from(y_pointers);
  const Out copies(lu.data(), n, n, n, count, n * n);
  this->copy(x, copies);
  const int size = static_cast<int>(n), items = static_cast<int>(count);
  const auto norm = [&](const Out &m, T *of) {
    engine_.kernel("one_norm", [&](cudaStream_t s) { return kernels::one_norm(entries(In(m), count), of, s); });
  };
  norm(copies, norms.data());
  engine_.blas("getrfBatched", [&](cublasHandle_t h) {
    return Factorisation<T>::factor(h, size, lu_items.data(), size, pivots.data(), info.data(), items);
  });
  engine_.blas("getriBatched", [&](cublasHandle_t h) {
    return Factorisation<T>::invert(h, size, lu_items.data(), size, pivots.data(), y_items.data(),
                                    static_cast<int>(y.ld), info.data(), items);
  });
  norm(y, norms.data() + count);
  const auto singular = info.to_host();
  const auto sizes = norms.to_host();
  for (Index t = 0; t < count; ++t) {
    const T before = sizes[static_cast<std::size_t>(t)], after = sizes[static_cast<std::size_t>(count + t)];
    if (std::isnan(before)) {
      this->fill(before, y[t]);
      continue;
    }
    require_regular<T>({n, n},
                       singular[static_cast<std::size_t>(t)] == 0 && std::isfinite(before) ? 1 / before / after : 0);
  }
}

/// cuSOLVER's name of a type.
template <class T> constexpr cudaDataType data_type = sizeof(T) == 8 ? CUDA_R_64F : CUDA_R_32F;

template <class T> void CudaPrimitives<T>::lu(In x, bool regular, Out f) const {
  const Index n = x.rows;
  if (n == 0 || f.count == 0) return;
  const Out lu(f.data, n, n, f.ld, f.count, f.stride);
  this->copy(x, lu);
  std::size_t on_device = 0, on_host = 0;
  engine_.solver("cusolverDnXgetrf_bufferSize", [&](auto handle, auto parameters) {
    return cusolverDnXgetrf_bufferSize(handle, parameters, n, n, data_type<T>, lu.data, lu.ld, data_type<T>, &on_device,
                                       &on_host);
  });
  const Workspace<char> workspace(backend_, static_cast<Index>(std::max<std::size_t>(on_device, 1)));
  const Workspace<int> info(backend_, f.count);
  std::vector<char> host_workspace(on_host);
  for (Index t = 0; t < f.count; ++t)
    engine_.solver("cusolverDnXgetrf", [&](auto handle, auto parameters) {
      return cusolverDnXgetrf(handle, parameters, n, n, data_type<T>, lu[t].data(), lu.ld, pivots<std::int64_t>(f[t]),
                              data_type<T>, workspace.data(), on_device, host_workspace.data(), on_host,
                              info.data() + t);
    });
  if (on_host > 0) engine_.synchronize(); // the workspace must outlive its use
  if (!regular) return;
  const auto norms = one_norms(In(x.data, n, n, x.ld, x.count, x.stride));
  const auto zero_pivots = info.to_host();
  for (Index t = 0; t < f.count; ++t) {
    const T norm = norms[static_cast<std::size_t>(x.count == 1 ? 0 : t)];
    if (std::isnan(norm)) continue;
    const Matrix<T> host = to_host(lu[t]); // LAPACK estimates the condition number; cuSOLVER does not
    const bool complete = zero_pivots[static_cast<std::size_t>(t)] == 0;
    require_regular<T>({n, n}, complete ? cpu::reciprocal_condition(host.view(), norm) : T(0));
  }
}

template <class T> void CudaPrimitives<T>::lu_solve(Op op, In f, In b, Out y) const {
  this->copy(b, y);
  if (y.rows == 0 || y.cols == 0 || y.count == 0) return;
  const Workspace<int> info(backend_, 1);
  for (Index t = 0; t < y.count; ++t)
    engine_.solver("cusolverDnXgetrs", [&](auto handle, auto parameters) {
      return cusolverDnXgetrs(handle, parameters, flag(op), y.rows, y.cols, data_type<T>, f[t].data(), f.ld,
                              pivots<std::int64_t>(f[t]), data_type<T>, y[t].data(), y.ld, info.data());
    });
}

/// On the host, by the singular values: it is asked for once per point, and not in any product with J.
template <class T> void CudaPrimitives<T>::adjugate(In x, Out y) const {
  for (Index t = 0; t < y.count; ++t) {
    const Matrix<T> there = to_host(x[t]);
    auto adjugate = Matrix<T>::uninitialized(y.rows, y.cols);
    cpu::adjugate(there.view(), adjugate.view());
    transfer<T>(backend_, adjugate.view(), y[t]);
  }
}

template <class T> void CudaPrimitives<T>::cholesky(In x, Out y) const {
  constexpr Triangle triangle{};
  const Index n = y.rows, entries = triangle.entries(n);
  if (n == 0 || y.count == 0) return;
  const auto norms = one_norms(x);
  const Workspace<T> triangles(backend_, entries * y.count);
  const Out lower(triangles.data(), entries, 1, entries, y.count, entries);
  this->copy(x, y);
  std::size_t on_device = 0, on_host = 0;
  engine_.solver("cusolverDnXpotrf_bufferSize", [&](auto handle, auto parameters) {
    return cusolverDnXpotrf_bufferSize(handle, parameters, CUBLAS_FILL_MODE_LOWER, n, data_type<T>, y.data, y.ld,
                                       data_type<T>, &on_device, &on_host);
  });
  const Workspace<char> workspace(backend_, static_cast<Index>(std::max<std::size_t>(on_device, 1)));
  const Workspace<int> info(backend_, y.count);
  std::vector<char> host_workspace(on_host);
  for (Index t = 0; t < y.count; ++t)
    engine_.solver("cusolverDnXpotrf", [&](auto handle, auto parameters) {
      return cusolverDnXpotrf(handle, parameters, CUBLAS_FILL_MODE_LOWER, n, data_type<T>, y[t].data(), y.ld,
                              data_type<T>, workspace.data(), on_device, host_workspace.data(), on_host,
                              info.data() + t);
    });
  const auto minors = info.to_host();
  const auto is_nan = [&](Index t) { return std::isnan(norms[static_cast<std::size_t>(x.count == 1 ? 0 : t)]); };
  for (Index t = 0; t < y.count; ++t)
    if (const int minor = minors[static_cast<std::size_t>(t)]; minor != 0 && !is_nan(t))
      refuse_indefinite({n, n}, minor);
  this->pack_triangle(triangle, 1, 0, In(y), lower);
  this->unpack_triangle(triangle, 1, 0, In(lower), y); // zeros above the diagonal
  for (Index t = 0; t < y.count; ++t)
    if (is_nan(t)) this->fill(std::numeric_limits<T>::quiet_NaN(), y[t]);
}

class CudaBackend final : public Backend {
public:
  explicit CudaBackend(std::unique_ptr<Engine> engine)
      : Backend(std::make_unique<DeviceMemory>(*engine)), engine_(std::move(engine)), floats_(*engine_, *this),
        rounded_floats_(*engine_, *this, Precision::tf32), doubles_(*engine_, *this), complex_floats_(*engine_, *this),
        complex_doubles_(*engine_, *this) {}
  ~CudaBackend() override { pool().trim(); } // while there is an engine to give it back to

  std::string name() const override {
    return engine_->index() == 0 ? KRONVEC_CUDA_NAME : fmt::format(KRONVEC_CUDA_NAME ":{}", engine_->index());
  }
  std::string description() const override {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, engine_->index()), "cudaGetDeviceProperties");
    return fmt::format("{}, sm_{}{}, {:.1f} GiB", properties.name, properties.major, properties.minor,
                       static_cast<double>(properties.totalGlobalMem) / (1 << 30));
  }
  const Primitives<float> &primitives(float) const override { return floats_; }
  const Primitives<float> &tf32_primitives() const override { return rounded_floats_; }
  const Primitives<double> &primitives(double) const override { return doubles_; }
  const Algebra<std::complex<float>> &primitives(std::complex<float>) const override { return complex_floats_; }
  const Algebra<std::complex<double>> &primitives(std::complex<double>) const override { return complex_doubles_; }
  bool is_host() const override { return false; }
  void synchronize() const override { engine_->synchronize(); }

  void transfer(void *to, std::size_t to_step, const void *from, std::size_t from_step, std::size_t bytes,
                std::size_t count) const override {
    engine_->kernel("cudaMemcpy2DAsync", [&](cudaStream_t s) {
      const std::size_t step = std::max(bytes, std::size_t(1)); // a single run has no step
      return cudaMemcpy2DAsync(to, count == 1 ? step : to_step, from, count == 1 ? step : from_step, bytes, count,
                               cudaMemcpyDefault, s);
    });
    engine_->synchronize();
  }

  void require_reachable(const char *what, const void *data) const override {
    cudaPointerAttributes attributes{};
    const Current current(engine_->index());
    check(cudaPointerGetAttributes(&attributes, data), "cudaPointerGetAttributes");
    const bool here = attributes.type == cudaMemoryTypeManaged || attributes.type == cudaMemoryTypeHost ||
                      (attributes.type == cudaMemoryTypeDevice && attributes.device == engine_->index());
    if (!here)
      throw DeviceError(fmt::format("{} lies in {}, where {} cannot work on it (Matrix::to brings it there)", what,
                                    attributes.type == cudaMemoryTypeDevice ? "another GPU's memory" : "host memory",
                                    name()));
  }

private:
  std::unique_ptr<Engine> engine_;
  CudaPrimitives<float> floats_, rounded_floats_;
  CudaPrimitives<double> doubles_;
  ComplexAlgebra<std::complex<float>> complex_floats_;
  ComplexAlgebra<std::complex<double>> complex_doubles_;
};

} // namespace
} // namespace kronvec::cuda

extern "C" __attribute__((visibility("default"))) kronvec::Backend *kronvec_cuda_backend(int index, void *stream) {
  using namespace kronvec::cuda;
  return new CudaBackend(std::make_unique<Engine>(index, static_cast<cudaStream_t>(stream)));
}

/// LU and Cholesky factors, solutions from factors, inverses and adjugates. Small matrices are one batched call of
/// cuBLAS (of cuSOLVER for Cholesky). Larger matrices keep the GPU busy one at a time, so cuSOLVER factors them one by
/// one.

#include "devices/condition.hpp"
#include "devices/cpu/lapack.hpp"
#include "devices/cuda/primitives.hpp"
#include "devices/factors.hpp"
#include "kernels/items.hpp"

#include <fmt/format.h>

#include <cmath>
#include <initializer_list>
#include <limits>

namespace kronvec::cuda {
namespace {

/// The batched calls of one precision.
template <class T> struct Batches;
template <> struct Batches<float> {
  static constexpr auto factor = cublasSgetrfBatched;
  static constexpr auto solve = cublasSgetrsBatched;
  static constexpr auto invert = cublasSgetriBatched;
  static constexpr auto cholesky = cusolverDnSpotrfBatched;
};
template <> struct Batches<double> {
  static constexpr auto factor = cublasDgetrfBatched;
  static constexpr auto solve = cublasDgetrsBatched;
  static constexpr auto invert = cublasDgetriBatched;
  static constexpr auto cholesky = cusolverDnDpotrfBatched;
};

/// cuSOLVER's name of a type.
template <class T> constexpr cudaDataType data_type = sizeof(T) == 8 ? CUDA_R_64F : CUDA_R_32F;

constexpr Index max_rows_of_batch = 64;

/// Whether the sizes fit in an int, which batched calls take.
bool are_ints(std::initializer_list<Index> sizes) { return std::max(sizes) <= std::numeric_limits<int>::max(); }

int as_int(Index n) { return static_cast<int>(n); }

/// The addresses of a batch's items. A kernel computes them, so nothing is copied to the device and the calls can be
/// recorded.
template <class T> class Addresses {
public:
  Addresses(const Engine &engine, const Backend &backend, const Entries<T> &items) : addresses_(backend, items.count) {
    engine.kernel("addresses", [&](cudaStream_t s) { return kernels::addresses(items, data(), s); });
  }
  T **data() const { return addresses_.data(); }

private:
  Workspace<T *> addresses_;
};

/// Casts away const, for calls that take addresses of non-const operands but only read them.
template <class T> Entries<T> as_written(const Entries<const T> &m) {
  return {const_cast<T *>(m.data), m.rows, m.cols, m.ld, m.count, m.stride};
}

} // namespace

/// By LU of a copy. Waits for the result, because a singular matrix must throw.
template <class T> void CudaPrimitives<T>::inverse(In x, Out y) const {
  const Index n = y.rows, count = y.count;
  if (n == 0 || count == 0) return;
  if (!are_ints({n, count, y.ld}))
    throw ShapeError(fmt::format("an inverse of {}×{} is more than cuBLAS can count", n, n));
  const Workspace<T> lu(backend_, n * n * count);
  const Workspace<int> pivots(backend_, n * count), info(backend_, count);
  const Out copies(lu.data(), n, n, n, count, n * n);
  const Addresses<T> lu_items(engine_, backend_, entries(copies)), y_items(engine_, backend_, entries(y));
  this->copy(x, copies);
  const std::vector<T> norms = one_norms(In(copies));
  engine_.blas("getrfBatched", [&](cublasHandle_t h) {
    return Batches<T>::factor(h, as_int(n), lu_items.data(), as_int(n), pivots.data(), info.data(), as_int(count));
  });
  engine_.blas("getriBatched", [&](cublasHandle_t h) {
    return Batches<T>::invert(h, as_int(n), lu_items.data(), as_int(n), pivots.data(), y_items.data(), as_int(y.ld),
                              info.data(), as_int(count));
  });
  require_regular_items({n, n}, norms, info.to_host());
  for (Index t = 0; t < count; ++t)
    if (const T norm = norms[static_cast<std::size_t>(t)]; std::isnan(norm)) this->fill(norm, y[t]);
}

template <class T> void CudaPrimitives<T>::lu(In x, bool regular, Out f) const {
  const Index n = x.rows;
  if (n == 0 || f.count == 0) return;
  this->copy(x, {f.data, n, n, f.ld, f.count, f.stride});
  const Workspace<int> info(backend_, f.count);
  const bool batch = n <= max_rows_of_batch && are_ints({f.ld, f.count});
  batch ? factor_batch(f, info.data()) : factor_items(f, info.data());
  if (regular) require_regular_items({n, n}, one_norms({x.data, n, n, x.ld, x.count, x.stride}), info.to_host());
}

template <class T> void CudaPrimitives<T>::factor_batch(Out f, int *info) const {
  const Index n = f.rows;
  const Workspace<int> exchanges(backend_, n * f.count);
  const Addresses<T> items(engine_, backend_, entries(f));
  engine_.blas("getrfBatched", [&](cublasHandle_t h) {
    return Batches<T>::factor(h, as_int(n), items.data(), as_int(f.ld), exchanges.data(), info, as_int(f.count));
  });
  engine_.kernel("row exchanges",
                 [&](cudaStream_t s) { return kernels::store_exchanges(exchanges.data(), entries(f), s); });
}

template <class T> void CudaPrimitives<T>::factor_items(Out f, int *info) const {
  const Index n = f.rows;
  std::size_t on_device = 0, on_host = 0;
  engine_.solver("cusolverDnXgetrf_bufferSize", [&](auto handle, auto parameters) {
    return cusolverDnXgetrf_bufferSize(handle, parameters, n, n, data_type<T>, f.data, f.ld, data_type<T>, &on_device,
                                       &on_host);
  });
  const Workspace<char> workspace(backend_, static_cast<Index>(std::max<std::size_t>(on_device, 1)));
  std::vector<char> host_workspace(on_host);
  for (Index t = 0; t < f.count; ++t)
    engine_.solver("cusolverDnXgetrf", [&](auto handle, auto parameters) {
      return cusolverDnXgetrf(handle, parameters, n, n, data_type<T>, f[t].data(), f.ld, pivots<std::int64_t>(f[t]),
                              data_type<T>, workspace.data(), on_device, host_workspace.data(), on_host, info + t);
    });
  if (on_host > 0) engine_.synchronize(); // the workspace must outlive its use
}

template <class T>
void CudaPrimitives<T>::require_regular_items(Shape shape, const std::vector<T> &norms, const std::vector<int> &info) {
  for (std::size_t t = 0; t < info.size(); ++t)
    require_inverse<T>(shape, info[t] != 0, norms[norms.size() == 1 ? 0 : t]);
}

template <class T> void CudaPrimitives<T>::lu_solve(Op op, In f, In b, Out y) const {
  this->copy(b, y);
  const Index n = y.rows;
  if (n == 0 || y.cols == 0 || y.count == 0) return;
  if (n <= max_rows_of_batch && are_ints({f.ld, y.ld, y.cols, y.count})) {
    const Workspace<int> exchanges(backend_, n * y.count);
    const Entries<const T> factors = entries(f, y.count); // one for each result
    engine_.kernel("row exchanges",
                   [&](cudaStream_t s) { return kernels::load_exchanges(factors, exchanges.data(), s); });
    const Addresses<T> f_items(engine_, backend_, as_written(factors)), y_items(engine_, backend_, entries(y));
    int refused = 0;
    return engine_.blas("getrsBatched", [&](cublasHandle_t h) {
      return Batches<T>::solve(h, flag(op), as_int(n), as_int(y.cols), f_items.data(), as_int(f.ld), exchanges.data(),
                               y_items.data(), as_int(y.ld), &refused, as_int(y.count));
    });
  }
  const Workspace<int> info(backend_, 1);
  for (Index t = 0; t < y.count; ++t)
    engine_.solver("cusolverDnXgetrs", [&](auto handle, auto parameters) {
      return cusolverDnXgetrs(handle, parameters, flag(op), n, y.cols, data_type<T>, f[t].data(), f.ld,
                              pivots<std::int64_t>(f[t]), data_type<T>, y[t].data(), y.ld, info.data());
    });
}

// On the host, from the singular values: needed once per point, and not in any product with J.

template <class T> void CudaPrimitives<T>::adjugate(In x, Out y) const {
  on_host(x, y, [](auto from, auto to) { cpu::adjugate(from, to); });
}
template <class T> void CudaPrimitives<T>::adjugate_factors(In x, Out f) const {
  on_host(x, f, [](auto from, auto to) { cpu::adjugate_factors(from, to); });
}

template <class T> void CudaPrimitives<T>::cholesky_batch(Out y, int *info) const {
  const Addresses<T> items(engine_, backend_, entries(y));
  engine_.solver("cusolverDnpotrfBatched", [&](auto handle, auto) {
    return Batches<T>::cholesky(handle, CUBLAS_FILL_MODE_LOWER, as_int(y.rows), items.data(), as_int(y.ld), info,
                                as_int(y.count));
  });
}

template <class T> void CudaPrimitives<T>::cholesky_items(Out y, int *info) const {
  const Index n = y.rows;
  std::size_t on_device = 0, on_host = 0;
  engine_.solver("cusolverDnXpotrf_bufferSize", [&](auto handle, auto parameters) {
    return cusolverDnXpotrf_bufferSize(handle, parameters, CUBLAS_FILL_MODE_LOWER, n, data_type<T>, y.data, y.ld,
                                       data_type<T>, &on_device, &on_host);
  });
  const Workspace<char> workspace(backend_, static_cast<Index>(std::max<std::size_t>(on_device, 1)));
  std::vector<char> host_workspace(on_host);
  for (Index t = 0; t < y.count; ++t)
    engine_.solver("cusolverDnXpotrf", [&](auto handle, auto parameters) {
      return cusolverDnXpotrf(handle, parameters, CUBLAS_FILL_MODE_LOWER, n, data_type<T>, y[t].data(), y.ld,
                              data_type<T>, workspace.data(), on_device, host_workspace.data(), on_host, info + t);
    });
  if (on_host > 0) engine_.synchronize(); // the workspace must outlive its use
}

template <class T> void CudaPrimitives<T>::cholesky(In x, Out y) const {
  constexpr Triangle triangle{};
  const Index n = y.rows, size = triangle.entries(n);
  if (n == 0 || y.count == 0) return;
  const auto norms = one_norms(x);
  const Workspace<T> triangles(backend_, size * y.count);
  const Workspace<int> info(backend_, y.count);
  const Out lower(triangles.data(), size, 1, size, y.count, size);
  this->copy(x, y);
  const bool batch = n <= max_rows_of_batch && y.count > 1 && are_ints({y.ld, y.count});
  batch ? cholesky_batch(y, info.data()) : cholesky_items(y, info.data());
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

template class CudaPrimitives<float>;
template class CudaPrimitives<double>;

} // namespace kronvec::cuda

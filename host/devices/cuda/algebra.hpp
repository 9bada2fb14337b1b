#pragma once
/// Linear algebra on the GPU, for all four types of entries.

#include "devices/cuda/engine.hpp"
#include "devices/cuda/entries.hpp"
#include "devices/cuda/kronecker.hpp"
#include "devices/cuda/workspace.hpp"
#include "kernels/commutation.hpp"
#include "kernels/entrywise.hpp"
#include "kernels/permutation.hpp"
#include "kernels/reduction.hpp"
#include "kernels/triangle.hpp"

#include <algorithm>
#include <bit>

namespace kronvec::cuda {

/// `Interface` is Algebra<T>, or its subclass Primitives<T>.
template <class T, class Interface> class CudaAlgebra : public Interface {
  using Launch = kernels::Entrywise<entry_t<T>>;

public:
  using typename Interface::In;
  using typename Interface::Out;
  CudaAlgebra(const Engine &engine, const Backend &backend, Precision precision = Precision::full)
      : engine_(engine), backend_(backend), precision_(precision) {}

  void fill(T value, Out y) const override {
    launch("fill", [&](cudaStream_t s) { return Launch::fill(entry(value), entries(y), s); });
  }
  void unit_columns(Index first, MatrixView<T> y) const override {
    launch("unit_columns", [&](cudaStream_t s) { return Launch::unit_columns(first, entries(Out(y)), s); });
  }
  void copy(In x, Out y) const override {
    launch("copy", [&](cudaStream_t s) { return Launch::copy(entries(x, y.count), entries(y), s); });
  }
  void conjugate(In x, Out y) const override {
    if constexpr (!std::is_floating_point_v<T>)
      launch("conjugate", [&](cudaStream_t s) {
        return kernels::ComplexEntrywise<entry_t<T>>::conjugate(entries(x, y.count), entries(y), s);
      });
    else if (x.data != y.data)
      copy(x, y);
  }
  void transpose(In x, Out y) const override {
    launch("transpose",
           [&](cudaStream_t s) { return kernels::transpose(moved(entries(x, y.count)), moved(entries(y)), s); });
  }
  void commute_columns(Index m, Index n, In x, Out y) const override {
    launch("commute_columns", [&](cudaStream_t s) {
      return kernels::commute_columns(m, n, moved(entries(x, y.count)), moved(entries(y)), s);
    });
  }
  void pack_triangle(Triangle t, T near, T mirrored, In x, Out y) const override {
    launch("pack_triangle", [&](cudaStream_t s) {
      return kernels::pack_triangle({t.lower, t.diagonal}, entry(near), entry(mirrored), entries(x, y.count),
                                    entries(y), s);
    });
  }
  void unpack_triangle(Triangle t, T near, T mirrored, In y, Out x) const override {
    launch("unpack_triangle", [&](cudaStream_t s) {
      return kernels::unpack_triangle({t.lower, t.diagonal}, entry(near), entry(mirrored), entries(y, x.count),
                                      entries(x), s);
    });
  }
  void gather_rows(std::span<const Index> index, In x, Out y) const override {
    launch("gather_rows", [&](cudaStream_t s) {
      return kernels::gather_rows(column(index), moved(entries(x, y.count)), moved(entries(y)), s);
    });
  }
  void scatter_rows(std::span<const Index> index, In x, Out y) const override {
    const Workspace<Index> keys(backend_, x.rows), order(backend_, x.rows);
    launch("scatter_rows", [&](cudaStream_t s) {
      return kernels::scatter_rows(column(index), entries(x, y.count), entries(y), keys.data(), order.data(), s);
    });
  }
  using Interface::multiply;
  void multiply(T alpha, Op op_a, In a, Op op_b, In b, T beta, Out c) const override {
    if (c.rows == 0 || c.cols == 0 || c.count == 0) return;
    const Index inner = op_a == Op::none ? a.cols : a.rows;
    if (inner == 0) return this->combine(T(0), c, beta, c);
    using Entry = typename Gemm<T>::Entry;
    const auto in = [](const auto &m) { return reinterpret_cast<const Entry *>(m.data); };
    const auto leading = [](Index ld) { return std::max<Index>(ld, 1); };
    const auto stride = [](const auto &m) { return m.count == 1 ? 0 : m.stride; };
    const auto alpha_entry = std::bit_cast<Entry>(alpha), beta_entry = std::bit_cast<Entry>(beta); // aligned like Entry
    engine_.blas("gemmStridedBatched", [&](cublasHandle_t handle) {
      const auto multiply = precision_ == Precision::tf32 ? Gemm<T>::multiply_rounded : Gemm<T>::multiply;
      return multiply(handle, flag(op_a), flag(op_b), c.rows, c.cols, inner, &alpha_entry, in(a), leading(a.ld),
                      stride(a), in(b), leading(b.ld), stride(b), &beta_entry, reinterpret_cast<Entry *>(c.data),
                      leading(c.ld), c.stride, c.count);
    });
  }
  void inner(In a, In b, Out y) const override {
    const Index pieces = kernels::inner_pieces(a.rows * a.cols, y.count);
    const Workspace<entry_t<T>> sums(backend_, pieces > 1 ? pieces * y.count : 0);
    launch("inner", [&](cudaStream_t s) {
      return kernels::inner(entries(a, y.count), entries(b, y.count), entries(y), sums.data(), s);
    });
  }
  Index kronecker_workspace(std::span<const KroneckerFactor<T>> factors, Index columns) const override {
    return cuda::kronecker_workspace(engine_, factors, columns, precision_);
  }
  void kronecker(T alpha, std::span<const KroneckerFactor<T>> factors, MatrixView<const T> x, T beta, MatrixView<T> y,
                 std::span<T> workspace) const override {
    cuda::kronecker<T>(engine_, *this, alpha, factors, x, beta, y, workspace, precision_);
  }

protected:
  /// Runs call(stream), which launches kernels.
  void launch(const char *name, const auto &call) const { engine_.kernel(name, call); }

  const Engine &engine_;
  const Backend &backend_;

private:
  const Precision precision_;

  static Entries<const Index> column(std::span<const Index> index) {
    const auto n = static_cast<Index>(index.size());
    return {index.data(), n, 1, n, 1, 0};
  }
};

/// For complex entries: the functions that Primitives<T> implements by chains.
template <class T> class ComplexAlgebra final : public CudaAlgebra<T, Algebra<T>> {
  using Base = CudaAlgebra<T, Algebra<T>>;
  using Launch = kernels::ComplexEntrywise<entry_t<T>>;

public:
  using Base::Base;
  using typename Base::In;
  using typename Base::Out;

  void scale(T alpha, In x, Out y) const override {
    this->launch("scale",
                 [&](cudaStream_t s) { return Launch::scale(entry(alpha), entries(x, y.count), entries(y), s); });
  }
  void add(T alpha, In a, T beta, In b, Out c) const override {
    this->launch("add", [&](cudaStream_t s) {
      return Launch::add(entry(alpha), entries(a, c.count), entry(beta), entries(b, c.count), entries(c), s);
    });
  }
  void hadamard(In a, In b, Out c) const override {
    this->launch("hadamard", [&](cudaStream_t s) {
      return Launch::hadamard(entries(a, c.count), entries(b, c.count), entries(c), s);
    });
  }
};

} // namespace kronvec::cuda

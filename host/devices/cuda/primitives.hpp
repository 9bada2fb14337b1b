#pragma once
/// All primitives of the CUDA device for real entries.

#include "devices/cuda/algebra.hpp"
#include "devices/cuda/emission.hpp"
#include "devices/expm.hpp"

#include <algorithm>
#include <vector>

namespace kronvec::cuda {

template <class T> class CudaPrimitives final : public CudaAlgebra<T, Primitives<T>> {
  using Base = CudaAlgebra<T, Primitives<T>>;
  using Base::backend_;
  using Base::engine_;

public:
  using Base::Base;
  using typename Base::In;
  using typename Base::Out;

  void column_shift(In x, Out y) const override {
    engine_.kernel("column_shift",
                   [&](cudaStream_t s) { return kernels::column_shift(entries(x, y.count), entries(y), s); });
  }
  void norm2(In x, Out y) const override {
    const Index pieces = kernels::inner_pieces(x.rows * x.cols, y.count);
    const Workspace<kernels::SquareSum<T>> sums(backend_, pieces > 1 ? pieces * y.count : 0);
    engine_.kernel("norm2",
                   [&](cudaStream_t s) { return kernels::norm2<T>(entries(x, y.count), entries(y), sums.data(), s); });
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
  void determinant(Determinant form, In f, Out y) const override {
    engine_.kernel("determinant",
                   [&](cudaStream_t s) { return kernels::determinant(entries(f, y.count), form, entries(y), s); });
  }
  void adjugate(In x, Out y) const override;
  void adjugate_factors(In x, Out f) const override;
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
  /// Computes each item of Y from that of X by compute(X, Y) on the host.
  void on_host(In x, Out y, const auto &compute) const {
    for (Index t = 0; t < y.count; ++t) {
      const Matrix<T> there = to_host(x[t]);
      auto result = Matrix<T>::uninitialized(y.rows, y.cols);
      compute(there.view(), result.view());
      transfer<T>(backend_, result.view(), y[t]);
    }
  }
  /// Replaces the matrices in f by L and U, and stores the row exchanges. info[b] == 0 if and only if no pivot of item
  /// b is zero.
  void factor_batch(Out f, int *info) const;
  void factor_items(Out f, int *info) const;
  void cholesky_batch(Out y, int *info) const;
  void cholesky_items(Out y, int *info) const;
  /// Throws DomainError for an item with a pivot of 0 (`info` is not 0) or with an infinite norm. NaN is let through.
  static void require_regular_items(Shape shape, const std::vector<T> &norms, const std::vector<int> &info);
};

} // namespace kronvec::cuda

/// Dense Jacobians by Eigen.

#include "eigen_peers.hpp"

#include <Eigen/Dense>
#include <fmt/format.h>
#include <unsupported/Eigen/KroneckerProduct>

namespace kronvec::bench {
namespace {

template <class T> using Dense = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T> using Window = Eigen::Map<Dense<T>>;

template <class T> Dense<T> copy_of(const Matrix<T> &m) {
  return Eigen::Map<const Dense<T>>(m.data(), m.rows(), m.cols());
}

/// J = (I⊗A)·Diag(vec exp(XB))·(Bᵀ⊗I).
template <class T> void textbook(const Dense<T> &a, const Dense<T> &x, const Dense<T> &b, Window<T> out) {
  const Dense<T> e = (x * b).array().exp();
  Dense<T> left = Eigen::kroneckerProduct(Dense<T>::Identity(b.cols(), b.cols()), a);
  const Dense<T> right = Eigen::kroneckerProduct(b.transpose().eval(), Dense<T>::Identity(x.rows(), x.rows()));
  left *= Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, 1>>(e.data(), e.size()).asDiagonal();
  out.noalias() = left * right;
}

} // namespace

template <class T> EigenPeer eigen_peer(const Case &c, const Problem<T> &problem, MatrixView<T> out) {
  const std::string family = c.family();
  if (family != "C1/axb" && family != "C1/a_exp_xb") return {};
  const auto a = copy_of(problem.values.at("A")), x = copy_of(problem.values.at("X")),
             b = copy_of(problem.values.at("B"));
  Window<T> j(out.data(), out.rows(), out.cols());
  if (family == "C1/axb")
    return {[=, bt = Dense<T>(b.transpose())]() mutable { j = Eigen::kroneckerProduct(bt, a); }, ""};
  const double factors = static_cast<double>(b.cols() * x.rows()); // columns of the left factor, rows of the right one
  const double flops = 2 * factors * static_cast<double>(out.shape().size());
  if (flops > 3e11)
    return {{}, fmt::format("the product of dense Kronecker factors takes {:.1f} TFLOP", 1e-12 * flops)};
  return {[=] { textbook<T>(a, x, b, j); }, ""};
}

template EigenPeer eigen_peer(const Case &, const Problem<float> &, MatrixView<float>);
template EigenPeer eigen_peer(const Case &, const Problem<double> &, MatrixView<double>);

} // namespace kronvec::bench

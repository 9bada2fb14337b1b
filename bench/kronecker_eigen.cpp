/// Kronecker products by Eigen.

#include "kronecker_eigen.hpp"

#include <Eigen/Dense>
#include <unsupported/Eigen/KroneckerProduct>

namespace kronvec::bench {
namespace {

template <class T> using Dense = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T> auto map(MatrixView<const T> m) { return Eigen::Map<const Dense<T>>(m.data(), m.rows(), m.cols()); }
template <class T> auto map(MatrixView<T> m) { return Eigen::Map<Dense<T>>(m.data(), m.rows(), m.cols()); }

} // namespace

template <class T> std::function<void()> eigen_triple(MatrixView<const T> a, MatrixView<const T> x,
                                                      MatrixView<const T> b, MatrixView<T> c, bool left_first) {
  return [=, between = Dense<T>()]() mutable {
    if (left_first) {
      between.noalias() = map(a) * map(x), map(c).noalias() = between * map(b);
    } else {
      between.noalias() = map(x) * map(b), map(c).noalias() = map(a) * between;
    }
  };
}

template <class T>
std::function<void()> eigen_kronecker(MatrixView<const T> a, MatrixView<const T> b, MatrixView<T> c) {
  return [=, left = Dense<T>(map(a)), right = Dense<T>(map(b))] { map(c) = Eigen::kroneckerProduct(left, right); };
}

#define KRONVEC_INSTANTIATE(T)                                                                                         \
  template std::function<void()> eigen_triple(MatrixView<const T>, MatrixView<const T>, MatrixView<const T>,           \
                                              MatrixView<T>, bool);                                                    \
  template std::function<void()> eigen_kronecker(MatrixView<const T>, MatrixView<const T>, MatrixView<T>);
KRONVEC_INSTANTIATE(float)
KRONVEC_INSTANTIATE(double)

} // namespace kronvec::bench

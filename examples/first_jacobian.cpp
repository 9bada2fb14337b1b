// The README's first screen: the Jacobian of A·exp(X·B) as an operator and as a dense matrix.

#include <kronvec/kronvec.hpp>

#include <cstdio>

int main() {
  namespace kv = kronvec;
  const kv::Symbol A("A", 4, 3), X("X", 3, 2), B("B", 2, 5);
  const auto a = kv::Matrix<double>::random(4, 3, 1), x = kv::Matrix<double>::random(3, 2, 2),
             b = kv::Matrix<double>::random(2, 5, 3);

  const kv::Jacobian J = jacobian(A * exp(X * B), X);            // built once, from symbols
  const auto J0 = J.at({{A, a}, {X, x}, {B, b}});                // at a point: a linear operator
  const auto dY = J0.apply(kv::Matrix<double>::random(3, 2, 4)); // J·vec dX, no Kronecker product formed
  const auto dense = J0.to_dense();                              // 20×6, numerator layout
  std::printf("J is %lldx%lld, its first entry %.6f\n", static_cast<long long>(dense.rows()),
              static_cast<long long>(dense.cols()), dense(0, 0));
  return dY.rows() == 4 && dY.cols() == 5 ? 0 : 1;
}

#pragma once
/// Eigen as a user of it would write the Jacobian.

#include "dense_cases.hpp"

#include <functional>

namespace kronvec::bench {

struct EigenPeer {
  std::function<void()> work; ///< writes J; empty where Eigen is left out
  std::string why_not;        ///< then the reason; empty where it has nothing to offer
};

/// A·X·B by kroneckerProduct(Bᵀ, A); A·exp(XB) as a textbook has it, the product of its dense Kronecker factors, where
/// that takes no more than a few seconds.
template <class T> EigenPeer eigen_peer(const Case &c, const Problem<T> &problem, MatrixView<T> out);

} // namespace kronvec::bench

#pragma once
/// The Jacobian as an Eigen user would write it.

#include "dense_cases.hpp"

#include <functional>

namespace kronvec::bench {

struct EigenPeer {
  std::function<void()> work; ///< writes J; empty if Eigen is left out
  std::string why_not;        ///< the reason why it is left out; empty if Eigen has no such function
};

/// A·X·B by kroneckerProduct(Bᵀ, A). A·exp(XB) as in a textbook: the product of its dense Kronecker factors, if that
/// takes at most a few seconds.
template <class T> EigenPeer eigen_peer(const Case &c, const Problem<T> &problem, MatrixView<T> out);

} // namespace kronvec::bench

/// Jacobians combined with other operators.

#include "tests/testing.hpp"

#include <algorithm>

namespace kronvec {
namespace {

using testing::near;
using testing::product;
using testing::tabulate;
using testing::transposed;
using M = Matrix<double>;

struct Case {
  Symbol a{"A", 4, 3}, x{"X", 3, 3}, b{"B", 3, 2};
  M values[3] = {M::random(4, 3, 1), M::random(3, 3, 2), M::random(3, 2, 3)};
  JacobianAt<double> at(const Expression &f, Device device) const {
    const Values<double> all{{a, values[0]}, {x, values[1]}, {b, values[2]}};
    return jacobian(f, x).at<double>(all.allow_unused(), device);
  }
  std::vector<Expression> functions() const { return {a * exp(x * b), expm(x), transpose(x) * x, det(x) * x}; }
};

TEST(JacobianOperator, HasEveryVerb) {
  const Case c;
  for (const Device device : Device::all())
    for (const Expression &f : c.functions()) {
      SCOPED_TRACE(device.name() + " " + to_string(f));
      const auto at = c.at(f, device);
      const Operator<double> j = at.as_operator();
      const M dense = on_host(at.to_dense());
      EXPECT_TRUE(near(on_host(j.to_dense()), dense, 1e-12));
      EXPECT_TRUE(near(on_host(j.transpose().to_dense()), transposed(dense), 1e-12));
      const M x = M::random(j.cols(), 3, 4), there = x.to(device);
      const M y = M::random(j.rows(), 3, 5);
      M result = y.to(device);
      j.apply(2, there, -0.5, result);
      const M jx = product(dense, x);
      EXPECT_TRUE(near(on_host(std::move(result)),
                       tabulate(j.rows(), 3, [&](Index r, Index s) { return 2 * jx(r, s) - 0.5 * y(r, s); }), 1e-12));
      EXPECT_TRUE(near(on_host(j.block(1, 2, 2, 4)),
                       tabulate(2, 4, [&](Index r, Index s) { return dense(r + 1, s + 2); }), 1e-12));
      EXPECT_NEAR(j.entry(2, 5), dense(2, 5), 1e-12 * std::max(1.0, std::abs(dense(2, 5))));
    }
}

TEST(JacobianOperator, CombinesWithOthers) {
  const Case c;
  for (const Device device : Device::all()) {
    SCOPED_TRACE(device.name());
    const auto at = c.at(c.x * c.x, device);
    const Operator<double> j = at.as_operator();
    const M dense = on_host(at.to_dense());
    const auto d = duplication<double>(3, {}, device), d_plus = duplication_pseudoinverse<double>(3, {}, device);
    const M expected = product(product(on_host(d_plus.to_dense()), dense), on_host(d.to_dense()));
    const auto by_vech = d_plus * j * d;
    EXPECT_EQ(by_vech.to_string(), "D⁺[3]·J·D[3]");
    EXPECT_TRUE(near(on_host(by_vech.to_dense()), expected, 1e-12));
    EXPECT_TRUE(near(on_host((j * j.transpose()).to_dense()), product(dense, transposed(dense)), 1e-12));
    EXPECT_NEAR((j * j.transpose()).trace(), j.norm() * j.norm(), 1e-10);
    EXPECT_TRUE(near(on_host(kron<double>({j, identity<double>(2, device)}).to_dense()),
                     testing::kron(dense, testing::identity(2)), 1e-12));
  }
}

TEST(JacobianOperator, IsSparseWhereJIs) {
  const Case c;
  const CsrMatrix<double> sparse = c.at(exp(c.x), Device::cpu()).as_operator().to_sparse();
  EXPECT_EQ(sparse.nonzeros(), 9);
  EXPECT_GT(c.at(c.a * exp(c.x * c.b), Device::cpu()).as_operator().flops(), 0);
}

} // namespace
} // namespace kronvec

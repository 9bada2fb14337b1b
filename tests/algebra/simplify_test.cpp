/// Rewriting of operators: each identity where it applies, and that no result changes by more than rounding.

#include "tests/testing.hpp"

#include "kronvec/operators.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <random>

namespace kronvec {
namespace {

using testing::near;
using Op = Operator<double>;

Op matrix(Index rows, Index cols, const std::string &name) {
  return {Matrix<double>::random(rows, cols, static_cast<std::uint64_t>(name[0])), name};
}

/// The rules that were applied: their ledger rows, or their statements.
std::vector<std::string> rules_of(const Simplified<double> &simplified) {
  std::vector<std::string> rules;
  for (const Rewriting &step : simplified.steps)
    rules.push_back(step.ledger.empty() ? step.rule : step.ledger);
  return rules;
}

/// Checks that the simplified operator prints as `text`, has the same effect, and takes no more work.
void expect_simplified(const Op &a, const std::string &text) {
  const Simplified<double> simplified = simplify(a);
  SCOPED_TRACE(simplified.explain());
  EXPECT_EQ(simplified.result.to_string(), text);
  EXPECT_TRUE(near(simplified.result.to_dense(), a.to_dense(), 1e-13));
  EXPECT_LE(simplified.result.flops(), a.flops());
}

TEST(Simplify, ProductsOfCommutations) {
  const auto k = commutation<double>(4, 3), back = commutation<double>(3, 4);
  expect_simplified(k * back, "I[12]");
  expect_simplified(k * k, "K[4,3]·K[4,3]"); // K·K = I only if m = n
  const auto square = commutation<double>(3, 3);
  expect_simplified(square * square, "I[9]");
  expect_simplified(k * back * k * back * k, "K[4,3]");
}

TEST(Simplify, CommutedKroneckerProducts) {
  const Op a = matrix(4, 3, "A"), b = matrix(5, 2, "B"), c = matrix(2, 6, "C");
  const auto left = commutation<double>(5, 4), right = commutation<double>(3, 2);
  expect_simplified(left * kron<double>({a, b}) * right, "B ⊗ A");
  expect_simplified(commutation<double>(10, 4) * kron<double>({a, b, c}) * commutation<double>(3, 12), "B ⊗ C ⊗ A");
  expect_simplified(commutation<double>(2, 20) * kron<double>({a, b, c}) * commutation<double>(6, 6), "C ⊗ A ⊗ B");
  const auto wrong = commutation<double>(2, 3); // K[n,q] the wrong way round
  expect_simplified(left * kron<double>({a, b}) * wrong, "K[5,4]·(A ⊗ B)·K[2,3]");
}

TEST(Simplify, MixedProducts) {
  const Op a = matrix(6, 6, "A"), b = matrix(5, 5, "B"), c = matrix(6, 6, "C"), d = matrix(5, 5, "D");
  expect_simplified(kron<double>({a, b}) * kron<double>({c, d}), "(A·C) ⊗ (B·D)");
  const Op tall = matrix(6, 1, "T"), wide = matrix(1, 6, "W"); // the products would take more work than their factors
  expect_simplified(kron<double>({tall, tall}) * kron<double>({wide, wide}), "(T ⊗ T)·(W ⊗ W)");
  const auto i = identity<double>(6), j = identity<double>(5);
  expect_simplified(kron<double>({a, j}) * kron<double>({i, b}), "A ⊗ B");
}

TEST(Simplify, IdentitiesZerosAndScalars) {
  const Op a = matrix(3, 4, "A"), b = matrix(4, 4, "B");
  const auto i3 = identity<double>(3), i4 = identity<double>(4);
  expect_simplified(i3 * a * i4, "A");
  expect_simplified(zero<double>(2, 3) * a, "0[2×4]");
  expect_simplified(a + zero<double>(3, 4), "A");
  expect_simplified(2 * (kron<double>({3 * a, -b})), "−6·(A ⊗ B)");
  expect_simplified((0.5 * a) * (2 * kron<double>({i4, identity<double>(1)})), "A");
  expect_simplified(kron<double>({i3, i4, b}), "I[12] ⊗ B");
  expect_simplified(kron<double>({i3, i4}), "I[12]");
  expect_simplified(direct_sum<double>({i3, i4, a}), "I[7] ⊕ A");
  expect_simplified(0 * a, "0[3×4]");
  expect_simplified(a - a, "0[3×4]");
}

TEST(Simplify, Sums) {
  const Op a = matrix(3, 4, "A"), b = matrix(5, 2, "B"), c = matrix(5, 2, "C");
  expect_simplified(kron<double>({a, b}) + kron<double>({a, c}), "A ⊗ (B + C)");
  expect_simplified(kron<double>({a, b}) - kron<double>({a, c}), "A ⊗ (B + −C)");
  expect_simplified(kron<double>({a, b}) + kron<double>({a, b}), "2·(A ⊗ B)");
  expect_simplified(identity<double>(9) + commutation<double>(3, 3), "2·N[3]");
  expect_simplified(0.5 * (commutation<double>(3, 3) + identity<double>(9)), "N[3]");
  expect_simplified(direct_sum<double>({a, b}) + direct_sum<double>({a, c}), "(2·A) ⊕ (B + C)");
}

TEST(Simplify, DiagonalsAndDirectSums) {
  const auto d = diag(Matrix<double>::random(4, 1, 1), "d"), e = diag(Matrix<double>::random(4, 1, 2), "e");
  expect_simplified(d * e, "Diag(d⊙e)");
  const Op a = matrix(3, 4, "A"), b = matrix(4, 3, "B");
  expect_simplified(direct_sum<double>({a, d}) * direct_sum<double>({b, e}), "(A·B) ⊕ Diag(d⊙e)");
}

TEST(Simplify, Triangles) {
  for (const Triangle t :
       {Triangle{true, true}, Triangle{false, true}, Triangle{true, false}, Triangle{false, false}}) {
    const auto d = duplication<double>(4, t), l = elimination<double>(4, t);
    const auto inverse = duplication_pseudoinverse<double>(4, t);
    const auto n = symmetrizer<double>(4), k = commutation<double>(4, 4);
    const std::string one = fmt::format("I[{}]", t.entries(4));
    expect_simplified(l * d, one);
    expect_simplified(inverse * d, one);
    expect_simplified(l * l.transpose(), one);
    expect_simplified(d.transpose() * inverse.transpose(), one);
    expect_simplified(k * n * d, d.to_string());
    expect_simplified(inverse * k, inverse.to_string());
    expect_simplified(l * n, inverse.to_string());
    expect_simplified(d * inverse, t.diagonal ? "N[4]" : (d * inverse).to_string());
    expect_simplified(l.transpose() * l, (l.transpose() * l).to_string()); // a projection, not I
  }
}

TEST(Simplify, Permutations) {
  const auto p = permutation<double>({2, 0, 3, 1}), s = selection<double>({3, 3, 0}, 4);
  expect_simplified(p * p.transpose(), "I[4]");
  expect_simplified(p.transpose() * p, "I[4]");
  expect_simplified(s * p, "S[3×4]");
  expect_simplified(s.transpose() * s, "S[3×4]ᵀ·S[3×4]");
}

TEST(Simplify, LooksAtShapesBeforeItComputes) {
  const auto column = Op(Matrix<double>(200000, 1), "u"), row = Op(Matrix<double>(1, 200000), "v");
  EXPECT_TRUE(simplify(column * row).steps.empty());             // 298 GiB as one matrix
  const auto d = diag(Matrix<double>::random(20000, 1, 1), "d"); // 3 GiB as one matrix
  const Op a(Matrix<double>::random(3, 20000, 2), "A");
  EXPECT_EQ(simplify(a * d).result.to_string(), "(A·Diag(d))");
  EXPECT_EQ(simplify(d * a.transpose()).result.to_string(), "(Diag(d)·Aᵀ)");
  const auto e = diag(Matrix<double>::random(4, 1, 3), "e");
  expect_simplified(matrix(3, 4, "B") * e, "(B·Diag(e))");
  expect_simplified(e * matrix(4, 5, "C"), "(Diag(e)·C)");
}

TEST(Simplify, GoesOnUntilNothingIsLeft) {
  const Op a = matrix(6, 6, "A"), c = matrix(6, 6, "C");
  const auto k = commutation<double>(2, 3), back = commutation<double>(3, 2);
  expect_simplified(k * (1 * (back * a)), "A");
  expect_simplified(kron(identity<double>(1), a * k) * back, "A");
  const auto square = commutation<double>(3, 3);
  const Op b = matrix(3, 3, "B");
  expect_simplified(identity<double>(9) + square + kron(b, b) - square, "I[9] + B ⊗ B");
  const Op shared = matrix(4, 4, "S") + commutation<double>(2, 2);
  expect_simplified(kron(shared, a) + kron(shared, c), "(S + K[2,2]) ⊗ (A + C)");
}

TEST(Simplify, SaysWhy) {
  const Op a = matrix(6, 6, "A"), b = matrix(5, 5, "B");
  const Simplified<double> s =
      simplify(commutation<double>(6, 5) * commutation<double>(5, 6) * kron<double>({a, b}) * kron<double>({a, b}));
  EXPECT_EQ(rules_of(s)[0], "K6");
  EXPECT_NE(std::find(rules_of(s).begin(), rules_of(s).end(), "K3"), rules_of(s).end());
  const std::string text = s.explain();
  EXPECT_NE(text.find("K[6,5]·K[5,6] → I[30]"), std::string::npos) << text;
  EXPECT_NE(text.find("saves"), std::string::npos) << text;
}

/// Random operators of one size: simplified operators have the same effect.
class Forest {
public:
  explicit Forest(unsigned seed) : random_(seed) {}
  /// An operator of rows×cols, at most `depth` combinations deep.
  Op operator()(Index rows, Index cols, int depth) {
    switch (depth == 0 ? 0 : pick(7)) {
    case 1: {
      const Index inner = 1 + pick(4);
      return (*this)(rows, inner, depth - 1) * (*this)(inner, cols, depth - 1);
    }
    case 2:
      return (*this)(rows, cols, depth - 1) + (*this)(rows, cols, depth - 1);
    case 3:
      return double(pick(4) - 1) * (*this)(rows, cols, depth - 1);
    case 4:
      if (rows % 2 == 0 && cols % 3 == 0)
        return kron<double>({(*this)(2, 3, depth - 1), (*this)(rows / 2, cols / 3, depth - 1)});
      return kron<double>({(*this)(rows, 1, depth - 1), (*this)(1, cols, depth - 1)});
    case 5:
      if (rows > 1 && cols > 1)
        return direct_sum<double>({(*this)(1, 1, depth - 1), (*this)(rows - 1, cols - 1, depth - 1)});
      return leaf(rows, cols);
    case 6:
      return (*this)(cols, rows, depth - 1).transpose();
    default:
      return leaf(rows, cols);
    }
  }

private:
  int pick(int n) { return std::uniform_int_distribution(0, n - 1)(random_); }
  Op leaf(Index rows, Index cols) {
    const int which = pick(6);
    if (rows == cols && which == 1) return identity<double>(rows);
    if (rows == 6 && cols == 6 && which == 2)
      return commutation<double>(pick(2) ? 2 : 3, pick(2) ? 3 : 2).rows() == 6 ? commutation<double>(2, 3)
                                                                               : identity<double>(6);
    if (rows == 4 && cols == 4 && which == 2) return pick(2) ? commutation<double>(2, 2) : symmetrizer<double>(2);
    if (rows == 3 && cols == 4 && which == 2)
      return pick(2) ? elimination<double>(2) : duplication_pseudoinverse<double>(2);
    if (rows == 4 && cols == 3 && which == 2) return duplication<double>(2);
    if (rows == cols && which == 3) return diag(Matrix<double>::random(rows, 1, random_()), "d");
    if (which == 4) return zero<double>(rows, cols);
    return {Matrix<double>::random(rows, cols, random_()), "M"};
  }
  std::mt19937 random_;
};

TEST(Simplify, NeverChangesARandomOperator) {
  int rewritten = 0;
  for (unsigned seed = 0; seed < 500; ++seed) {
    const Op a = Forest(seed)(4 + seed % 3, seed % 2 ? 6 : 4, 5);
    const Simplified<double> s = simplify(a);
    SCOPED_TRACE(fmt::format("seed {}\n{}", seed, s.explain()));
    ASSERT_EQ(s.result.shape(), a.shape());
    ASSERT_TRUE(near(s.result.to_dense(), a.to_dense(), 1e-11));
    ASSERT_LE(s.result.flops(), a.flops());
    ASSERT_TRUE(simplify(s.result).steps.empty());
    rewritten += !s.steps.empty();
  }
  EXPECT_GT(rewritten, 200);
}

} // namespace
} // namespace kronvec

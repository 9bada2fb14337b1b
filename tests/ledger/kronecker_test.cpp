/// Rows K (Kronecker, Hadamard and direct sums, commutation) of the project's ledger, tested through the public
/// operators. ✗ marks a wrong statement, which must fail.

#include "tests/ledger/algebra.hpp"

namespace kronvec::testing {
namespace {

/// Elimination with row exchanges, independent of the library.
struct Eliminated {
  Scalar determinant = 1;
  Table inverse;
};
Eliminated eliminate(Table a) {
  const Index n = a.rows;
  Eliminated result{.inverse = textbook::identity(n)};
  const auto add_row = [&](Table &m, Index to, Scalar factor, Index from) {
    for (Index j = 0; j < n; ++j)
      m(to, j) += factor * m(from, j);
  };
  for (Index k = 0; k < n; ++k) {
    Index pivot = k;
    for (Index i = k; i < n; ++i)
      if (std::abs(a(i, k)) > std::abs(a(pivot, k))) pivot = i;
    if (pivot != k) {
      result.determinant *= -1;
      for (Index j = 0; j < n; ++j)
        std::swap(a(k, j), a(pivot, j)), std::swap(result.inverse(k, j), result.inverse(pivot, j));
    }
    const Scalar d = a(k, k);
    result.determinant *= d;
    add_row(result.inverse, k, 1. / d - 1., k), add_row(a, k, 1. / d - 1., k);
    for (Index i = 0; i < n; ++i)
      if (const Scalar factor = -a(i, k); i != k) add_row(a, i, factor, k), add_row(result.inverse, i, factor, k);
  }
  return result;
}
Scalar power(Scalar x, Index n) { return n == 0 ? 1 : x * power(x, n - 1); }

TEST(Ledger, K1_KroneckerProductByBlocks) {
  on_all([](auto on) {
    const Table a = on.random(3, 2), b = on.random(2, 4);
    const auto product = on.kron({on.op(a), on.op(b)});
    Table without_b(product.rows(), product.cols());
    for (Index i = 0; i < a.rows; ++i)
      for (Index j = 0; j < a.cols; ++j) {
        on.expect_equal(textbook::widen(product.block(i * b.rows, j * b.cols, b.rows, b.cols)), a(i, j) * b);
        for (Index k = 0; k < b.rows; ++k)
          for (Index l = 0; l < b.cols; ++l)
            without_b(i * b.rows + k, j * b.cols + l) = a(i, j) * (i == 0 && j == 0 ? b(k, l) : 1);
      }
    on.expect_other(on.table(product), without_b); // ✗ B in the first block only
  });
}

TEST(Ledger, K2_TransposeAndInverseFactorByFactor) {
  on_all([](auto on) {
    const auto a = on.op(on.random(3, 2)), b = on.op(on.random(4, 5));
    on.expect_equal(on.table(on.kron({a, b}).transpose()), transpose(on.table(on.kron({a, b}))));
    on.expect_equal(on.kron({a, b}).transpose(), on.kron({a.transpose(), b.transpose()}));
    const Table c = on.regular(3), d = on.regular(4);
    const auto inverse = on.kron({on.op(eliminate(c).inverse), on.op(eliminate(d).inverse)});
    on.expect_equal(inverse * on.kron({on.op(c), on.op(d)}), on.eye(12));
    on.expect_equal(on.table(inverse), eliminate(textbook::kron(c, d)).inverse);
  });
}

TEST(Ledger, K3_MixedProduct) {
  on_all([](auto on) {
    const auto a = on.op(on.random(2, 3)), b = on.op(on.random(4, 2)), c = on.op(on.random(3, 4)),
               d = on.op(on.random(2, 5));
    on.expect_equal(on.kron({a, b}) * on.kron({c, d}), on.kron({a * c, b * d}));
    on.expect_equal(on.table(on.kron({a * c, b * d})),
                    textbook::kron(on.table(a) * on.table(c), on.table(b) * on.table(d)));
  });
}

TEST(Ledger, K4_DistributesOverSums) {
  on_all([](auto on) {
    const auto a = on.op(on.random(2, 3)), b = on.op(on.random(2, 3)), c = on.op(on.random(4, 2)),
               d = on.op(on.random(4, 2));
    on.expect_equal(on.kron({a, c + d}), on.kron({a, c}) + on.kron({a, d}));
    on.expect_equal(on.kron({a + b, c + d}), on.kron({a, c}) + on.kron({a, d}) + on.kron({b, c}) + on.kron({b, d}));
  });
}

TEST(Ledger, K5_AnyNumberOfFactors) {
  on_all([](auto on) {
    const Table a = on.random(2, 3), b = on.random(3, 1), c = on.random(1, 2), d = on.random(2, 2), e = on.random(2, 1);
    const Table all = textbook::kron(a, textbook::kron(b, textbook::kron(c, textbook::kron(d, e))));
    const auto A = on.op(a), B = on.op(b), C = on.op(c), D = on.op(d), E = on.op(e);
    on.expect_equal(on.kron({on.kron({A, B}), C}), on.kron({A, on.kron({B, C})}));
    on.expect_equal(on.table(on.kron({A, B, C, D, E})), all);
    on.expect_equal(on.table(on.kron({on.kron({A, on.kron({B, C})}), on.kron({D, E})})), all);
  });
}

TEST(Ledger, K6_InverseOfTheCommutationMatrix) {
  on_all([](auto on) {
    const auto k = on.k(3, 4);
    on.expect_exactly(on.table(k.transpose()), on.table(on.k(4, 3)));
    on.expect_exactly(on.table(k.transpose()), transpose(on.table(k)));
    on.expect_exactly(on.table(k * on.k(4, 3)), textbook::identity(12));
    on.expect_exactly(on.table(on.k(5, 1)), textbook::identity(5));
    on.expect_exactly(on.table(on.k(1, 5)), textbook::identity(5));
    // ✗ K = Kᵀ and K·K = I hold only if m = n or a side is 1.
    on.expect_other(on.table(k), on.table(k.transpose()));
    on.expect_other(on.table(k * k), textbook::identity(12));
    on.expect_exactly(on.table(on.k(3, 3)), transpose(on.table(on.k(3, 3))));
    on.expect_exactly(on.table(on.k(3, 3) * on.k(3, 3)), textbook::identity(9));
  });
}

TEST(Ledger, K7_CommutationOfFactors) {
  on_all([](auto on) {
    const Index m = 2, n = 3, p = 4, q = 5;
    const auto a = on.op(on.random(m, n)), b = on.op(on.random(p, q));
    on.expect_equal(on.k(p, m) * on.kron({a, b}) * on.k(n, q), on.kron({b, a}));
  });
}

TEST(Ledger, K8_TraceAndDeterminantOfAKroneckerProduct) {
  on_all([](auto on) {
    const Index n = 3, q = 2;
    const Table a = on.regular(n), b = on.regular(q);
    const auto product = on.kron({on.op(a), on.op(b)});
    on.expect_equal(Scalar(product.trace()), textbook::trace(a) * textbook::trace(b));
    on.expect_equal(Scalar(product.trace()), textbook::trace(on.table(product)));
    on.expect_equal(eliminate(on.table(product)).determinant,
                    power(eliminate(a).determinant, q) * power(eliminate(b).determinant, n));
  });
}

TEST(Ledger, K9_SumOfDirectSums) {
  on_all([](auto on) {
    const auto a = on.op(on.random(2, 3)), b = on.op(on.random(4, 1)), c = on.op(on.random(2, 3)),
               d = on.op(on.random(4, 1)), e = on.op(on.random(2, 3)), f = on.op(on.random(2, 3));
    on.expect_equal(on.oplus({a, b}) + on.oplus({c, d}), on.oplus({a + c, b + d}));
    // ✗ A⊕B + C⊕D for (A + B)⊕(C + D)
    on.expect_other(on.table(on.oplus({a, c}) + on.oplus({e, f})), on.table(on.oplus({a + c, e + f})));
    EXPECT_THROW(on.oplus({a, c}) + on.oplus({b, d}), ShapeError);
  });
}

TEST(Ledger, K10_ProductOfDirectSums) {
  on_all([](auto on) {
    const auto a = on.op(on.random(2, 3)), b = on.op(on.random(3, 4)), c = on.op(on.random(4, 1)),
               d = on.op(on.random(1, 2));
    on.expect_equal(on.oplus({a * b, c * d}), on.oplus({a, c}) * on.oplus({b, d}));
    const Table all = textbook::direct_sum(on.table(a), textbook::direct_sum(on.table(b), on.table(c)));
    on.expect_exactly(on.table(on.oplus({on.oplus({a, b}), c})), all);
    on.expect_exactly(on.table(on.oplus({a, on.oplus({b, c})})), all);
    on.expect_exactly(on.table(on.oplus({a, b, c})), all);
  });
}

TEST(Ledger, K11_HadamardProductOfDirectSums) {
  on_all([](auto on) {
    const Table a = on.random(2, 3), b = on.random(4, 1), c = on.random(2, 3), d = on.random(4, 1);
    const Table left = on.table(on.oplus({on.op(a), on.op(b)})), right = on.table(on.oplus({on.op(c), on.op(d)}));
    on.expect_equal(on.hadamard(left, right), on.table(on.oplus({on.op(on.hadamard(a, c)), on.op(on.hadamard(b, d))})));
  });
}

TEST(Ledger, K12_HadamardProductOfSums) {
  on_all([](auto on) {
    const Table a = on.random(3, 4), b = on.random(3, 4), c = on.random(3, 4), d = on.random(3, 4);
    const auto diag = [&](const Table &x) { return on.diag(x); };
    const auto sum = diag(a) * diag(c) + diag(a) * diag(d) + diag(b) * diag(c) + diag(b) * diag(d);
    on.expect_equal((diag(a) + diag(b)) * (diag(c) + diag(d)), sum);
    on.expect_equal(textbook::hadamard(a + b, c + d),
                    on.hadamard(a, c) + on.hadamard(a, d) + on.hadamard(b, c) + on.hadamard(b, d));
  });
}

TEST(Ledger, K13_TraceAndDeterminantOfADirectSum) {
  on_all([](auto on) {
    const Table a = on.regular(3), b = on.regular(4);
    const auto sum = on.oplus({on.op(a), on.op(b)});
    on.expect_equal(Scalar(sum.trace()), textbook::trace(a) + textbook::trace(b));
    on.expect_equal(eliminate(on.table(sum)).determinant, eliminate(a).determinant * eliminate(b).determinant);
  });
}

TEST(Ledger, K14_KhatriRaoProduct) {
  on_all([](auto on) {
    const Table a = on.random(2, 3), d = on.random(3, 1), b = on.random(3, 4);
    const auto product = khatri_rao(textbook::narrow<typename decltype(on)::Type>(transpose(b), on.device()),
                                    textbook::narrow<typename decltype(on)::Type>(a, on.device()));
    on.expect_equal(on.apply(product, d), vec(a * textbook::diagonal(d) * b));
    for (Index j = 0; j < 3; ++j)
      on.expect_equal(textbook::widen(product.column(j)),
                      textbook::kron(transpose(textbook::block(b, j, 0, 1, 4)), textbook::block(a, 0, j, 2, 1)));
  });
}

} // namespace
} // namespace kronvec::testing

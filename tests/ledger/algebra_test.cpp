/// Rows T (trace) and V (vec) of the project's ledger, tested through the public operators. ✗ marks a wrong statement,
/// which must fail.

#include "tests/ledger/algebra.hpp"

namespace kronvec::testing {
namespace {

TEST(Ledger, T1_TraceOfAScalar) {
  on_all([](auto on) {
    const Table a = on.random(1, 1);
    on.expect_equal(Scalar(on.op(a).trace()), a(0, 0), 0);
  });
}

TEST(Ledger, T2_TraceOfATranspose) {
  on_all([](auto on) {
    const Table a = on.random(5, 5);
    on.expect_equal(Scalar(on.op(a).transpose().trace()), textbook::trace(a));
    on.expect_equal(Scalar(on.op(a).trace()), textbook::trace(a));
  });
}

TEST(Ledger, T3_TraceOfASum) {
  on_all([](auto on) {
    const auto a = on.op(on.random(5, 5)), b = on.op(on.random(5, 5));
    on.expect_equal(Scalar((a + b).trace()), Scalar(a.trace() + b.trace()));
    on.expect_equal(Scalar((a - b).trace()), Scalar(a.trace() - b.trace()));
  });
}

TEST(Ledger, T4_TraceOfAProductInEitherOrder) {
  on_all([](auto on) {
    const auto a = on.op(on.random(3, 5)), b = on.op(on.random(5, 3));
    on.expect_equal(Scalar((a * b).trace()), Scalar((b * a).trace()));
  });
}

TEST(Ledger, T5_TraceWithAHadamardProduct) {
  on_all([](auto on) {
    const Table a = on.random(4, 3), b = on.random(4, 3), c = on.random(4, 3);
    const Scalar left = (on.op(a).transpose() * on.op(on.hadamard(b, c))).trace();
    on.expect_equal(left, Scalar((on.op(on.hadamard(a, b)).transpose() * on.op(c)).trace()));
    on.expect_equal(left, Scalar((on.op(on.hadamard(transpose(a), transpose(b))) * on.op(c)).trace()));
  });
}

TEST(Ledger, T6_TraceOfAProductIsAnInnerProduct) {
  on_all([](auto on) {
    const Table a = on.random(4, 3), b = on.random(4, 3);
    Scalar sum = 0;
    for (std::size_t n = 0; n < a.entries.size(); ++n)
      sum += a.entries[n] * b.entries[n];
    on.expect_equal(Scalar((on.op(a).transpose() * on.op(b)).trace()), sum);
    on.expect_equal(Scalar(on.inner(vec(a), on.op(vec(b)))), sum);
    const double square = on.op(a).norm() * on.op(a).norm();
    on.expect_equal(Scalar((on.op(a).adjoint() * on.op(a)).trace()), square);
    const Scalar plain = (on.op(a).transpose() * on.op(a)).trace();
    if (std::is_floating_point_v<typename decltype(on)::Type>) {
      on.expect_equal(plain, square);
    } else {
      EXPECT_GT(std::abs(plain - square), 1); // ✗ for complex entries
    }
  });
}

TEST(Ledger, T7_TraceOfThreeFactors) {
  on_all([](auto on) {
    const Table a = on.random(2, 3), b = on.random(3, 4), c = on.random(4, 2);
    const auto middle = [&](Index n) { return on.kron({on.eye(n), on.op(b)}); };
    const Scalar trace = (on.op(a) * on.op(b) * on.op(c)).trace();
    on.expect_equal(trace, textbook::trace(a * b * c));
    on.expect_equal(Scalar(on.inner(vec(transpose(a)), middle(c.cols) * on.op(vec(c)))), trace);
    // ✗ I with the columns, or the rows, of another factor.
    for (const Index wrong : {a.cols, b.cols})
      EXPECT_THROW(middle(wrong) * on.op(vec(c)), ShapeError);
  });
}

TEST(Ledger, T8_TraceOfFourFactors) {
  on_all([](auto on) {
    const Table a = on.random(2, 3), b = on.random(3, 4), c = on.random(4, 5), d = on.random(5, 2);
    const auto middle = on.kron({on.op(a), on.op(c).transpose()});
    on.expect_equal(Scalar(on.inner(vec(d), middle * on.op(vec(transpose(b))))), textbook::trace(a * b * c * d));
    on.expect_equal(Scalar((on.op(a) * on.op(b) * on.op(c) * on.op(d)).trace()), textbook::trace(a * b * c * d));
  });
}

TEST(Ledger, V1_VecOfASumAndUnvec) {
  on_all([](auto on) {
    const Table a = on.random(3, 4), b = on.random(3, 4);
    on.expect_equal(vec(on.table(on.op(a) + on.op(b))), on.table(on.op(vec(a)) + on.op(vec(b))));
    on.expect_exactly(unvec(on.table(on.op(vec(a))), 3, 4), a);
    EXPECT_FALSE(unvec(vec(a), 4, 3).shape() == a.shape()); // vec A does not determine the shape
  });
}

TEST(Ledger, V2_VecOfTripleProduct) {
  on_all([](auto on) {
    const Table a = on.random(3, 4), x = on.random(4, 5), b = on.random(5, 2);
    on.expect_equal(on.apply(on.kron({on.op(b).transpose(), on.op(a)}), vec(x)), vec(a * x * b));
    // Bᵀ ⊗ A is never formed.
    const Table c = on.random(30, 30), z = on.random(30, 30);
    const auto big = on.kron({on.op(c).transpose(), on.op(c)});
    const Device device = on.device();
    device.reset_peak();
    const std::size_t before = device.bytes_in_use();
    on.expect_equal(on.apply(big, vec(z)), vec(c * z * c), 30 * on.tolerance);
    EXPECT_LT(device.peak_bytes() - before, big.bytes() * 30);
  });
}

TEST(Ledger, V3_VecOfTheTranspose) {
  on_all([](auto on) {
    const Table a = on.random(3, 4);
    on.expect_exactly(on.apply(on.k(3, 4), vec(a)), vec(transpose(a)));
    on.expect_other(on.apply(on.k(4, 3), vec(a)), vec(transpose(a)));
  });
}

TEST(Ledger, V4_VecOfTheHadamardProduct) {
  on_all([](auto on) {
    const Table a = on.random(3, 4), x = on.random(3, 4);
    const Table product = textbook::hadamard(a, x);
    on.expect_equal(on.apply(on.diag(a), vec(x)), vec(product));
    on.expect_equal(on.hadamard(vec(a), vec(x)), vec(product));
  });
}

TEST(Ledger, V5_VecOfAProduct) {
  on_all([](auto on) {
    const Table a = on.random(3, 4), c = on.random(4, 2);
    const auto first = [&](Index n) { return on.kron({on.eye(n), on.op(a)}); };
    const auto second = [&](Index n) { return on.kron({on.op(c).transpose(), on.eye(n)}); };
    on.expect_equal(on.apply(first(c.cols), vec(c)), vec(a * c));
    on.expect_equal(on.apply(second(a.rows), vec(a)), vec(a * c));
    EXPECT_THROW(on.apply(first(a.cols), vec(c)), ShapeError); // ✗ with A's columns
    EXPECT_THROW(on.apply(second(a.cols), vec(a)), ShapeError);
  });
}

TEST(Ledger, V6_VecOfAnOuterProduct) {
  on_all([](auto on) {
    const Table a = on.random(3, 1), b = on.random(4, 1);
    on.expect_equal(on.table(on.kron({on.op(b), on.op(a)})), vec(a * transpose(b)));
    on.expect_other(on.table(on.kron({on.op(a), on.op(b)})), vec(a * transpose(b)));
  });
}

TEST(Ledger, V7_VecOfAKroneckerProduct) {
  on_all([](auto on) {
    const Index m = 2, n = 3, p = 4, q = 5;
    const Table a = on.random(m, n), b = on.random(p, q);
    const auto mover = on.kron({on.eye(n), on.k(q, m), on.eye(p)});
    const Table vecs = on.table(on.kron({on.op(vec(a)), on.op(vec(b))})), moved = on.apply(mover, vecs);
    on.expect_exactly(moved, on.table(mover) * vecs); // a permutation does not round; products of complex numbers may
    on.expect_equal(moved, vec(on.table(on.kron({on.op(a), on.op(b)}))));
    on.expect_equal(moved, vec(textbook::kron(a, b)));
  });
}

} // namespace
} // namespace kronvec::testing

/// tf32(A): float products that a GPU may round, there and nowhere else.

#include "tests/devices/operands.hpp"

namespace kronvec::testing {
namespace {

template <class T> constexpr bool takes_tf32 = requires(const Operator<T> &a) { tf32(a); };
static_assert(takes_tf32<float> && !takes_tf32<double> && !takes_tf32<std::complex<float>>);

Operator<float> matrix(Index rows, Index cols, std::uint64_t seed, const char *name, Device device = Device::cpu()) {
  const Matrix<double> random = Matrix<double>::random(rows, cols, seed);
  Matrix<float> a(rows, cols);
  for (Index k = 0; k < rows * cols; ++k)
    a.data()[k] = static_cast<float>(random.data()[k]);
  return {a.to(device), name};
}

/// One operator for each kind of matrix product: by cuBLAS, by slices with and without tensor cores, and by parts of an
/// operator.
std::vector<Operator<float>> operators(Device on) {
  const auto a = matrix(70, 90, 1, "A", on), b = matrix(16, 32, 2, "B", on), c = matrix(33, 17, 3, "C", on),
             d = matrix(90, 70, 4, "D", on);
  const auto dense = [&](const Operator<float> &m) { return m.to_dense(); };
  return {a,
          a.transpose(),
          kron(b, c),
          kron(matrix(200, 200, 5, "E", on), matrix(3, 2, 6, "F", on)),
          a * d,
          a + 2.F * d.transpose(),
          direct_sum<float>({a, d}),
          kron(b, kronvec::commutation<float>(3, 4, on)),
          kron_sum<float>({a * d, kronvec::identity<float>(2, on)}),
          khatri_rao(dense(a), dense(matrix(5, 90, 7, "G", on)))};
}

/// ‖Y − F·X‖ divided by the norms of both. Y = tf32(F)·X or F·X is computed by a device, F·X by the reference in
/// double.
double error_on(Device device, std::size_t which, bool rounded) {
  const Operator<float> there = operators(device)[which], here = operators(Device::cpu())[which];
  const Matrix<float> x = Operator<float>(matrix(here.cols(), 6, 9, "X")).to_dense();
  const Matrix<float> y = (rounded ? tf32(there) : there).apply(x.to(device)).to(Device::cpu());
  const Matrix<float> f = here.to_dense();
  double error = 0, size = 0;
  for (Index j = 0; j < x.cols(); ++j)
    for (Index i = 0; i < f.rows(); ++i) {
      double expected = 0, magnitude = 0;
      for (Index k = 0; k < f.cols(); ++k) {
        const double term = double(f(i, k)) * x(k, j);
        expected += term, magnitude += std::abs(term);
      }
      error = std::max(error, std::abs(y(i, j) - expected)), size = std::max(size, magnitude);
    }
  return error / size;
}

/// Each product rounds each of its two operands by at most 2⁻¹¹. Here there are two or three products.
TEST(Tf32, RoundsWhatIsInsideAndNothingElse) {
  for (const Device device : cuda_devices())
    for (std::size_t which = 0; which < operators(Device::cpu()).size(); ++which) {
      const std::string name = device.name() + ": " + operators(Device::cpu())[which].to_string();
      const double rounded = error_on(device, which, true), full = error_on(device, which, false);
      EXPECT_LT(full, 1e-6) << name;
      EXPECT_GT(rounded, 1e-5) << name;
      EXPECT_LT(rounded, 6 * std::ldexp(1, -11)) << name;
    }
}

TEST(Tf32, IsFloatOnOtherDevices) {
  for (const Device device : {Device::cpu(), Device::reference()})
    for (const Operator<float> &a : operators(device)) {
      const Matrix<float> x = matrix(a.cols(), 3, 8, "X", device).to_dense();
      EXPECT_TRUE(same(tf32(a).apply(x), a.apply(x))) << a.to_string();
    }
}

TEST(Tf32, EntriesAndDenseFormsAreNotRounded) {
  for (const Device device : cuda_devices()) {
    const auto a = matrix(20, 20, 1, "A", device), b = matrix(3, 3, 2, "B", device);
    const auto f = kron(a, b), g = tf32(f);
    EXPECT_TRUE(same(g.to_dense().to(Device::cpu()), f.to_dense().to(Device::cpu())));
    EXPECT_EQ(g.entry(5, 7), f.entry(5, 7));
    EXPECT_EQ(g.trace(), f.trace());
    EXPECT_EQ(g.norm(), f.norm());
    EXPECT_EQ(g.to_sparse().value, f.to_sparse().value);
  }
}

TEST(Tf32, IsPrintedAndReadByName) {
  const auto a = matrix(3, 3, 1, "A"), b = matrix(2, 2, 2, "B");
  EXPECT_EQ(tf32(kron(a, b)).to_string(), "tf32(A ⊗ B)");
  EXPECT_EQ((tf32(kron(a, b)).transpose() * kron(a, b)).to_string(), "tf32(Aᵀ ⊗ Bᵀ)·(A ⊗ B)");
  EXPECT_EQ(tf32(tf32(a)).to_string(), "tf32(A)");
  EXPECT_EQ(parse_operator<float>("tf32(kron(A,B))*K(2,3)", {{"A", a}, {"B", b}}).to_string(), "tf32(A ⊗ B)·K[2,3]");
  const Operator<double> in_double(Matrix<double>(3, 3), "A");
  try {
    (void)parse_operator<double>("2*tf32(A)", {{"A", in_double}});
    FAIL() << "tf32 of doubles";
  } catch (const ShapeErrorAt &error) {
    EXPECT_NE(std::string(error.what()).find("float64"), std::string::npos) << error.what();
    EXPECT_EQ(error.position(), 2u);
  }
}

/// Simplification moves no work into tf32 or out of it.
TEST(Tf32, SimplifyDoesNotLookInside) {
  const auto a = matrix(3, 3, 1, "A"), b = matrix(2, 2, 2, "B"), c = matrix(3, 3, 3, "C");
  const auto unchanged = [](const Operator<float> &f) {
    EXPECT_EQ(simplify(f).result.to_string(), f.to_string());
    EXPECT_TRUE(simplify(f).steps.empty());
  };
  unchanged(tf32(a) * tf32(c)), unchanged(tf32(a) * c), unchanged(tf32(a * c)), unchanged(tf32(a) + c);
  unchanged(kronvec::commutation<float>(3, 2) * tf32(kron(a, b)) * kronvec::commutation<float>(2, 3));
  unchanged(tf32(kronvec::identity<float>(3) * a));
  EXPECT_EQ(simplify(kronvec::identity<float>(3) * tf32(a)).result.to_string(), "tf32(A)");
}

} // namespace
} // namespace kronvec::testing

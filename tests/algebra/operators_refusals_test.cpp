/// Calls that operators refuse, and how operators print their structure, size and cost.

#include "tests/testing.hpp"

#include "kronvec/operators.hpp"

#include <limits>

namespace kronvec {
namespace {

using testing::near;
using M = Matrix<double>;
using O = Operator<double>;

/// Expects an exception of type E whose message contains all of these.
template <class E> void expect_refusal(const auto &call, std::initializer_list<const char *> parts) {
  try {
    call();
    ADD_FAILURE() << "nothing was thrown instead of a text with '" << *parts.begin() << "'";
  } catch (const E &error) {
    for (const char *part : parts)
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what() << ": without " << part;
  }
}

TEST(OperatorRefusals, ShapesThatDoNotAgree) {
  for (const Device device : Device::all()) {
    SCOPED_TRACE(device.name());
    const O a(M(3, 4, device), "A"), b(M(3, 5, device), "B");
    M x(4, 2, device), y(3, 2, device), z(3, 3, device), out(4, 3, device);
    expect_refusal<ShapeError>([&] { a *b; }, {"3×4", "3×5", "A", "B"});
    expect_refusal<ShapeError>([&] { a + b; }, {"3×4", "3×5"});
    expect_refusal<ShapeError>([&] { a - b; }, {"3×4", "3×5"});
    expect_refusal<ShapeError>([&] { a.apply(x, z); }, {"A", "3×4", "4×2", "3×3"});
    expect_refusal<ShapeError>([&] { a.apply(y); }, {"3×4", "3×2"});
    expect_refusal<ShapeError>([&] { a.apply_transpose(x, y); }, {"Aᵀ", "4×3", "4×2"});
    expect_refusal<ShapeError>([&] { a.to_dense(out); }, {"4×3", "3×4"});
    expect_refusal<ShapeError>([&] { a.trace(); }, {"square", "A", "3×4"});
    expect_refusal<ShapeError>([&] { a.diagonal(); }, {"square", "A", "3×4"});
    expect_refusal<ShapeError>([&] { kron_sum<double>({a}); }, {"square", "A", "3×4"});
    expect_refusal<ShapeError>([&] { khatri_rao(M(3, 4, device), M(2, 5, device)); }, {"3×4", "2×5"});
    expect_refusal<ShapeError>([&] { face_splitting(M(4, 3, device), M(5, 2, device)); }, {"4×3", "5×2"});
    EXPECT_THROW(kron_sum<double>({}), ShapeError);
    EXPECT_THROW(kron_power(a, -1), ShapeError);
  }
}

TEST(OperatorRefusals, PlacesOutside) {
  const O a(M(3, 4), "A");
  expect_refusal<ShapeError>([&] { a.entry(3, 0); }, {"(3, 0)", "3×4"});
  EXPECT_THROW(a.entry(0, 4), ShapeError);
  EXPECT_THROW(a.entry(-1, 0), ShapeError);
  EXPECT_THROW(a.row(3), ShapeError);
  EXPECT_THROW(a.row(-1), ShapeError);
  EXPECT_THROW(a.column(4), ShapeError);
  expect_refusal<ShapeError>([&] { a.block(1, 1, 3, 2); }, {"3×2", "(1, 1)", "3×4"});
  EXPECT_THROW(a.block(0, 0, -1, 2), ShapeError);
  EXPECT_THROW(a.block(0, 0, std::numeric_limits<Index>::max(), 2), ShapeError);
}

TEST(OperatorRefusals, IndicesAndSizes) {
  for (const Device device : Device::all()) {
    SCOPED_TRACE(device.name());
    expect_refusal<ShapeError>([&] { selection<double>({0, 4}, 4, device); }, {"index 1", "4"});
    EXPECT_THROW(selection<double>({-1}, 4, device), ShapeError);
    EXPECT_THROW(selection<double>({0}, 0, device), ShapeError);
    EXPECT_THROW(selection<double>({}, -1, device), ShapeError);
    expect_refusal<ShapeError>([&] { permutation<double>({0, 2, 2}, device); }, {"2 twice"});
    expect_refusal<ShapeError>([&] { permutation<double>({0, 3, 1}, device); }, {"3"});
    EXPECT_THROW(permutation<double>({0, -1}, device), ShapeError);
    EXPECT_THROW(identity<double>(-1, device), ShapeError);
    EXPECT_THROW(zero<double>(-1, 2, device), ShapeError);
    EXPECT_THROW(commutation<double>(-1, -2, device), ShapeError);
    EXPECT_THROW(commutation<double>(3, -2, device), ShapeError);
    EXPECT_THROW(duplication<double>(-2, {}, device), ShapeError);
    EXPECT_THROW(elimination<double>(Index(1) << 32, {}, device), ShapeError);
    EXPECT_THROW(symmetrizer<double>(-1, device), ShapeError);
    EXPECT_THROW(user_operator<double>(-1, 2, {}, "", device), ShapeError);
  }
}

TEST(OperatorRefusals, SharedMemory) {
  for (const Device device : Device::all()) {
    SCOPED_TRACE(device.name());
    M both(16, 3, device), room(64, 1, device);
    const O square = commutation<double>(3, 2, device) * identity<double>(6, device);
    const MatrixView<double> x = both.view().block(0, 0, 6, 2);
    EXPECT_THROW(square.apply(x, x), Error);
    EXPECT_THROW(square.apply(x, both.view().block(5, 0, 6, 2)), Error);
    M apart(6, 1, device), other(6, 1, device);
    const O sum = square + square;
    ASSERT_LE(sum.workspace(1), 64);
    sum.apply(1, apart, 1, other, room);
    expect_refusal<Error>([&] { sum.apply(1, room.view().block(3, 0, 6, 1), 1, other, room); }, {"workspace", "X"});
    expect_refusal<Error>([&] { sum.apply(1, apart, 1, room.view().block(3, 0, 6, 1), room); }, {"workspace", "Y"});
    EXPECT_THROW(sum.apply(1, apart, 1, other, both.view().block(0, 0, 12, 3)), ShapeError); // not contiguous
  }
}

TEST(OperatorRefusals, PartsOfSeveralDevices) {
  const Device there = Device::reference();
  const O a(M(2, 2), "A"), b(M(2, 2, there), "B");
  expect_refusal<DeviceError>([&] { a *b; }, {"A", "cpu", "B", "reference"});
  expect_refusal<DeviceError>([&] { a + b; }, {"A", "cpu", "B", "reference"});
  expect_refusal<DeviceError>([&] { kron<double>({a, b}); }, {"A", "cpu", "B", "reference"});
  expect_refusal<DeviceError>([&] { direct_sum<double>({a, b}); }, {"A", "cpu", "B", "reference"});
  expect_refusal<DeviceError>([&] { kron_sum<double>({a, b}); }, {"A", "cpu", "B", "reference"});
  expect_refusal<DeviceError>([&] { khatri_rao(M(2, 2), M(2, 2, there)); }, {"cpu", "reference"});
  expect_refusal<DeviceError>([&] { face_splitting(M(2, 2), M(2, 2, there)); }, {"cpu", "reference"});
  for (const Device device : Device::all()) {
    if (device.is_host()) continue;
    const O c(M(2, 2, device), "C");
    M here(2, 1), y(2, 1, device), square(2, 2);
    EXPECT_THROW(c.apply(here, y), DeviceError);
    EXPECT_THROW(c.apply(y, here), DeviceError);
    EXPECT_THROW(c.to_dense(square), DeviceError);
  }
}

TEST(OperatorRefusals, DenseFormsThatDoNotFit) {
  constexpr Index side = Index(1) << 20, huge = Index(1) << 40;
  for (const Device device : Device::all()) {
    SCOPED_TRACE(device.name());
    const O i = identity<double>(side, device), both = kron<double>({i, i});
    EXPECT_EQ(both.shape(), (Shape{huge, huge}));
    expect_refusal<OutOfMemory>([&] { i.to_dense(); }, {"I[1048576]", "1048576×1048576", "8.0 TiB", "free"});
    expect_refusal<OutOfMemory>([&] { both.to_dense(); }, {"1099511627776×1099511627776", "EiB", "free"});
    EXPECT_THROW(both.block(0, 0, side, side), OutOfMemory);
    EXPECT_THROW(both.column(0), OutOfMemory);
    EXPECT_THROW(both.diagonal(), OutOfMemory);
    const O row(Matrix<double>::random(1, side, 1).to(device));
    expect_refusal<OutOfMemory>([&] { both.to_sparse(); }, {"1099511627776×1099511627776", "24.0 TiB", "free"});
    expect_refusal<OutOfMemory>([&] { kron<double>({row, row}).to_sparse(); }, {"1×1099511627776", "24.0 TiB"});
    expect_refusal<OutOfMemory>([&] { commutation<double>(side, side, device).to_sparse(); }, {"24.0 TiB"});
    expect_refusal<OutOfMemory>([&] { zero<double>(2, huge, device).to_sparse(); }, {"2×1099511627776", "8.0 TiB"});
    expect_refusal<OutOfMemory>([&] { selection<double>({0}, huge, device).transpose().to_sparse(); }, {"8.0 TiB"});
  }
}

TEST(OperatorRefusals, SizesBeyondAllIntegers) {
  constexpr Index huge = Index(1) << 40;
  const O tall = zero<double>(huge, 1), wide = zero<double>(1, huge), half = zero<double>(Index(1) << 62, 1);
  EXPECT_THROW(kron<double>({tall, tall}), ShapeError);
  EXPECT_THROW(kron<double>({wide, wide}), ShapeError);
  EXPECT_THROW(direct_sum<double>({half, half}), ShapeError);
  EXPECT_THROW(commutation<double>(huge, huge), ShapeError);
  EXPECT_THROW(symmetrizer<double>(huge), ShapeError);
  EXPECT_THROW(kron_power(tall, 2), ShapeError);
  const O through = selection<double>({0}, Index(1) << 61) * zero<double>(Index(1) << 61, 1);
  EXPECT_THROW(through.apply(M(1, 1)), Error);
}

TEST(OperatorRefusals, WhatIsKnownWithoutADenseForm) {
  constexpr Index side = Index(1) << 20;
  const O i = identity<double>(side), both = kron<double>({i, i}), k = commutation<double>(side, side);
  EXPECT_EQ(both.trace(), 0x1p40);
  EXPECT_EQ(both.norm(), 0x1p20);
  EXPECT_EQ(both.entry(side + 7, side + 7), 1);
  EXPECT_EQ(k.trace(), 0x1p20);
  EXPECT_EQ(k.entry(1, side), 1);
  EXPECT_EQ((2. * both).trace(), 0x1p41);
  EXPECT_EQ(i.diagonal().rows(), side);
  EXPECT_THROW(k.block(0, 0, 3, 2), OutOfMemory); // by products with vectors of 2⁴⁰ entries
}

TEST(OperatorRefusals, FunctionsThatAreMissing) {
  const O f = user_operator<double>(2, 3, {[](auto, MatrixView<double> y) { y(0, 0) = y(1, 0) = 1; }, {}}, "f");
  EXPECT_EQ(f.apply(M(3, 1))(1, 0), 1);
  expect_refusal<Error>([&] { f.apply_transpose(M(2, 1)); }, {"f", "transpose"});
  expect_refusal<Error>([] { user_operator<double>(2, 3, {}).apply(M(3, 1)); }, {"F[2×3]", "products"});
}

TEST(OperatorText, IsMathematics) {
  const auto m = [](Index rows, Index cols, const char *name = "") { return O(M(rows, cols), name); };
  const O a = m(3, 4, "A"), b = m(2, 3, "B"), c = m(4, 2, "C"), s = m(3, 3, "S");
  EXPECT_EQ(a.to_string(), "A");
  EXPECT_EQ(m(3, 4).to_string(), "[3×4]");
  EXPECT_EQ(a.transpose().to_string(), "Aᵀ");
  EXPECT_EQ(a.transpose().transpose().to_string(), "A");
  EXPECT_EQ((kron<double>({a, b}) * commutation<double>(4, 3)).to_string(), "(A ⊗ B)·K[4,3]");
  EXPECT_EQ(kron<double>({a * c, s + s, identity<double>(2)}).to_string(), "(A·C) ⊗ (S + S) ⊗ I[2]");
  EXPECT_EQ(kron<double>({}).to_string(), "I[1]");
  EXPECT_EQ((s + kron<double>({s}) * s).to_string(), "S + S·S");
  EXPECT_EQ((-2.5 * (s + s)).to_string(), "−2.5·(S + S)");
  EXPECT_EQ((-s).to_string(), "−S");
  EXPECT_EQ((s - 2 * s).to_string(), "S − 2·S");
  EXPECT_EQ(direct_sum<double>({a, kron<double>({b, c})}).to_string(), "A ⊕ (B ⊗ C)");
  EXPECT_EQ((direct_sum<double>({a, b}) * m(7, 2, "E")).to_string(), "(A ⊕ B)·E");
  EXPECT_EQ(kron_sum<double>({s, m(2, 2, "T")}).to_string(), "S ⊗ I[2] + I[3] ⊗ T");
  EXPECT_EQ(diag(M(3, 1), "d").to_string(), "Diag(d)");
  EXPECT_EQ(diag(M(3, 2)).to_string(), "Diag([3×2])");
  EXPECT_EQ(khatri_rao(M(3, 4), M(2, 4), "A", "B").to_string(), "A ∗ B");
  EXPECT_EQ(khatri_rao(M(3, 4), M(2, 4), "A", "B").transpose().to_string(), "(A ∗ B)ᵀ");
  EXPECT_EQ(zero<double>(2, 3).to_string(), "0[2×3]");
  EXPECT_EQ(permutation<double>({1, 0}).transpose().to_string(), "P[2]ᵀ");
  EXPECT_EQ(selection<double>({1, 1}, 5).to_string(), "S[2×5]");
  EXPECT_EQ(symmetrizer<double>(3).to_string(), "N[3]");
}

TEST(OperatorText, OfTrianglesAndComplexNumbers) {
  EXPECT_EQ(duplication<double>(3).to_string(), "D[3]");
  EXPECT_EQ(duplication<double>(3).transpose().to_string(), "D[3]ᵀ");
  EXPECT_EQ(duplication_pseudoinverse<double>(3).to_string(), "D⁺[3]");
  EXPECT_EQ(elimination<double>(3, {.lower = false}).to_string(), "L[3,upper]");
  EXPECT_EQ(elimination<double>(3, {true, false}).transpose().to_string(), "L[3,lower,strict]ᵀ");
  using Z = std::complex<double>;
  const Operator<Z> a(Matrix<Z>(2, 3), "A");
  EXPECT_EQ((Z(1, -2) * a).to_string(), "(1−2i)·A");
  EXPECT_EQ((Z(-1, 2) * a).to_string(), "(−1+2i)·A");
  EXPECT_EQ((Z(0.5) * a).to_string(), "0.5·A");
  EXPECT_EQ(a.adjoint().to_string(), "conj(A)ᵀ");
}

TEST(OperatorCost, BytesAndFlops) {
  const O a(M(3, 4)), b(M(2, 5));
  EXPECT_EQ(a.bytes(), 12 * sizeof(double));
  EXPECT_EQ(a.flops(), 24);
  EXPECT_EQ(a.transpose().bytes(), 12 * sizeof(double));
  EXPECT_EQ(diag(M(3, 2)).bytes(), 6 * sizeof(double));
  EXPECT_EQ(diag(M(3, 2)).flops(), 6);
  for (const O &moves : {identity<double>(5), zero<double>(3, 4), commutation<double>(3, 4), elimination<double>(4)}) {
    EXPECT_EQ(moves.flops(), 0) << moves.to_string();
    EXPECT_EQ(moves.bytes(), 0) << moves.to_string();
  }
  // B first: 2·5·2·4 flops leave 4×2, then 2·4·3·2; A first would take 2·4·3·5 + 2·5·2·3.
  EXPECT_EQ(kron<double>({a, b}).flops(), 80 + 48);
  EXPECT_EQ(kron<double>({a, b}).bytes(), 22 * sizeof(double));
  EXPECT_EQ(kron<double>({identity<double>(7), b}).flops(), 7 * 20);
  EXPECT_EQ(kron<double>({diag(M(3, 1)), b}).flops(), 3 * 20 + 2 * 3); // Diag on the two rows that B leaves
  EXPECT_EQ((a * a.transpose()).flops(), 48);
  EXPECT_EQ((a + a).flops(), 48 + 3);
  EXPECT_EQ(direct_sum<double>({a, b}).flops(), 24 + 20);
  EXPECT_EQ(direct_sum<double>({a, b}).bytes(), 22 * sizeof(double));
  EXPECT_EQ(selection<double>({0, 2, 2}, 4).bytes(), 3 * sizeof(Index));
}

TEST(OperatorCost, FactorsAreAppliedInTheOrderOfLeastWork) {
  // Factors that grow the tensor come last, factors that shrink it come first, whether or not a factor is a matrix:
  // 2·(2·20² + 20) flops and then 2·50·20 to grow, not 50 times as many.
  const O tall(M(50, 1), "T"), sum = O(M(20, 20), "A") + O(M(20, 20), "S");
  EXPECT_EQ(kron(tall, sum).flops(), sum.flops() + 2 * 50 * 20);
  EXPECT_EQ(kron(tall.transpose(), sum).flops(), sum.flops() + 2 * 50 * 20);
  EXPECT_EQ(kron(sum, tall).flops(), sum.flops() + 2 * 50 * 20);
  EXPECT_LE(kron(tall, sum).workspace(1), 4 * 1000 + 20);
  EXPECT_EQ(kron(2 * tall, 3 * tall).to_string(), "6·(T ⊗ T)"); // numbers are not factors
}

TEST(OperatorCost, WindowsOfLargeOperators) {
  const Index n = 300;
  const auto k = commutation<double>(n, n) * kron(O(M::random(n, n, 1), "A"), O(M::random(n, n, 2), "B"));
  Device::cpu().reset_peak();
  const auto before = Device::cpu().bytes_in_use();
  const M row = k.block(5, 0, 1, n * n); // 60 GiB as a matrix
  EXPECT_LE(Device::cpu().peak_bytes() - before, 64u << 20);
  EXPECT_TRUE(near(row, k.row(5), 0));
  EXPECT_EQ(symmetrizer<double>(1000).norm(), std::sqrt(500500.0));
  EXPECT_EQ(duplication<double>(5000).entry(5, 3), 0);
  EXPECT_EQ(duplication<double>(5000).entry(5, 5), 1);
  EXPECT_EQ(duplication<double>(5000).entry(5 * 5000, 5), 1);
  EXPECT_EQ(duplication_pseudoinverse<double>(5000).entry(5, 5 * 5000), 0.5);
}

TEST(OperatorSpelling, AsOnPaper) {
  const O a(M{{1, 2}, {3, 4}}, "A"), b(M{{5}}, "B");
  const M x = M::random(2, 3, 1);
  EXPECT_TRUE(near((a * 2).to_dense(), (2 * a).to_dense(), 0));
  EXPECT_TRUE(near((a / 2).to_dense(), (0.5 * a).to_dense(), 0));
  EXPECT_TRUE(near(a * x, a.apply(x), 0));
  EXPECT_EQ(kron(a, b, a).to_string(), "A ⊗ B ⊗ A");
  EXPECT_EQ(kron<double>({}).to_string(), "I[1]");
  M both(4, 3); // rows 0 and 1, and rows 2 and 3, do not share memory
  a.apply(both.view().block(0, 0, 2, 3), both.view().block(2, 0, 2, 3));
  EXPECT_THROW(a.apply(both.view().block(0, 0, 2, 3), both.view().block(1, 0, 2, 3)), Error);
  EXPECT_THROW(a.workspace(-1), ShapeError);
}

} // namespace
} // namespace kronvec

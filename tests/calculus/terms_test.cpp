/// Jacobian terms: the arithmetic of their tables, the rules on difficult cases, invariants of the normal form, and
/// results computed from terms: windows, sparse and factored Jacobians, predictions.

#include "tests/calculus/grower.hpp"

#include "calculus/jacobian/point.hpp"
#include "calculus/terms/term.hpp"
#include "devices/backend.hpp"

#include <fmt/format.h>

#include <limits>

namespace kronvec::testing {
namespace {

using M = Matrix<double>;
using detail::JacobianPlan;

std::shared_ptr<const JacobianPlan> plan_of(const Expression &f, const std::vector<Variable> &variables, int cap) {
  return std::make_shared<const JacobianPlan>(f, variables, cap);
}

M poisoned(Index rows, Index cols) {
  M m(rows, cols);
  std::fill_n(m.data(), rows * cols, std::numeric_limits<double>::quiet_NaN());
  return m;
}

M structured(const JacobianAt<double> &j, Layout layout = Layout::numerator) {
  M out = layout == Layout::numerator ? poisoned(j.rows(), j.cols()) : poisoned(j.cols(), j.rows());
  j.to_dense(out, {.method = Method::structured, .layout = layout});
  return out;
}

/// Compares J from the terms, in every way and with several caps, with the element method.
void expect_terms(const Expression &f, const std::vector<Variable> &variables, const Givens &givens) {
  constexpr double tolerance = 1e-9;
  const M oracle =
      detail::jacobian_of(plan_of(f, variables, 0)).at(values_of(givens)).to_dense({.method = Method::reference});
  for (const int cap : {1, 2, 3, 8}) {
    SCOPED_TRACE("cap " + std::to_string(cap));
    const auto plan = plan_of(f, variables, cap);
    ASSERT_TRUE(plan->dense.exists) << plan->dense.why_not;
    for (const Device device : {Device::reference(), Device::cpu()}) {
      const auto j = detail::jacobian_of(plan).at(values_of(givens), device);
      EXPECT_TRUE(near(structured(j), oracle, tolerance)) << device.name();
      EXPECT_TRUE(near(structured(j, Layout::denominator), transposed(oracle), tolerance)) << device.name();
    }
    const auto j = detail::jacobian_of(plan).at(values_of(givens));
    const auto factored = j.factored();
    const CooMatrix<double> coo = factored.to_coo();
    M sum(j.rows(), j.cols());
    for (std::size_t n = 0; n < coo.value.size(); ++n)
      sum(coo.row[n], coo.col[n]) += coo.value[n];
    EXPECT_TRUE(near(sum, oracle, tolerance));
    EXPECT_LE(coo.nonzeros(), factored.stored());
    const M x = M::random(j.cols(), 2, 5);
    EXPECT_TRUE(near(j.to_sparse() * x, j.apply(x.view()), tolerance));
    const Index row = j.rows() / 3, col = j.cols() / 2;
    M block = poisoned(j.rows() - row, j.cols() - col);
    factored.block(row, col, block);
    for (Index c = 0; c < block.cols(); ++c)
      for (Index r = 0; r < block.rows(); ++r)
        EXPECT_NEAR(block(r, c), oracle(row + r, col + c), tolerance * std::max(1.0, std::abs(block(r, c))));
  }
}

void expect_terms(const Expression &f, const Symbol &x, const Givens &givens) {
  expect_terms(f, std::vector<Variable>{x}, givens);
}

// Tables.

/// The entries of a term over row + 100·col and seed, with the buffer n ↦ sin(n + 1).
M emitted(const Term &t) {
  std::vector<double> buffer(4000);
  for (std::size_t n = 0; n < buffer.size(); ++n)
    buffer[n] = std::sin(static_cast<double>(n + 1));
  Product p{.labels = t.labels, .extent = t.extent, .scale = t.scale, .factors = t.factors};
  p.row = t.row + 20 * t.col, p.col = t.seed;
  for (Product::Factor &f : p.factors)
    f.buffer = 0;
  M y = poisoned(400, 60);
  const Buffer<double> data = buffer.data();
  const auto &primitives = Device::reference().backend().primitives(0.0);
  primitives.emitter({Axis::all(400), Axis::all(60), {p}})->run({&data, 1}, 0, 0, y.view());
  return y;
}

/// The term of a 6×4 node: row = a + 2b, col = c, seed = a + 2b + 6d, with factors and a pending label.
Term example() {
  Term t;
  const AffineMap i = t.label(6), c = t.label(4), d = t.label(3), p = t.label(5);
  t.row = i, t.col = c, t.seed = i + 6 * d;
  t.factors = {{0, i + 6 * p}, {0, c + 4 * p}, {0, 2 * c + 9 * d}};
  return t;
}

TEST(Terms, SplitFuseReorderAndUnifyKeepTheEntries) {
  const M before = emitted(example());
  Term t = example();
  t.split(0, 2);
  EXPECT_EQ(t.labels, 5);
  EXPECT_TRUE(near(emitted(t), before, 1e-14));
  t.reorder({4, 2, 0, 1, 3});
  EXPECT_TRUE(near(emitted(t), before, 1e-14));
  fuse(t);
  EXPECT_EQ(t.labels, 4);
  EXPECT_TRUE(near(emitted(t), before, 1e-14));
  const auto digits = t.digits(&Term::row, 3); // 6 = 3·2 values of one label
  ASSERT_TRUE(digits);
  EXPECT_TRUE(near(emitted(t), before, 1e-14));
  EXPECT_LT(t.last(digits->first), 3);
}

TEST(Terms, DigitsRefuseACarry) {
  Term t = example();
  t.row.offset = 1; // 1 … 6 at base 3: no single label is the low digit
  EXPECT_FALSE(t.digits(&Term::row, 3));
}

TEST(Terms, UnifyingRowAndColKeepsTheDiagonal) {
  Term t;
  const AffineMap i = t.label(4), j = t.label(4), s = t.label(3);
  t.row = i, t.col = j, t.seed = s, t.factors = {{0, i + 4 * j}, {0, j + 4 * s}};
  const M all = emitted(t);
  ASSERT_TRUE(t.align_row_and_col());
  const M diagonal = emitted(t);
  for (Index c = 0; c < 60; ++c)
    for (Index r = 0; r < 400; ++r)
      EXPECT_EQ(diagonal(r, c), r % 20 == r / 20 ? all(r, c) : 0);
}

TEST(Terms, RestrictingToAWindowMovesIt) {
  Term t = example();
  const M before = emitted(t);
  ASSERT_TRUE(t.restrict_to(&Term::row, 2, 3));
  const M after = emitted(t);
  for (Index c = 0; c < 60; ++c)
    for (Index col = 0; col < 4; ++col)
      for (Index r = 0; r < 20; ++r)
        EXPECT_EQ(after(r + 20 * col, c), r < 3 ? before(r + 2 + 20 * col, c) : 0);
  ASSERT_TRUE(t.restrict_to(&Term::row, 7, 2));
  EXPECT_EQ(t.scale, 0);
}

// Rules.

struct Case {
  Symbol x{"X", 4, 3}, a{"A", 5, 4}, b{"B", 3, 2}, s{"S", 4, 4}, u{"u", 1, 1}, v{"v", 6, 1};
  Givens givens = givens_of({x, a, b, s, u, v}, 3);
};

TEST(Terms, ReshapesThatSplitAndThatCarry) {
  const Case c;
  expect_terms(unvec(c.x, 6, 2) * transpose(c.b) * c.b, {c.x}, c.givens);
  expect_terms(unvec(tanh(unvec(c.x, 2, 6)), 3, 4) * c.x, c.x, c.givens);
  const Expression d = direct_sum(c.x, c.x); // 8×6
  expect_terms(unvec(d, 16, 3) * c.b, c.x, c.givens);
  expect_terms(unvec(c.a * c.x, 3, 5) * tanh(transpose(unvec(c.a * c.x, 3, 5))), c.x, c.givens);
  expect_terms(tanh(unvec(kron(c.x, c.b), 9, 8)), c.x, c.givens);
}

TEST(Terms, LabelsThatNoFactorUses) {
  const Case c;
  expect_terms(ones(3, 4) * c.x * ones(3, 5), c.x, c.givens);
  expect_terms(sum(c.x) * ones(2, 3), c.x, c.givens);
  expect_terms(trace(ones(4, 4) * trace(c.s)) * c.s, c.s, c.givens);
}

TEST(Terms, DiagonalsWithEqualAndUnequalDigits) {
  const Case c;
  expect_terms(diag(c.s), c.s, c.givens);
  expect_terms(diag(c.a * c.x * c.b * ones(2, 5)), c.x, c.givens);
  expect_terms(diag(vec(c.x)) * diag(tanh(vec(c.x))), c.x, c.givens);
  expect_terms(trace(kron(c.s, unvec(c.x, 4, 3) * transpose(c.x))), c.s, c.givens);
  expect_terms(diag(direct_sum(kron(c.x, transpose(c.x)), c.s)), c.x, c.givens); // digits 4·3 against 3·4
  expect_terms(diag(kron(c.x, unvec(c.x, 3, 4))), c.x, c.givens);
}

TEST(Terms, KroneckerProductsAndPermutations) {
  const Case c;
  expect_terms(kron(kron(c.x, c.b), transpose(c.x)), c.x, c.givens);
  expect_terms(tanh(kron(c.x, c.a)) * ones(12, 2), c.x, c.givens);
  expect_terms(khatri_rao(c.x, tanh(c.x)), c.x, c.givens);
}

TEST(Terms, ScalarsBroadcast) {
  const Case c;
  expect_terms(c.u * c.x + quotient(c.x, 2 + square(c.u)), c.u, c.givens);
  expect_terms(norm2(c.x) * c.x + c.x / sum(exp(c.x)), c.x, c.givens);
}

TEST(Terms, TrianglesOnEitherSide) {
  Case c;
  M &value = std::ranges::find(c.givens, c.s, &Given::symbol)->value;
  value = plus(value, transposed(value));
  expect_terms(vech(c.s * c.s), c.s, c.givens);
  expect_terms(tanh(vech(c.s)) * transpose(vech(c.s)), c.s, c.givens);
  expect_terms(vec(vech(exp(c.s) * c.s)), {symmetric(c.s)}, c.givens);
  expect_terms(c.a * inverse(5 * eye(4) + c.s), {symmetric(c.s)}, c.givens);
}

TEST(Terms, SeveralVariables) {
  const Case c;
  expect_terms(c.a * tanh(c.x) * c.b + c.u * c.a * c.x * c.b, {c.b, c.u, c.x}, c.givens);
}

TEST(Terms, FunctionsWithoutARuleOfTheirOwnKeepWhatIsUpstream) {
  const Case c;
  const Expression f = c.a * expm(0.3 * c.x * transpose(c.x));
  expect_terms(f, c.x, c.givens);
  const auto plan = plan_of(f, {c.x}, 8);
  const auto &steps = plan->program.steps(Stage::dense);
  EXPECT_EQ(std::count_if(steps.begin(), steps.end(), [](const Step &s) { return s.opcode == Opcode::jacobian; }), 1);
}

TEST(Terms, ConstantsHaveNone) {
  const Case c;
  expect_terms(c.a * c.s, c.x, c.givens);
  expect_terms(0.0 * c.x + sign(c.x), c.x, c.givens);
}

TEST(Terms, SeveralPathsOfOneWidthStack) {
  const Case c;
  const Expression p = matrix_power(0.4 * c.s, 12);
  expect_terms(p, c.s, c.givens);
  expect_terms(p + c.s * p * c.s, c.s, c.givens);
}

TEST(Terms, ResidualNetworksOfAnyDepthHaveAFew) {
  const Symbol x("X", 5, 3), w("W", 5, 5);
  std::size_t steps_of_8 = 0;
  for (const int blocks : {8, 16, 32}) {
    Expression f = x;
    for (int b = 0; b < blocks; ++b)
      f = f + 0.1 * tanh(w * f);
    const auto plan = plan_of(f, {x}, 8);
    ASSERT_TRUE(plan->dense.exists);
    EXPECT_LE(plan->dense.emission.products.size(), 4u);
    const std::size_t steps = plan->program.steps(Stage::dense).size();
    if (blocks == 8) steps_of_8 = steps;
    EXPECT_LE(steps, steps_of_8 * static_cast<std::size_t>(blocks) / 8 + 8);
    expect_terms(f, x, givens_of({x, w}, 1));
  }
}

/// A constant of moderate size, so that long products stay moderate too.
Expression table(Index rows, Index cols, std::uint64_t seed) {
  return constant(map(M::random(rows, cols, seed), [&](double t) { return t / static_cast<double>(cols); }).view());
}

/// Compares with forward mode, at sizes at which one dense array of all terms would be too large.
void expect_few_terms(const Expression &f, const std::vector<Variable> &variables) {
  Givens givens;
  for (const Variable &variable : variables) {
    const Symbol &x = variable.symbol();
    M value = map(M::random(x.rows(), x.cols(), givens.size() + 1), [&](double t) { return t / double(x.rows()); });
    for (Index j = 0; variable.is_symmetric() && j < x.cols(); ++j)
      for (Index i = 0; i < j; ++i)
        value(i, j) = value(j, i);
    givens.push_back({x, std::move(value)});
  }
  const auto plan = plan_of(f, variables, detail::usual_term_cap);
  ASSERT_TRUE(plan->dense.exists) << plan->dense.why_not;
  const auto j = detail::jacobian_of(plan).at(values_of(givens));
  EXPECT_TRUE(near(structured(j), j.to_dense({.method = Method::forward}), 1e-12));
}

TEST(Terms, ManyOfThemStayFew) {
  std::vector<Variable> weights;
  Expression sum_of_all = zeros(17, 17), product_of_all = eye(17);
  for (int i = 0; i < 11; ++i) {
    const Symbol x(fmt::format("X{}", i), 17, 17);
    weights.emplace_back(x);
    sum_of_all = sum_of_all + table(17, 17, 1) * exp(x);
    product_of_all = product_of_all * x;
  }
  expect_few_terms(sum_of_all, weights);
  expect_few_terms(product_of_all, weights);
  const Symbol x("X", 24, 24);
  Expression sylvester = x, horner = eye(24), newton = transpose(x);
  for (std::uint64_t i = 0; i < 20; ++i) {
    sylvester = sylvester + table(24, 24, i) * x * table(24, 24, i + 50) - table(24, 24, i + 7) * transpose(x);
    horner = horner * x + 0.3 * eye(24);
  }
  for (int i = 0; i < 3; ++i)
    newton = newton * (2 * eye(24) - x * newton);
  expect_few_terms(sylvester, {x});
  expect_few_terms(horner, {x});
  expect_few_terms(newton, {x});
  expect_few_terms(x * softmax(transpose(x) * x) * softmax(softmax(transpose(x) * table(24, 24, 3) * x)), {x});
  expect_few_terms(matrix_power(x, 5), {symmetric(x)});
}

TEST(Terms, ArraysOfEqualProductsAndOtherSizesAreTheirOwn) {
  const Symbol u("u", 1, 1), v("v", 3, 1), w("w", 4, 1), c("C", 30, 30);
  const Expression k = kron(u * v, w);
  expect_terms(direct_sum(unvec(k, 6, 2), unvec(direct_sum(k, c), 6, 217)), u, givens_of({u, v, w, c}, 1));
}

// Invariants.

/// Checks that every address that a product reads or writes lies inside its array.
void expect_addresses_inside(const Emission &e, Index rows, Index cols, const std::vector<Index> &sizes) {
  for (const Product &p : e.products) {
    const auto last = [&](const AffineMap &map) {
      Index value = map.offset;
      for (int q = 0; q < p.labels; ++q) {
        EXPECT_GE(map.stride[q], 0);
        value += map.stride[q] * (p.extent[q] - 1);
      }
      EXPECT_GE(map.offset, 0);
      return value;
    };
    EXPECT_LT(last(p.row), rows);
    EXPECT_LT(last(p.col), cols);
    for (const Product::Factor &f : p.factors)
      EXPECT_LT(last(f.map), sizes[static_cast<std::size_t>(f.buffer)]);
  }
}

std::vector<Index> sizes_of(const Program &program, const std::vector<SlotId> &slots) {
  std::vector<Index> sizes;
  for (const SlotId u : slots)
    sizes.push_back(program.slots()[static_cast<std::size_t>(u)].shape.size());
  return sizes;
}

TEST(Terms, InvariantsOfRandomExpressions) {
  for (std::uint64_t round = 1; round <= 150 && !HasFailure(); ++round) {
    Grower grower(7000 + round);
    const Expression f = grower.grow({grower.side(), grower.side()}, 1 + grower.pick(5));
    SCOPED_TRACE("round " + std::to_string(round) + ": " + to_string(f));
    expect_terms(f, grower.symbols[0], givens_of(grower.symbols, round));
    for (const int cap : {1, 8}) {
      const auto plan = plan_of(f, {grower.symbols[0]}, cap);
      const Program &program = plan->program;
      for (const Step &step : program.steps(Stage::dense))
        if (step.emission)
          expect_addresses_inside(*step.emission, step.emission->rows.size, 1, sizes_of(program, step.in));
      expect_addresses_inside(plan->dense.emission, plan->rows(), plan->cols(), sizes_of(program, plan->dense.buffers));
      for (const Product &p : plan->dense.emission.products)
        for (const auto &g : p.factors)
          for (const auto &h : p.factors)
            EXPECT_TRUE(&g == &h || labels_of(g.map) == 0 || (labels_of(g.map) & ~labels_of(h.map)) != 0)
                << "one factor's labels lie within another's";
    }
  }
}

TEST(Terms, MethodsOfEveryDeviceAgreeOnRandomExpressions) {
  for (std::uint64_t round = 1; round <= 40 && !HasFailure(); ++round) {
    Grower grower(9000 + round);
    const Expression f = grower.grow({grower.side(), grower.side()}, 1 + grower.pick(4));
    SCOPED_TRACE("round " + std::to_string(round) + ": " + to_string(f));
    const Givens givens = givens_of(grower.symbols, round);
    const Jacobian j = jacobian(f, grower.symbols[0]);
    const M oracle = j.at<double>(values_of(givens)).to_dense({.method = Method::reference});
    for (const Device device : Device::all())
      EXPECT_TRUE(
          near(on_host(j.at<double>(values_of(givens), device).to_dense({.method = Method::structured})), oracle, 1e-9))
          << device.name();
  }
}

// Results computed from terms.

TEST(Terms, SparseJacobiansStoreWhatTheirStructureLeaves) {
  const Symbol x("X", 30, 20), a("A", 4, 5);
  const Givens givens = givens_of({x, a}, 1);
  const auto stored = [&](const Expression &f) {
    return jacobian(f, x).at<double>(values_of(givens)).to_sparse().nonzeros();
  };
  EXPECT_EQ(stored(tanh(x)), 600);
  EXPECT_EQ(stored(kron(x, a)), 600 * 20);
  EXPECT_EQ(stored(transpose(x) * x), 2 * 600 * 20 - 600); // 2mn·n positions, mn of which coincide
}

TEST(Terms, FactoredJacobiansNeedNoJ) {
  const Symbol x("X", 300, 200), b("B", 200, 3), a("A", 70, 300);
  const Givens givens = givens_of({x, b, a}, 1);
  const auto j = jacobian(tanh(a * tanh(x)), x).at<double>(values_of(givens)); // 14000×60000: 6.3 GiB
  const std::size_t before = Device::cpu().bytes_in_use();
  const auto factored = j.factored();
  EXPECT_LT(Device::cpu().bytes_in_use() - before, std::size_t(200) << 20);
  M unit(300, 200);
  unit(17, 5) = 1;
  const M column = j.apply(unit.view());
  EXPECT_TRUE(near(factored.column(17 + 300 * 5), vec(column), 1e-12));
  EXPECT_NEAR(factored.entry(3 + 70 * 5, 17 + 300 * 5), column(3, 5), 1e-12);
  EXPECT_EQ(factored.entry(3 + 70 * 6, 17 + 300 * 5), 0);
  M out(1, 1);
  EXPECT_THROW(factored.block(14000, 0, out), ShapeError);
}

TEST(Terms, RowsAndColumnsOfSumsAreProducts) {
  const Symbol x("X", 9, 9);
  const Givens givens = givens_of({x}, 1);
  const auto j = jacobian(matrix_power(0.3 * x, 7), x).at<double>(values_of(givens));
  const auto factored = j.factored();
  const M dense = j.to_dense({.method = Method::reference});
  EXPECT_TRUE(near(factored.row(40), dense.view().block(40, 0, 1, 81), 1e-12));
  EXPECT_TRUE(near(factored.column(7), dense.view().block(0, 7, 81, 1), 1e-12));
  EXPECT_NEAR(factored.entry(11, 70), dense(11, 70), 1e-12);
  EXPECT_THROW(factored.row(81), ShapeError);
  EXPECT_THROW(factored.column(-1), ShapeError);
  EXPECT_THROW(factored.entry(81, 0), ShapeError);
  EXPECT_THROW(factored.entry(0, 81), ShapeError);
}

/// Peak memory while J is written, including J.
double used_bytes(const JacobianAt<double> &j, const DenseOptions &options) {
  Device::cpu().backend().pool().trim(); // blocks left there would be reused
  const std::size_t before = Device::cpu().bytes_in_use();
  Device::cpu().reset_peak();
  (void)j.to_dense(options);
  return static_cast<double>(Device::cpu().peak_bytes() - before);
}

/// Compares the memory used by every method with its prediction.
void expect_prediction(const Expression &f, const Symbol &x, const Givens &givens) {
  const Jacobian plan = jacobian(f, x);
  const auto j = plan.at<double>(values_of(givens));
  for (const Method method : {Method::structured, Method::forward, Method::reverse})
    for (const Layout layout : {Layout::numerator, Layout::denominator})
      for (const int threads : {1, 2}) { // one of two threads may finish before the other takes memory
        const DenseOptions options{.method = method, .layout = layout};
        const auto [used, predicted] =
            with_threads(threads, [&] { return std::pair(used_bytes(j, options), plan.dense_bytes(options)); });
        EXPECT_LE(used, 1.05 * predicted) << to_string(f) << ", " << name(method) << ", " << threads << " threads";
        if (threads == 1) {
          EXPECT_GE(used, 0.95 * predicted) << to_string(f) << ", " << name(method);
        }
      }
}

TEST(Terms, MemoryIsPredicted) {
  const Symbol x("X", 40, 40), a("A", 40, 40), b("B", 40, 40);
  const Givens givens = givens_of({x, a, b}, 1);
  const Expression attention = softmax(a * x * transpose(b * x)) * x;
  for (const Expression &f : {a * exp(x * b), tanh(a * tanh(b * tanh(x * b))), transpose(x) * x, attention})
    expect_prediction(f, x, givens);
  const Symbol small("X", 20, 20); // products with unit vectors would take seconds at size 40
  for (const Expression &f : {expm(small), inverse(cholesky(small * transpose(small)))})
    expect_prediction(f, small, givens_of({small}, 1));
}

TEST(Terms, LittleIsHeldBesideWhatTakesTheTimeToWrite) {
  const Symbol x("X", 40, 40), a("A", 40, 40), b("B", 40, 40);
  for (const Expression &f : {a * exp(x * b), tanh(a * tanh(b * tanh(x * b))), transpose(x) * x})
    for (const int threads : {1, 2})
      EXPECT_LE(with_threads(threads, [&] { return jacobian(f, x).dense_bytes(); }),
                1.1 * 8 * 1600 * 1600 + threads * 0x1p20)
          << to_string(f);
}

TEST(Terms, ThePlanIsExplained) {
  const Symbol x("X", 32, 48), a("A", 64, 32), b("B", 48, 40);
  const std::string text = jacobian(a * exp(x * b), x).explain();
  for (const char *part : {"J is 2560×1536", "A[i + 64·k]", "B[l + 48·j]", "exp(X*B)", "method: structured"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in:\n" << text;
}

TEST(Terms, TrianglesAreExplained) {
  const Symbol x("X", 5, 5);
  const std::string text = jacobian(vech(x * transpose(x)), symmetric(x)).explain();
  for (const char *part : {"rows count along vec of 5×5", "columns count along vec of 5×5", "as in vech"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in:\n" << text;
  EXPECT_EQ(jacobian(x * transpose(x), x).explain().find("vech"), std::string::npos);
}

/// Truncated names. Every byte of a character except the first is 10xxxxxx.
TEST(Terms, WhatIsExplainedIsCutBetweenCharacters) {
  for (const std::string before : {"", "a", "aa", "aaa"}) {
    std::string name = before;
    for (int i = 0; i < 40; ++i)
      name += "λ";
    const Symbol x("X", 3, 3), a(name, 3, 3);
    const std::string text = jacobian(exp(a) * x, x).explain();
    const std::size_t end = text.find("…, 3×3");
    ASSERT_NE(end, std::string::npos) << text;
    EXPECT_EQ(text.substr(end - 2, 2), "λ") << text;
  }
}

} // namespace
} // namespace kronvec::testing

/// Matrices without entries: every function of the grammar has a value, Jacobians by every method, and a derivation, or
/// is refused because of its shape.

#include "tests/testing.hpp"

#include <optional>
#include <string>
#include <vector>

namespace kronvec::testing {
namespace {

constexpr Shape empty_shapes[] = {{0, 0}, {0, 3}, {3, 0}, {0, 1}, {1, 0}};

/// The texts of functions of X and A. X has no entries.
std::vector<std::string> texts_of(Shape shape) {
  std::vector<std::string> texts{
      "X+A",       "X-A",       "X*A",           "A*X",           "X'*A",        "X*A'",         "X.*A",
      "A.*X",      "X./A",      "A./X",          "X.^A",          "A.^X",        "X.^3",         "X/2",
      "2*X",       "X^2",       "X^-1",          "-X'",           "X ⊗ A",       "A ⊗ X",        "X ⊕ A",
      "A ⊕ X",     "X ∗ A",     "A ∗ X",         "hadamard(X,A)", "pow(X,A)",    "solve(X,A)",   "solve(A,X)",
      "kron(X,A)", "kron(A,X)", "dexpm(X,A)",    "dexpm(A,X)",    "X*ones(3,2)", "X*zeros(0,2)", "ones(2,0)*X",
      "X*eye(0)",  "K(3,0)*X",  "K(0,3)*vec(X)", "L(0)*vec(X)",   "L(3)*X",      "sum(X*X)",     "sum(X'*X)+1"};
  for (const char *name :
       {"inv",    "tr",   "trace", "sum",  "vec",    "neg",  "norm1", "norm2",   "transpose", "det",  "adj",
        "logdet", "chol", "expm",  "vech", "unvech", "diag", "Diag",  "softmax", "logsumexp", "jexpm"}) {
    texts.push_back(std::string(name) + "(X)");
    texts.push_back(std::string(name) + "(exp(X))*2");
  }
  for (const Function f : all_functions())
    if (f != Function::pow) texts.push_back(std::string(name(f)) + "(X)");
  texts.push_back("unvec(X," + std::to_string(shape.cols) + "," + std::to_string(shape.rows) + ")");
  texts.push_back("unvec(X,5,0)");
  return texts;
}

std::string replaced(std::string text, char letter, const std::string &by) {
  for (std::size_t at = text.find(letter); at != std::string::npos; at = text.find(letter, at + by.size()))
    text.replace(at, 1, by);
  return text;
}

class Empty : public ::testing::TestWithParam<Shape> {
protected:
  /// Calls work(F, X, values) for every function whose shapes agree: of X without entries, and of P·X·Q without entries
  /// where X has some. A has several shapes.
  void each(const auto &work) const {
    const auto [rows, cols] = GetParam();
    each(Symbol("X", rows, cols), "X", work);
    each(Symbol("X", 2, 2), "(zeros(" + std::to_string(rows) + ",2)*X*ones(2," + std::to_string(cols) + "))", work);
  }

private:
  void each(const Symbol &x, const std::string &argument, const auto &work) const {
    const auto [rows, cols] = GetParam();
    int built = 0;
    for (const Shape of_a : {Shape{rows, cols}, Shape{cols, rows}, Shape{2, 2}, Shape{1, 1}}) {
      const Symbol a("A", of_a.rows, of_a.cols);
      for (const std::string &text : texts_of(GetParam())) {
        std::optional<Expression> f;
        try {
          f = parse(replaced(text, 'X', argument), {{"X", x}, {"A", a}});
        } catch (const ShapeErrorAt &) {
          continue;
        }
        SCOPED_TRACE(text + " of " + argument + ", " + to_string(GetParam()) + ", with A " + to_string(of_a));
        const Matrix<double> at = Matrix<double>::random(x.rows(), x.cols(), 1),
                             of = Matrix<double>::random(of_a.rows, of_a.cols, 1);
        work(*f, x, Values<double>{{x, at}, {a, of}}.allow_unused());
        ++built;
      }
    }
    EXPECT_GT(built, 100);
  }
};

INSTANTIATE_TEST_SUITE_P(Shapes, Empty, ::testing::ValuesIn(empty_shapes));

TEST_P(Empty, HasValuesOnEveryDevice) {
  each([&](const Expression &f, const Symbol &x, const Values<double> &values) {
    for (const Device device : Device::all()) {
      EXPECT_EQ(evaluate(f, values, device).shape(), f.shape());
      const auto j = jacobian(f, x).at<double>(values, device);
      EXPECT_EQ(j.apply(Matrix<double>(x.rows(), x.cols(), device)).shape(), f.shape());
      EXPECT_EQ(j.apply_transpose(Matrix<double>(f.rows(), f.cols(), device)).shape(), x.shape());
      EXPECT_EQ(j.to_dense().shape(), (Shape{f.shape().size(), x.shape().size()}));
    }
  });
}

TEST_P(Empty, HasJacobiansByEveryMethod) {
  each([&](const Expression &f, const Symbol &x, const Values<double> &values) {
    const Jacobian plan = jacobian(f, x);
    EXPECT_FALSE(plan.explain<double>().empty());
    const auto j = plan.at<double>(values);
    const Matrix<double> value = Matrix<double>::copy_of(j.value()),
                         expected = j.to_dense({.method = Method::reference});
    const bool finite = std::all_of(value.data(), value.data() + value.shape().size(),
                                    [](double entry) { return std::isfinite(entry); });
    for (const Method method :
         {Method::automatic, Method::structured, Method::forward, Method::reverse, Method::numeric})
      for (const Layout layout : {Layout::numerator, Layout::denominator}) {
        if (method == Method::numeric && !finite) continue; // log 0 of an empty sum
        const Matrix<double> dense = j.to_dense({.method = method, .layout = layout});
        EXPECT_TRUE(near(layout == Layout::numerator ? dense.clone() : transposed(dense), expected, 1e-6))
            << name(method);
      }
  });
}

TEST(EmptyValues, AreThoseOfEmptySumsAndProducts) {
  const Symbol square("S", 0, 0), wide("W", 0, 2), tall("T", 2, 0);
  const auto value = [&](const char *text, Device device) {
    return evaluate(parse(text, {{"S", square}, {"W", wide}, {"T", tall}}), {}, device).to(Device::cpu());
  };
  for (const Device device : Device::all())
    for (const auto &[text, expected] : {std::pair("det(S)", 1.),
                                         {"logdet(S)", 0.},
                                         {"tr(S)", 0.},
                                         {"sum(W)", 0.},
                                         {"norm1(T)", 0.},
                                         {"norm2(W)", 0.},
                                         {"sum(T*W+3)", 12.},
                                         {"sum(logsumexp(W))", -INFINITY},
                                         {"sum(inv(S))", 0.},
                                         {"sum(expm(S) ⊕ 2)", 2.}})
      EXPECT_TRUE(near(value(text, device), Matrix<double>{{expected}}, 0)) << text << " on " << device.name();
}

TEST_P(Empty, HasGradientsAndHessians) {
  each([&](const Expression &f, const Symbol &x, const Values<double> &values) {
    if (!f.is_scalar()) return;
    const Index n = x.shape().size();
    EXPECT_EQ(evaluate(gradient(f, {x}), values).shape(), x.shape());
    EXPECT_EQ(hessian(f, {x}).at<double>(values).to_dense().shape(), (Shape{n, n}));
  });
}

TEST_P(Empty, HasDerivations) {
  each([&](const Expression &f, const Symbol &x, const Values<double> &) {
    const Derivation derivation(f, x);
    EXPECT_EQ(derivation.jacobian().shape(), (Shape{f.shape().size(), x.shape().size()}));
    EXPECT_FALSE(derivation.text().empty() || derivation.latex().empty() || derivation.json().empty());
  });
}

} // namespace
} // namespace kronvec::testing

/// Derivations: every printed formula, parsed back, has the value of the Jacobian.

#include "tests/calculus/grower.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <tuple>

namespace kronvec::testing {
namespace {

/// The formulas of a text after its differential, keyed by the text before "=".
std::map<std::string, std::string> formulas_of(const std::string &text) {
  std::map<std::string, std::string> formulas;
  std::istringstream lines(text.substr(text.find("\n\n", text.find("\ndifferential\n"))));
  for (std::string line; std::getline(lines, line);)
    if (const std::size_t equals = line.find(" = "); line.starts_with("  ") && equals != std::string::npos)
      formulas.emplace(line.substr(2, equals - 2), line.substr(equals + 3));
  return formulas;
}

/// The definitions after "where". Each may use the names before it.
std::vector<std::pair<std::string, std::string>> names_of(const std::string &text) {
  std::vector<std::pair<std::string, std::string>> names;
  const std::size_t where = text.find("\nwhere\n");
  if (where == std::string::npos) return names;
  std::istringstream lines(text.substr(where + 7));
  for (std::string line; std::getline(lines, line) && line.starts_with("  ");)
    names.emplace_back(line.substr(2, line.find(" = ") - 2), line.substr(line.find(" = ") + 3));
  return names;
}

/// The last line of the differential, without rules.
std::string last_line(const std::string &text) {
  const std::size_t end = text.find("\n\n", text.find("\ndifferential\n")), begin = text.rfind("\n", end - 1);
  const std::string line = text.substr(begin, end - begin), formula = line.substr(line.find("= ") + 2);
  return formula.substr(0, formula.find("   "));
}

/// Whether the differential is that of F only, without parts that are derived once.
bool is_whole(const std::string &text) { return text.find("\n  d") == text.find("\n  dF ="); }

/// E₁ in the grammar's spelling.
std::string plain(std::string name) {
  for (char digit = '0'; digit <= '9'; ++digit) {
    const std::string small = {'\xe2', '\x82', static_cast<char>('\x80' + (digit - '0'))};
    for (std::size_t at = name.find(small); at != std::string::npos; at = name.find(small))
      name.replace(at, small.size(), 1, digit);
  }
  return name;
}

/// Evaluates the formulas of a text.
class Reader {
public:
  Reader(const std::string &text, const Givens &givens) : formulas_(formulas_of(text)) {
    for (const Given &g : givens)
      add(g.symbol.name(), g.value.clone());
    for (const auto &[name, definition] : names_of(text))
      add(plain(name), value_of(definition));
  }
  bool has(const std::string &name) const { return formulas_.contains(name); }
  const std::string &formula(const std::string &name) const { return formulas_.at(name); }
  Matrix<double> value(const std::string &name) const { return value_of(formulas_.at(name)); }
  Matrix<double> value_of(const std::string &formula) const {
    Values<double> values;
    for (std::size_t i = 0; i < names_.size(); ++i)
      values.push_back({symbols_.at(names_[i]), values_[i].view()});
    return evaluate<double>(parse(formula, symbols_), values, Device::reference());
  }

private:
  void add(const std::string &name, Matrix<double> value) {
    symbols_.emplace(name, Symbol(name, value.rows(), value.cols()));
    values_.push_back(std::move(value));
    names_.push_back(name);
  }

  std::map<std::string, std::string> formulas_;
  Symbols symbols_;
  std::vector<std::string> names_;
  std::vector<Matrix<double>> values_;
};

/// Checks that everything printed about F, as text and as expressions, is correct at these values.
void expect_right(const Expression &f, const Symbol &x, const Givens &givens, double tolerance) {
  const Derivation derivation(f, x);
  const std::string text = derivation.text(100000);
  SCOPED_TRACE(text);
  const Matrix<double> j = jacobian(f, x).at(values_of(givens)).to_dense();
  EXPECT_TRUE(near(evaluate(derivation.jacobian(), values_of(givens)), j, tolerance));
  EXPECT_TRUE(near(evaluate(derivation.jacobian(Layout::denominator), values_of(givens)), transposed(j), tolerance));
  Givens more;
  for (const Given &g : givens)
    more.push_back({g.symbol, g.value.clone()});
  more.push_back(given(Symbol("d" + x.name(), x.rows(), x.cols()), 99));
  const Reader printed(text, more);
  EXPECT_TRUE(near(printed.value("J"), j, tolerance));
  EXPECT_TRUE(near(printed.value("Jᵀ"), transposed(j), tolerance));
  EXPECT_EQ(printed.has("∇F"), f.is_scalar());
  const Matrix<double> df = product(j, vec(more.back().value));
  if (f.is_scalar()) {
    EXPECT_TRUE(near(vec(printed.value("∇F")), transposed(j), tolerance));
  } else {
    EXPECT_TRUE(near(printed.value(f.cols() == 1 ? "dF" : "vec dF"), df, tolerance));
  }
  if (is_whole(text)) {
    EXPECT_TRUE(near(vec(printed.value_of(last_line(text))), df, tolerance)) << last_line(text);
  }
}

/// A function and its symbols, such as "A 3×4, x 4×1", in the command's notation.
struct Example {
  std::string function, variable;
  std::vector<std::tuple<std::string, Index, Index>> shapes;
};

std::vector<Example> examples() {
  return {
      {"A*X*B", "X", {{"A", 3, 4}, {"X", 4, 2}, {"B", 2, 5}}},                        // E1
      {"A*exp(X*B)", "X", {{"A", 4, 3}, {"X", 3, 2}, {"B", 2, 5}}},                   // E2
      {"b'*x", "x", {{"b", 4, 1}, {"x", 4, 1}}},                                      // E3
      {"b'*X", "X", {{"b", 4, 1}, {"X", 4, 3}}},                                      //
      {"x'*x", "x", {{"x", 4, 1}}},                                                   // E4
      {"X'*X", "X", {{"X", 4, 3}}},                                                   //
      {"x'*A*x", "x", {{"x", 4, 1}, {"A", 4, 4}}},                                    // E5
      {"X'*A*X", "X", {{"X", 4, 3}, {"A", 4, 4}}},                                    //
      {"a'*X*b", "X", {{"a", 3, 1}, {"X", 3, 4}, {"b", 4, 1}}},                       // E6
      {"a'*inv(X)*a", "X", {{"a", 3, 1}, {"X", 3, 3}}},                               // E7
      {"det(X)", "X", {{"X", 3, 3}}},                                                 // E8
      {"logdet(X)", "X", {{"X", 3, 3}}},                                              // E9
      {"tr(X)", "X", {{"X", 3, 3}}},                                                  // E10
      {"tr(A*A')", "A", {{"A", 3, 4}}},                                               // E11
      {"norm2(X)", "X", {{"X", 3, 4}}},                                               //
      {"W*x+c", "x", {{"W", 3, 4}, {"x", 4, 1}, {"c", 3, 1}}},                        // E12
      {"W*x+c", "W", {{"W", 3, 4}, {"x", 4, 1}, {"c", 3, 1}}},                        //
      {"W*x+c", "c", {{"W", 3, 4}, {"x", 4, 1}, {"c", 3, 1}}},                        //
      {"inv(A+t*B)", "t", {{"A", 3, 3}, {"B", 3, 3}, {"t", 1, 1}}},                   // E13
      {"a'*X*X'*b", "X", {{"a", 3, 1}, {"X", 3, 4}, {"b", 3, 1}}},                    // E14
      {"-y*x'*w+log(1+exp(x'*w))", "w", {{"y", 1, 1}, {"x", 3, 1}, {"w", 3, 1}}},     // E15
      {"-y'*log(softmax(W*x))", "W", {{"y", 3, 1}, {"W", 3, 4}, {"x", 4, 1}}},        // E16
      {"(softmax(W*x)-y)*x'", "W", {{"y", 3, 1}, {"W", 3, 4}, {"x", 4, 1}}},          //
      {"sum(y.^2)", "y", {{"y", 2, 1}}},                                              // E17
      {"A*y", "y", {{"A", 3, 4}, {"y", 4, 1}}},                                       // E19
      {"tanh(B*tanh(A*X))", "X", {{"A", 4, 2}, {"B", 3, 4}, {"X", 2, 3}}},            //
      {"softmax(W*X)", "X", {{"W", 3, 3}, {"X", 3, 2}}},                              //
      {"softmax(X*X')*X", "X", {{"X", 4, 3}}},                                        //
      {"logsumexp(A*X)", "X", {{"A", 3, 3}, {"X", 3, 2}}},                            //
      {"expm(A*X)", "X", {{"A", 3, 2}, {"X", 2, 3}}},                                 //
      {"tr(expm(X))", "X", {{"X", 3, 3}}},                                            //
      {"chol(X*X'+eye(3))", "X", {{"X", 3, 3}}},                                      //
      {"kron(A,X)", "X", {{"A", 2, 3}, {"X", 3, 2}}},                                 //
      {"kron(X,A)", "X", {{"A", 2, 3}, {"X", 3, 2}}},                                 //
      {"sum(sin(kron(X,A)))", "X", {{"A", 2, 3}, {"X", 3, 2}}},                       //
      {"khatrirao(X,A)", "X", {{"A", 2, 3}, {"X", 4, 3}}},                            //
      {"dirsum(A,exp(X))", "X", {{"A", 2, 3}, {"X", 3, 2}}},                          //
      {"sum(exp(dirsum(X,A)))", "X", {{"A", 2, 3}, {"X", 3, 2}}},                     //
      {"diag(x)*A", "x", {{"A", 3, 2}, {"x", 3, 1}}},                                 //
      {"diag(A*X)", "X", {{"A", 3, 2}, {"X", 2, 3}}},                                 //
      {"vech(X*X')", "X", {{"X", 3, 2}}},                                             //
      {"sum(vech(X).^3)", "X", {{"X", 3, 3}}},                                        //
      {"unvec(X,2,6)*B", "X", {{"X", 3, 4}, {"B", 6, 2}}},                            //
      {"solve(X,A)", "X", {{"X", 3, 3}, {"A", 3, 2}}},                                //
      {"solve(A,X)", "X", {{"X", 3, 2}, {"A", 3, 3}}},                                //
      {"X^3", "X", {{"X", 3, 3}}},                                                    //
      {"X^-2", "X", {{"X", 3, 3}}},                                                   //
      {"(X'*X)./(1+X.^2)'*A", "X", {{"X", 3, 3}, {"A", 3, 2}}},                       //
      {"t^3*sin(t)*X", "t", {{"t", 1, 1}, {"X", 2, 3}}},                              //
      {"X.^t", "t", {{"t", 1, 1}, {"X", 2, 3}}},                                      //
      {"X/norm2(X)", "X", {{"X", 2, 3}}},                                             //
      {"X-A*(X*ones(3,1))*ones(1,3)", "X", {{"X", 2, 3}, {"A", 2, 2}}},               //
      {"abs(X)+relu(X)+sqrt(X.^2+1)+log(X.^2)", "X", {{"X", 2, 3}}},                  //
      {"sigmoid(X)+tanh(X)+atan(X)+erf(X)+cbrt(X)", "X", {{"X", 2, 3}}},              //
      {"asin(sin(X)./2)+acos(cos(X)./2)+sinh(X)+cosh(X)+tan(X)", "X", {{"X", 2, 3}}}, //
      {"log1p(X.^2)+expm1(X)+softplus(X)+reciprocal(X)", "X", {{"X", 2, 3}}},         //
      {"A*B", "X", {{"A", 2, 3}, {"B", 3, 2}, {"X", 2, 2}}},                          //
      {"X", "X", {{"X", 2, 3}}},                                                      //
      {"tr(A)", "X", {{"A", 2, 2}, {"X", 2, 2}}},                                     //
      {"log(det(X*X'))", "X", {{"X", 3, 4}}},                                         //
      {"X+A*tanh(X+B*tanh(X))", "X", {{"X", 3, 2}, {"A", 3, 3}, {"B", 3, 3}}},        //
      {"exp(A*X)*exp(A*X)'", "X", {{"A", 2, 3}, {"X", 3, 2}}},                        //
      {"x*x'", "x", {{"x", 1, 1}}},                                                   //
      {"A*X*B", "X", {{"A", 1, 4}, {"X", 4, 1}, {"B", 1, 1}}},                        //
  };
}

struct Bound {
  Symbols symbols;
  Givens givens;
};

Bound bound(const Example &example) {
  Bound result;
  std::uint64_t seed = 1;
  for (const auto &[name, rows, cols] : example.shapes) {
    const Symbol symbol(name, rows, cols);
    result.symbols.emplace(name, symbol);
    result.givens.push_back(given(symbol, seed++));
  }
  return result;
}

TEST(Derivation, FormulasAreTheJacobian) {
  for (const Example &example : examples()) {
    SCOPED_TRACE(example.function);
    const Bound in = bound(example);
    expect_right(parse(example.function, in.symbols), in.symbols.at(example.variable), in.givens, 1e-10);
  }
}

TEST(Derivation, FormulasOfRandomFunctionsAreTheJacobian) {
  const char *const rounds = std::getenv("KRONVEC_FUZZ_ROUNDS");
  for (int round = 0; round < (rounds ? std::atoi(rounds) / 50 : 60); ++round) {
    SCOPED_TRACE(round);
    Grower grower(static_cast<std::uint64_t>(round) + 1, false);
    const Expression f = grower.grow({grower.side(), grower.side()}, 1 + grower.pick(3));
    expect_right(f, grower.symbols[0], givens_of(grower.symbols, 7), 1e-8);
  }
}

std::string formula(const std::string &function, const std::string &variable, const std::string &which,
                    const std::map<std::string, SymbolicShape, std::less<>> &shapes = {}) {
  SizeNames sizes;
  const Symbols symbols = symbols_for(function, shapes, sizes);
  const std::string text = Derivation(parse(function, symbols), symbols.at(variable), sizes).text(100000);
  return formulas_of(text).at(which);
}

/// Formulas as in the ledger, with letters for sizes.
TEST(Derivation, ReadsAsTheTextbook) {
  EXPECT_EQ(formula("A*X*B", "X", "J"), "Bᵀ ⊗ A");
  EXPECT_EQ(formula("A*exp(X*B)", "X", "J"), "(Iᵣ ⊗ A)·Diag(vec exp(X·B))·(Bᵀ ⊗ Iₙ)");
  EXPECT_EQ(formula("A*exp(X*B)", "X", "Jᵀ"), "(B ⊗ Iₙ)·Diag(vec exp(X·B))·(Iᵣ ⊗ Aᵀ)");
  EXPECT_EQ(formula("b'*x", "x", "∇F"), "b");
  EXPECT_EQ(formula("b'*X", "X", "J"), "Iₙ ⊗ bᵀ");
  EXPECT_EQ(formula("x'*x", "x", "∇F"), "2·x");
  EXPECT_EQ(formula("X'*X", "X", "J"), "(Iₙₙ + Kₙ,ₙ)·(Iₙ ⊗ Xᵀ)");
  EXPECT_EQ(formula("x'*A*x", "x", "∇F"), "(A + Aᵀ)·x");
  EXPECT_EQ(formula("X'*A*X", "X", "J"), "Iₙ ⊗ Xᵀ·A + Kₙ,ₙ·(Iₙ ⊗ Xᵀ·Aᵀ)");
  EXPECT_EQ(formula("a'*X*a", "X", "∇F"), "a·aᵀ");
  EXPECT_EQ(formula("a'*X*b", "X", "∇F"), "a·bᵀ");
  EXPECT_EQ(formula("a'*inv(X)*a", "X", "∇F"), "−X⁻ᵀ·a·aᵀ·X⁻ᵀ");
  EXPECT_EQ(formula("det(X)", "X", "∇F"), "det(X)·X⁻ᵀ");
  EXPECT_EQ(formula("logdet(X)", "X", "∇F"), "X⁻ᵀ");
  EXPECT_EQ(formula("tr(X)", "X", "∇F"), "Iₘ");
  EXPECT_EQ(formula("tr(A*A')", "A", "∇F"), "2·A");
  EXPECT_EQ(formula("W*x+c", "x", "J"), "W");
  EXPECT_EQ(formula("W*x+c", "W", "J"), "xᵀ ⊗ Iₘ");
  EXPECT_EQ(formula("W*x+c", "c", "J"), "Iₘ");
  EXPECT_EQ(formula("inv(A+t*B)", "t", "J", {{"t", {"1", "1"}}}), "−vec(V·B·V)");
  EXPECT_EQ(formula("a'*X*X'*b", "X", "∇F"), "(b·aᵀ + a·bᵀ)·X");
  EXPECT_EQ(formula("-y*x'*w+log(1+exp(x'*w))", "w", "∇F", {{"y", {"1", "1"}}}), "(sigmoid(xᵀ·w) − y)·x");
  EXPECT_EQ(formula("-y'*log(softmax(W*x))", "W", "∇F"), "(sum(y)·softmax(W·x) − y)·xᵀ");
  EXPECT_EQ(formula("(y-X*b)'*inv(S)*(y-X*b)", "b", "∇F"), "−Xᵀ·(S⁻¹ + S⁻ᵀ)·(y − X·b)");
  EXPECT_EQ(formula("norm2(A*x-b)^2/2", "x", "∇F"), "Aᵀ·(A·x − b)");
  EXPECT_EQ(formula("(softmax(W*x)-y)*x'", "W", "J"), "x·xᵀ ⊗ (Diag(p) − p·pᵀ)");
}

TEST(Derivation, ShowsItsSteps) {
  SizeNames sizes;
  const Symbols symbols = symbols_for("A*exp(X*B)", {}, sizes);
  EXPECT_EQ(Derivation(parse("A*exp(X*B)", symbols), symbols.at("X"), sizes).text(),
            R"(F = A·exp(X·B)
A m×n, B p×r, X n×p, F m×r

differential
  dF = A·d(exp(X·B))                              constant factor (D1)
     = A·(exp(X·B) ⊙ d(X·B))                      elementwise function (D8)
     = A·(exp(X·B) ⊙ (dX·B))                      constant factor (D1)

vec
  vec dF = (Iᵣ ⊗ A)·Diag(vec exp(X·B))·(Bᵀ ⊗ Iₙ)·vec dX

Jacobian ∂vec F/∂(vec X)ᵀ, mr×np (numerator layout)
  J = (Iᵣ ⊗ A)·Diag(vec exp(X·B))·(Bᵀ ⊗ Iₙ)

denominator layout, np×mr
  Jᵀ = (B ⊗ Iₙ)·Diag(vec exp(X·B))·(Iᵣ ⊗ Aᵀ)
)");
}

TEST(Derivation, LinesAreNoLongerThanWanted) {
  const Bound in = bound({"X+A*tanh(X+B*tanh(X))", "X", {{"X", 3, 2}, {"A", 3, 3}, {"B", 3, 3}}});
  std::istringstream lines(Derivation(parse("X+A*tanh(X+B*tanh(X))", in.symbols), in.symbols.at("X")).text(80));
  for (std::string line; std::getline(lines, line);)
    EXPECT_LE(std::ranges::count_if(line, [](char c) { return (c & 0xc0) != 0x80; }), 80) << line;
}

/// There are 2ⁿ paths through n residual blocks.
TEST(Derivation, GrowsWithNodesNotWithPaths) {
  const Symbol x("X", 3, 2), a("A", 3, 3);
  Expression f = x;
  std::vector<std::size_t> sizes;
  for (int block = 1; block <= 8; ++block) {
    f = f + a * tanh(a * f);
    if (block % 4 == 0) sizes.push_back(Derivation(f, x).text().size());
  }
  EXPECT_LT(sizes[1], 6 * sizes[0]);
}

TEST(Derivation, TakesWhatCanBeRead) {
  const Symbol x("X", 3, 3);
  Expression f = x;
  for (int term = 1; term < 60; ++term)
    f = f + Expression(term) * hadamard(x, x);
  Givens givens;
  givens.push_back(given(x, 1));
  expect_right(f, x, givens, 1e-10);
  for (int term = 0; term < 200000; ++term)
    f = f + hadamard(x, f);
  EXPECT_THROW(Derivation(f, x), Error);
  EXPECT_THROW(Derivation(matrix_power(x, 1000000), x), Error);
  EXPECT_THROW(Derivation(x * Symbol("dX", 3, 3), x), Error);
}

/// I₃ is the identity, even if a symbol is named I3.
TEST(Derivation, NamesDoNotReadAsSizedMatrices) {
  const Bound in = bound({"I3*X+eye(3)*X*K1", "X", {{"I3", 3, 3}, {"X", 3, 2}, {"K1", 2, 2}}});
  expect_right(parse("I3*X+eye(3)*X*K1", in.symbols), in.symbols.at("X"), in.givens, 1e-12);
}

TEST(Derivation, FormatsAreWellFormed) {
  for (const Example &example : examples()) {
    SCOPED_TRACE(example.function);
    const Bound in = bound(example);
    const Derivation derivation(parse(example.function, in.symbols), in.symbols.at(example.variable));
    for (const std::string &text : {derivation.latex(), derivation.json()}) {
      std::string open;
      for (const char c : text) {
        if (c == '{' || c == '[' || c == '(') open += c;
        if (c != '}' && c != ']' && c != ')') continue;
        ASSERT_FALSE(open.empty()) << text;
        EXPECT_EQ(open.back(), c == '}' ? '{' : c == ']' ? '[' : '(') << text;
        open.pop_back();
      }
      EXPECT_TRUE(open.empty()) << text;
    }
    const std::string tex = derivation.latex();
    for (const char *unicode : {"⊗", "ᵀ", "·", "₃", "−", "×"})
      EXPECT_EQ(tex.find(unicode), std::string::npos) << tex;
  }
}

Shape shape_in(const std::string &text, const std::string &name,
               const std::map<std::string, SymbolicShape, std::less<>> &shapes, SizeNames &sizes) {
  return symbols_for(text, shapes, sizes).at(name).shape();
}

TEST(SymbolicSizes, AreThoseThatTheTextNeeds) {
  SizeNames sizes;
  const auto spelled = [&](const std::string &text, const std::string &name,
                           const std::map<std::string, SymbolicShape, std::less<>> &shapes = {}) {
    SizeNames names;
    const Shape s = shape_in(text, name, shapes, names);
    return names.spelled(s.rows) + "×" + names.spelled(s.cols);
  };
  EXPECT_EQ(spelled("A*X*B", "X"), "n×p");
  EXPECT_EQ(spelled("A*X*B", "X", {{"A", {"k", "3"}}}), "3×m");
  EXPECT_EQ(spelled("inv(X)*b", "X"), "m×m");
  EXPECT_EQ(spelled("X'*A*X", "A"), "m×m");
  EXPECT_EQ(spelled("kron(A,X)*B", "B"), "nr×s");
  EXPECT_EQ(spelled("dirsum(A,X)*B", "B"), "n+r×s");
  EXPECT_EQ(spelled("vech(X)+b", "b"), "m(m+1)/2×1");
  EXPECT_EQ(spelled("x*y'", "y"), "n×1");
  EXPECT_EQ(spelled("X+eye(3)", "X"), "3×3");
}

TEST(SymbolicSizes, ThatCannotAgreeAreNamed) {
  SizeNames sizes;
  const auto message = [&](const std::string &text, const std::map<std::string, SymbolicShape, std::less<>> &shapes) {
    try {
      (void)symbols_for(text, shapes, sizes);
    } catch (const ShapeErrorAt &e) {
      return std::to_string(e.position()) + ": " + e.what();
    }
    return std::string();
  };
  EXPECT_EQ(message("A*X", {{"A", {"3", "n"}}, {"X", {"4", "m"}}}), "1: sizes do not agree: n and 4");
  EXPECT_EQ(message("X+inv(A)", {{"X", {"m", "m"}}, {"A", {"k", "k"}}}), "1: sizes do not agree: m and k");
  EXPECT_EQ(message("X*kron(X,X)", {{"X", {"m", "m"}}}), "1: sizes do not agree: m and mm");
  EXPECT_THROW((void)symbols_for("X+kron(X,A)", {}, sizes), ShapeError);
}

TEST(ParseMathematics, ReadsWhatIsPrinted) {
  const Symbols symbols{{"A", Symbol("A", 3, 3)}, {"X", Symbol("X", 3, 3)}, {"E1", Symbol("E1", 3, 3)}};
  const auto read = [&](const char *text) { return to_string(parse(text, symbols)); };
  EXPECT_EQ(read("A·X"), "A*X");
  EXPECT_EQ(read("A ⊙ X ⊘ A"), "A.*X./A");
  EXPECT_EQ(read("Xᵀ·X⁻¹·X⁻ᵀ − E₁"), "X'*inv(X)*inv(X)'-E1");
  EXPECT_EQ(read("I₃ ⊗ A·X"), "kron(eye(3),A*X)");
  EXPECT_EQ(read("(I₃ ⊗ A)·K₃,₃"), "kron(eye(3),A)*K(3,3)");
  EXPECT_EQ(read("A ⊕ 0₂ₓ₁₀ ⊕ X"), "dirsum(dirsum(A,zeros(2,10)),X)");
  EXPECT_EQ(read("1₁₂"), "ones(12,1)");
  EXPECT_EQ(read("X ∗ A"), "khatrirao(X,A)");
  EXPECT_EQ(read("(vec X)ᵀ·vec exp(A)"), "vec(X)'*vec(exp(A))");
  EXPECT_EQ(read("L₃·vec A"), "L(3)*vec(A)");
  EXPECT_EQ(free_names("(I₄ ⊗ A)·vec X"), (std::set<std::string>{"A", "X"}));
  for (const auto &[text, place] : {std::pair("A·", 3), std::pair("A ⊗", 5), std::pair("A·X,", 4), std::pair("⊗A", 0)})
    try {
      (void)parse(text, symbols);
      ADD_FAILURE() << text;
    } catch (const SyntaxError &e) {
      EXPECT_EQ(e.position(), static_cast<std::size_t>(place)) << text << ": " << e.what();
    }
}

TEST(ParseMathematics, CommutationAndEliminationAreTheirDefinitions) {
  const Matrix<double> x = Matrix<double>::random(3, 4, 1), s = Matrix<double>::random(3, 3, 2);
  const Symbols symbols{{"X", Symbol("X", 3, 4)}, {"S", Symbol("S", 3, 3)}};
  const Values<double> values{{symbols.at("X"), x.view()}, {symbols.at("S"), s.view()}};
  for (const Device device : Device::all()) {
    const auto value = [&](const char *text) { return on_host(evaluate(parse(text, symbols), values, device)); };
    EXPECT_TRUE(near(value("K(3,4)"), commutation(3, 4), 0));
    EXPECT_TRUE(near(value("K(3,4)*vec(X)"), value("vec(X')"), 0));
    EXPECT_TRUE(near(value("L(3)*vec(S)"), value("vech(S)"), 0));
    EXPECT_TRUE(near(value("unvech(vech(S))"), value("unvec(L(3)'*vech(S),3,3)"), 0));
  }
}

} // namespace
} // namespace kronvec::testing

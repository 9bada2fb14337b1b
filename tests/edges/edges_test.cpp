/// Every function at the edges: each line of table.tsv, by every way to compute it, on every device. docs/edges.md
/// explains the table.

#include "calculus/expression/function_names.hpp"
#include "tests/edges/ways.hpp"
#include "tests/testing.hpp"

#include <cctype>
#include <map>
#include <set>

namespace kronvec::testing {
namespace {

/// The edges by function, in the order of the table.
const std::vector<std::pair<std::string, std::vector<Edge>>> &functions() {
  static const auto all = [] {
    std::vector<std::pair<std::string, std::vector<Edge>>> by_name;
    for (const Edge &edge : read_edges()) {
      if (by_name.empty() || by_name.back().first != edge.value().function)
        by_name.emplace_back(edge.value().function, std::vector<Edge>{});
      by_name.back().second.push_back(edge);
    }
    return by_name;
  }();
  return all;
}

template <class T> constexpr const char *type_name = sizeof(T) == 8 ? "double" : "float";

/// Collects what is wrong with a line on a device, and reports it as one failure for each kind of wrong.
class Report {
public:
  Report(const EdgeLine &line, const char *type, Device device) : line_(line), type_(type), device_(device) {}
  ~Report() {
    for (const auto &[what, ways] : wrong_)
      ADD_FAILURE_AT("tests/edges/table.tsv", line_.number)
          << line_.expression << " | " << line_.bindings << " | " << line_.quantity << " | " << type_ << " | "
          << device_.name() << " | " << ways << " | " << what;
  }
  Report(const Report &) = delete;
  Report &operator=(const Report &) = delete;

  void add(const std::string &way, const std::string &what) {
    if (what.empty()) return;
    std::string &ways = wrong_[what];
    ways += (ways.empty() ? "" : ", ") + way;
  }

private:
  const EdgeLine &line_;
  const char *type_;
  Device device_;
  std::map<std::string, std::string> wrong_; // what is wrong, and by which ways
};

/// What is wrong with a way: "" if it gave what the line says. `expected` is called for lines with numbers.
template <class T> std::string wrong(const Way<T> &way, const EdgeLine &line, const auto &expected) {
  if (line.is_refused())
    return way.is_domain_error ? "" : way.result ? "it is not refused" : "no DomainError: " + way.message;
  return way.result ? difference(*way.result, expected()) : "refused: " + way.message;
}

/// The lines of one edge against all ways.
template <class T> void compare(const Edge &edge, const Ways<T> &ways, Device device) {
  for (const Quantity quantity : {Quantity::value, Quantity::j, Quantity::h}) {
    const EdgeLine &line = edge.line(quantity);
    if (line.is_skipped()) continue;
    Report report(line, type_name<T>, device);
    for (const Way<T> &way : ways.all())
      if (way.quantity == quantity)
        report.add(way.name, wrong(way, line, [&] { return in_form<T>(line.matrix(), way.form); }));
  }
}

/// What point k of a column gives: f acts on every entry by itself.
template <class T> ExpectedMatrix in_column(const ExpectedMatrix &one, Index k, const Way<T> &way) {
  const bool has_weight = way.form == Form::apply || way.form == Form::apply_transpose;
  return has_weight ? ExpectedMatrix{{1, 1}, {scaled<T>(one(0, 0), weight(k))}, one.tolerance} : one;
}

/// The entry of a way's result that belongs to point k alone.
template <class T> Matrix<T> own_entry(const Way<T> &way, Index k) {
  const Matrix<T> &m = *way.result;
  return Matrix<T>{{m(k, m.cols() == 1 ? 0 : k)}};
}

/// The first entry that lets one point depend on another, in words.
template <class T> std::string dependence(const Matrix<T> &m, const std::vector<const Edge *> &edges) {
  for (Index j = 0; j < m.cols(); ++j)
    for (Index i = 0; i < m.rows(); ++i)
      if (i != j && m(i, j) != 0)
        return "the derivative of the value at " + edges[std::size_t(i)]->value().bindings + " by the entry " +
               edges[std::size_t(j)]->value().bindings + " is " + std::to_string(m(i, j)) + ", not 0";
  return "";
}

/// The edges of an elementwise function as one column.
template <class T>
void compare_column(const std::vector<const Edge *> &edges, const Ways<T> &ways, Quantity quantity, Device device) {
  Report whole(edges[0]->line(quantity), type_name<T>, device);
  for (const Way<T> &way : ways.all())
    if (way.quantity == quantity && way.result && way.result->cols() > 1)
      whole.add("column " + way.name, dependence(*way.result, edges));
  for (std::size_t k = 0; k < edges.size(); ++k) {
    const EdgeLine &line = edges[k]->line(quantity);
    if (line.is_skipped()) continue;
    Report report(line, type_name<T>, device);
    for (const Way<T> &way : ways.all())
      if (way.quantity == quantity)
        report.add("column " + way.name,
                   way.result ? difference(own_entry(way, Index(k)), in_column(line.matrix(), Index(k), way))
                              : "refused: " + way.message);
  }
}

/// Plans by expression and shapes.
class PlanCache {
public:
  const Plans &operator()(const EdgeLine &line, const std::vector<Bound> &bounds) {
    Shapes shapes;
    std::string key = line.expression;
    for (const Bound &bound : bounds) {
      shapes.emplace_back(bound.name, bound.shape());
      key += " " + bound.name + to_string(bound.shape());
    }
    const auto found = plans_.find(key);
    return found != plans_.end() ? found->second : plans_.emplace(key, plans_of(line, shapes, weighted)).first->second;
  }

private:
  std::map<std::string, Plans> plans_;
};

template <class T> void compare_points(const std::vector<Edge> &edges) {
  PlanCache plans;
  for (const Edge &edge : edges) {
    if (!edge.value().is_of(type_name<T>)) continue;
    const std::vector<Bound> bounds = edge.value().bounds();
    const Plans &built = plans(edge.value(), bounds);
    Values<T> values;
    for (const Bound &bound : bounds)
      values.push_back({built.symbols.at(bound.name), bound.template matrix<T>()});
    for (const Device device : Device::all())
      compare(edge, Ways<T>(built, values.allow_unused(), device), device);
  }
}

/// Whether all edges are numbers x, so that the function can act on a column of them.
bool is_elementwise(const std::vector<Edge> &edges) {
  return std::ranges::all_of(edges, [](const Edge &edge) {
    const std::vector<Bound> bounds = edge.value().bounds();
    return bounds.size() == 1 && bounds[0].shape() == Shape{1, 1};
  });
}

template <class T> void compare_columns(const std::vector<Edge> &edges) {
  std::map<std::string, std::vector<const Edge *>> columns; // by expression: pow has several
  for (const Edge &edge : edges)
    if (edge.value().is_of(type_name<T>)) columns[edge.value().expression].push_back(&edge);
  for (const auto &[expression, column] : columns) {
    const EdgeLine &line = column[0]->value();
    Matrix<T> x(Index(column.size()), 1);
    for (Index k = 0; k < x.rows(); ++k)
      x(k, 0) = column[std::size_t(k)]->value().bounds()[0].template matrix<T>()(0, 0);
    const Plans plans = plans_of(line, {{"x", x.shape()}}, [](const Expression &f) { return sum(f); });
    for (const Device device : Device::all()) {
      const Ways<T> ways(plans, {{plans.symbols.at("x"), x}}, device);
      for (const Quantity quantity : {Quantity::value, Quantity::j, Quantity::h})
        compare_column(column, ways, quantity, device);
    }
  }
}

class Edges : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Edges, Function) {
  const std::vector<Edge> &edges = functions()[GetParam()].second;
  try {
    compare_points<double>(edges);
    compare_points<float>(edges);
    if (!is_elementwise(edges)) return;
    compare_columns<double>(edges);
    compare_columns<float>(edges);
  } catch (const Error &error) {
    ADD_FAILURE_AT("tests/edges/table.tsv", edges[0].value().number)
        << edges[0].value().expression << ": " << error.what();
  }
}

/// A name for gtest: letters, digits and underscores.
std::string test_name(const ::testing::TestParamInfo<std::size_t> &test) {
  std::string name = functions()[test.param].first;
  std::ranges::replace_if(
      name, [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Table, Edges, ::testing::Range<std::size_t>(0, functions().size()), test_name);

/// Whether a tested line of this quantity satisfies a condition.
bool some_line(Quantity quantity, const auto &condition) {
  return std::ranges::any_of(functions(), [&](const auto &function) {
    return std::ranges::any_of(function.second, [&](const Edge &edge) {
      const EdgeLine &line = edge.line(quantity);
      return !line.is_skipped() && condition(line);
    });
  });
}

/// Whether the text calls the function.
bool calls(const std::string &text, std::string_view function) {
  const std::string call = std::string(function) + "(";
  const std::size_t at = text.find(call);
  return at != std::string::npos && (at == 0 || !std::isalnum(static_cast<unsigned char>(text[at - 1])));
}

TEST(EdgesTable, HasEveryFunctionOfTheGrammar) {
  for (const std::string_view function : function_names())
    for (const Quantity quantity : {Quantity::value, Quantity::j, Quantity::h})
      EXPECT_TRUE(some_line(quantity, [&](const EdgeLine &line) { return calls(line.expression, function); }))
          << "tests/edges/table.tsv has no line for " << function << ", quantity " << int(quantity);
}

TEST(EdgesTable, HasEverySignOfTheGrammar) {
  for (const char *const sign :
       {"x+y", "x-y", "-X", "A*B", "x/y", "x.*y", "x./y", "X^2", "x.^y", "X'", "A ⊗ B", "A ⊕ B", "A ∗ B"})
    for (const Quantity quantity : {Quantity::value, Quantity::j, Quantity::h})
      EXPECT_TRUE(some_line(quantity, [&](const EdgeLine &line) { return line.expression == sign; })) << sign;
}

TEST(EdgesTable, HasEveryElementwiseFunctionAtEveryEdge) {
  for (const Function f : all_functions())
    for (const char *const x : {"x=0", "x=-0", "x=inf", "x=-inf", "x=nan", "x=1", "x=-1", "x=5e-324",
                                "x=1.7976931348623157e+308", "x=1.401298464324817e-45", "x=3.4028234663852886e+38"})
      EXPECT_TRUE(some_line(Quantity::value,
                            [&](const EdgeLine &line) { return line.function == name(f) && line.bindings == x; }))
          << name(f) << " at " << x;
}

} // namespace
} // namespace kronvec::testing

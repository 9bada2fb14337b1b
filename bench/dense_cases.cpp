/// The dense Jacobians of the benchmarks.

#include "dense_cases.hpp"

#include "json.hpp"

#include <cmath>

namespace kronvec::bench {
namespace {

/// A matrix scaled so that products with n terms have entries of about 1.
Leaf weight(const std::string &name, Index rows, Index cols) {
  return {name, rows, cols, 1 / std::sqrt(static_cast<double>(cols))};
}

std::string id(std::string_view group, std::string_view key, const std::string &size, bool single) {
  return fmt::format("{}/{}/{}/{}", group, key, size, single ? "float" : "double");
}

/// C1: one-sided chains. The leftmost factor has `rows` rows; all other matrices are s×s.
void add_chains(std::vector<Case> &cases, Index s, Index rows, bool single, bool peers) {
  const Leaf x{"X", s, s}, b = weight("B", s, s), v = weight("V", s, s);
  const auto add = [&](const char *key, const char *text, std::vector<Leaf> leaves) {
    const bool square = rows == s;
    cases.push_back({.id = id("C1", key, square ? std::to_string(s) : fmt::format("{}x{}", rows, s), single),
                     .text = text,
                     .size = square ? fmt::format("s = {}", s) : fmt::format("s = {}, F {}×{}", s, rows, s),
                     .leaves = std::move(leaves),
                     .single = single,
                     .peers = peers});
  };
  add("axb", "A*X*B", {weight("A", rows, s), x, b});
  add("a_exp_xb", "A*exp(X*B)", {weight("A", rows, s), x, b});
  add("two_layers", "tanh(V*tanh(X*B))", {weight("V", rows, s), x, b});
  add("three_layers", "tanh(U*tanh(V*tanh(X*B)))", {weight("U", rows, s), v, x, b});
}

/// C2 for one size s: Gram matrix, inverse, softmax, functions on both sides.
void add_others(std::vector<Case> &cases, Index s, bool single, bool peers) {
  const auto add = [&](const char *key, const char *text, std::vector<Leaf> leaves, double flops_per_entry = 0) {
    cases.push_back({.id = id("C2", key, std::to_string(s), single),
                     .text = text,
                     .size = fmt::format("s = {}", s),
                     .leaves = std::move(leaves),
                     .single = single,
                     .peers = peers,
                     .flops_per_entry = flops_per_entry});
  };
  add("gram", "X'*X", {{"X", s, s}});
  add("inverse", "inv(X)", {{"X", s, s, 0.3 / std::sqrt(static_cast<double>(s)), 1}});
  add("softmax", "softmax(W*X)", {weight("W", s, s), {"X", s, s}});
  // J = Diag(vec F)·(Dᵀ⊗A)·Diag(vec exp(WXB))·(Bᵀ⊗W): the sum over the columns of exp(WXB) is one product per entry
  add("two_sided", "exp(A*exp(W*X*B)*D)",
      {weight("W", s, s),
       {"X", s, s},
       {"B", s, s, 0.5 / std::sqrt(static_cast<double>(s))},
       {"A", s, s, 0.5 / std::sqrt(static_cast<double>(s))},
       {"D", s, s, 0.5 / std::sqrt(static_cast<double>(s))}},
      2 * static_cast<double>(s));
}

void add_kron(std::vector<Case> &cases, Index x, Index a, bool single, bool peers) {
  for (const bool x_first : {true, false})
    cases.push_back({.id = id("C2", x_first ? "kron_xa" : "kron_ax", fmt::format("{},{}", x, a), single),
                     .text = x_first ? "kron(X,A)" : "kron(A,X)",
                     .size = fmt::format("X {}×{}, A {}×{}", x, x, a, a),
                     .leaves = {{"X", x, x}, {"A", a, a}},
                     .single = single,
                     .peers = peers});
}

/// Self-attention with one matrix W for Wq'·Wk. X is d×n, for n tokens.
void add_attention(std::vector<Case> &cases, Index d, Index n, bool single, bool peers) {
  cases.push_back({.id = id("C2", "attention", fmt::format("{}x{}", d, n), single),
                   .text = "X*softmax(X'*W*X)",
                   .size = fmt::format("X {}×{}", d, n),
                   .leaves = {{"X", d, n}, {"W", d, d, 1 / static_cast<double>(d)}},
                   .single = single,
                   .peers = peers});
}

} // namespace

std::vector<Case> dense_cases(bool quick) {
  std::vector<Case> cases;
  for (const bool single : {false, true}) {
    for (const Index s : quick ? std::vector<Index>{16} : std::vector<Index>{64, 96, 128})
      add_chains(cases, s, s, single, !single || s == 96);
    for (const Index s : quick ? std::vector<Index>{13} : std::vector<Index>{61, 100, 127})
      add_chains(cases, s, s, single, false);
    const Index wide = quick ? 24 : 256;
    add_chains(cases, wide, 3, single, !single && !quick);
    for (const Index s : quick ? std::vector<Index>{16} : std::vector<Index>{64, 96})
      add_others(cases, s, single, !single);
    for (const Index a : quick ? std::vector<Index>{4} : std::vector<Index>{16, 32})
      add_kron(cases, quick ? 8 : 16, a, single, !single);
    for (const Index n : quick ? std::vector<Index>{12} : std::vector<Index>{64, 128})
      add_attention(cases, quick ? 16 : 64, n, single, !single);
  }
  return cases;
}

std::vector<Case> gpu_cases(bool emulated) {
  std::vector<Case> cases;
  for (const bool single : {false, true}) {
    for (const Index s : emulated ? std::vector<Index>{8, 7} : std::vector<Index>{128, 127})
      add_chains(cases, s, s, single, true);
    add_chains(cases, emulated ? 12 : 512, 3, single, true);
    add_others(cases, emulated ? 8 : 128, single, true);
    add_kron(cases, emulated ? 4 : 32, emulated ? 3 : 32, single, true);
    add_attention(cases, emulated ? 6 : 64, emulated ? 8 : 256, single, true);
  }
  const Index large = emulated ? 9 : 192;
  cases.push_back({.id = id("C1", "a_exp_xb", std::to_string(large), false),
                   .text = "A*exp(X*B)",
                   .size = fmt::format("s = {}", large),
                   .leaves = {weight("A", large, large), {"X", large, large}, weight("B", large, large)},
                   .peers = true});
  return cases;
}

template <class T> Problem<T>::Problem(const Case &c) : f(0.0), x("X", 1, 1) {
  Symbols symbols;
  std::uint64_t seed = 0;
  for (const Leaf &leaf : c.leaves) {
    const Symbol symbol(leaf.name, leaf.rows, leaf.cols);
    symbols.emplace(leaf.name, symbol);
    if (leaf.name == "X") x = symbol;
    Matrix<T> value = Matrix<T>::random(leaf.rows, leaf.cols, ++seed);
    for (Index j = 0; j < leaf.cols; ++j)
      for (Index i = 0; i < leaf.rows; ++i)
        value(i, j) = static_cast<T>(leaf.scale * static_cast<double>(value(i, j)) + (i == j ? leaf.diagonal : 0));
    const auto &kept = values.emplace(leaf.name, std::move(value)).first->second;
    bindings.push_back({symbol, kept.view()});
  }
  f = parse(c.text, symbols);
}

template struct Problem<float>;
template struct Problem<double>;

std::string to_json(const std::vector<Case> &cases) {
  std::vector<std::string> items;
  for (const Case &c : cases) {
    Json leaves;
    for (const Leaf &leaf : c.leaves)
      leaves.raw(leaf.name, fmt::format("[{}, {}, {:.17g}, {}]", leaf.rows, leaf.cols, leaf.scale, leaf.diagonal));
    const Problem<float> problem(c);
    const Expression &f = problem.f;
    items.push_back(Json()
                        .add("id", c.id)
                        .add("text", c.text)
                        .add("size", c.size)
                        .add("dtype", c.single ? "float32" : "float64")
                        .add("peers", c.peers)
                        .add("rows", f.rows())
                        .add("cols", f.cols())
                        .add("entries", f.shape().size() * problem.x.shape().size())
                        .add("leaves", leaves)
                        .text());
  }
  return list(items) + "\n";
}

} // namespace kronvec::bench

#pragma once
/// Operators of every kind and most combinations, each with its textbook matrix.

#include "tests/textbook.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kronvec::testing {

using textbook::Table;

/// A matrix, and bounds for the error of an operator that represents it: the same expression in magnitudes, and the
/// number of roundings per entry.
struct Definition {
  Table value, magnitude;
  double roundings = 0;

  explicit Definition(Table exact) : value(std::move(exact)), magnitude(textbook::magnitudes(value)) {}
  Definition(Table exact, Table bound, double steps)
      : value(std::move(exact)), magnitude(std::move(bound)), roundings(steps) {}
  /// Whether row i of a product only copies an entry (or is 0).
  bool copies(Index i) const {
    Index ones = 0;
    for (Index j = 0; j < value.cols; ++j) {
      if (value(i, j) != 0. && value(i, j) != 1.) return false;
      ones += value(i, j) == 1.;
    }
    return roundings == 0 && ones <= 1;
  }
};

/// Whether all entries are 0 or 1, so that products with them are exact.
inline bool is_binary(const Table &a) {
  return std::all_of(a.entries.begin(), a.entries.end(), [](textbook::Scalar x) { return x == 0. || x == 1.; });
}

inline Definition kron(const Definition &a, const Definition &b) {
  return {textbook::kron(a.value, b.value), textbook::kron(a.magnitude, b.magnitude),
          a.roundings + b.roundings + (is_binary(a.value) || is_binary(b.value) ? 0 : 1)};
}

inline Definition transpose(const Definition &a) {
  return {textbook::transpose(a.value), textbook::transpose(a.magnitude), a.roundings};
}

template <class T> struct Case {
  std::string name;
  Operator<T> op;
  Definition exact;
};

template <class T> using Cases = std::vector<Case<T>>;

template <class T> Case<T> operator*(const Case<T> &a, const Case<T> &b) {
  return {a.name + " * " + b.name,
          a.op * b.op,
          {a.exact.value * b.exact.value, a.exact.magnitude * b.exact.magnitude,
           a.exact.roundings + b.exact.roundings + static_cast<double>(a.op.cols())}};
}
template <class T> Case<T> operator+(const Case<T> &a, const Case<T> &b) {
  return {a.name + " + " + b.name,
          a.op + b.op,
          {a.exact.value + b.exact.value, a.exact.magnitude + b.exact.magnitude,
           a.exact.roundings + b.exact.roundings + 1}};
}
template <class T> Case<T> scaled(textbook::Scalar alpha, const Case<T> &a) {
  return {"multiple of " + a.name,
          textbook::narrow<T>(alpha) * a.op,
          {alpha * a.exact.value, std::abs(alpha) * a.exact.magnitude, a.exact.roundings + 1}};
}
template <class T> Case<T> kron_of(const Cases<T> &factors) {
  Case<T> all{"kron", kronvec::kron(Operators<T>{}), Definition(textbook::identity(1))};
  Operators<T> list;
  for (const Case<T> &f : factors) {
    list.push_back(f.op), all.name += "(" + f.name + ")";
    all.exact = kron(all.exact, f.exact);
  }
  if (!list.empty()) all.op = kronvec::kron(list);
  return all;
}
template <class T> Case<T> direct_sum_of(const Cases<T> &blocks) {
  Case<T> all{"direct sum", kronvec::direct_sum(Operators<T>{}), Definition(Table(0, 0))};
  Operators<T> list;
  for (const Case<T> &b : blocks) {
    list.push_back(b.op), all.name += "(" + b.name + ")";
    all.exact = {textbook::direct_sum(all.exact.value, b.exact.value),
                 textbook::direct_sum(all.exact.magnitude, b.exact.magnitude),
                 std::max(all.exact.roundings, b.exact.roundings)};
  }
  if (!list.empty()) all.op = kronvec::direct_sum(list);
  return all;
}
template <class T> Case<T> transpose(const Case<T> &a) {
  return {"transpose of " + a.name, a.op.transpose(), transpose(a.exact)};
}

/// One operator of each elementary kind.
template <class T> class Kinds {
public:
  explicit Kinds(Device device) : device_(device) {}

  Case<T> dense(Index m, Index n, const std::string &name = "") const {
    const Matrix<T> a = random(m, n);
    return {fmt::format("{}[{}]", name, to_string(a.shape())), {a.to(device_), name}, Definition(widen(a))};
  }
  Case<T> diag(Index m, Index n = 1) const {
    const Matrix<T> a = random(m, n);
    return {"Diag", kronvec::diag(a.to(device_), "d"), rounded(textbook::diagonal(widen(a)))};
  }
  Case<T> identity(Index n) const { return {"I", kronvec::identity<T>(n, device_), Definition(textbook::identity(n))}; }
  Case<T> zero(Index m, Index n) const { return {"0", kronvec::zero<T>(m, n, device_), Definition(Table(m, n))}; }
  Case<T> commutation(Index m, Index n) const {
    return {"K", kronvec::commutation<T>(m, n, device_), Definition(textbook::commutation(m, n))};
  }
  Case<T> duplication(Index n, Triangle t = {}) const {
    return {"D" + of(t), kronvec::duplication<T>(n, t, device_), Definition(textbook::duplication(n, t))};
  }
  Case<T> duplication_pseudoinverse(Index n, Triangle t = {}) const {
    return {"D⁺" + of(t), kronvec::duplication_pseudoinverse<T>(n, t, device_),
            Definition(textbook::duplication_pseudoinverse(n, t))};
  }
  Case<T> elimination(Index n, Triangle t = {}) const {
    return {"L" + of(t), kronvec::elimination<T>(n, t, device_), Definition(textbook::elimination(n, t))};
  }
  Case<T> symmetrizer(Index n) const {
    return {"N", kronvec::symmetrizer<T>(n, device_), Definition(textbook::symmetrizer(n))};
  }
  Case<T> selection(std::vector<Index> index, Index cols) const {
    return {"selection", kronvec::selection<T>(index, cols, device_), Definition(textbook::selection(index, cols))};
  }
  Case<T> permutation(const std::vector<Index> &index) const {
    return {"permutation", kronvec::permutation<T>(index, device_),
            Definition(textbook::selection(index, static_cast<Index>(index.size())))};
  }
  Case<T> khatri_rao(Index m, Index p, Index n) const {
    const Matrix<T> a = random(m, n), b = random(p, n);
    return {"Khatri–Rao", kronvec::khatri_rao(a.to(device_), b.to(device_)),
            rounded(textbook::khatri_rao(widen(a), widen(b)), static_cast<double>(p))};
  }
  Case<T> face_splitting(Index m, Index p, Index n) const {
    const Matrix<T> a = random(n, m), b = random(n, p);
    const Table turned = textbook::khatri_rao(textbook::transpose(widen(a)), textbook::transpose(widen(b)));
    return {"face-splitting", kronvec::face_splitting(a.to(device_), b.to(device_)),
            rounded(textbook::transpose(turned), static_cast<double>(p))};
  }
  /// A dense operator behind two user functions.
  Case<T> function(Index m, Index n) const {
    Case<T> a = dense(m, n);
    const auto by = [](const Operator<T> &op) {
      return [op](MatrixView<const T> x, MatrixView<T> y) { op.apply(x, y); };
    };
    return {"function", kronvec::user_operator<T>(m, n, {by(a.op), by(a.op.transpose())}, "", device_), a.exact};
  }

private:
  Matrix<T> random(Index m, Index n) const { return Matrix<T>::random(m, n, ++seed_); }
  static Table widen(const Matrix<T> &a) { return textbook::widen(a); }
  static Definition rounded(const Table &a, double steps = 1) { return {a, textbook::magnitudes(a), steps}; }
  static std::string of(Triangle t) {
    return fmt::format(" of the {} {}triangle", t.lower ? "lower" : "upper", t.diagonal ? "" : "strict ");
  }
  Device device_;
  mutable std::uint64_t seed_ = 0;
};

template <class T> void append(Cases<T> &all, Cases<T> more) { all.insert(all.end(), more.begin(), more.end()); }

/// Operators of elementary kinds, of usual sizes, of size 1 and of size 0.
template <class T> Cases<T> simple_cases(const Kinds<T> &k) {
  Cases<T> all = {k.dense(3, 4, "A"),  k.dense(5, 2),       transpose(k.dense(5, 3)),
                  k.dense(70, 67),     k.dense(1, 1),       k.dense(0, 3),
                  k.dense(3, 0),       k.dense(0, 0),       k.diag(5),
                  k.diag(3, 2),        k.diag(1),           k.diag(0),
                  k.identity(4),       k.identity(1),       k.identity(0),
                  k.zero(3, 2),        k.zero(1, 1),        k.zero(0, 2),
                  k.zero(2, 0),        k.commutation(3, 4), k.commutation(4, 4),
                  k.commutation(1, 5), k.commutation(5, 1), k.commutation(1, 1),
                  k.commutation(0, 3), k.commutation(9, 11)};
  append(all, {k.symmetrizer(4),
               k.symmetrizer(1),
               k.symmetrizer(0),
               k.permutation({2, 0, 3, 1}),
               k.permutation({0}),
               k.permutation({}),
               k.selection({3, 1, 1, 0, 3, 3}, 5),
               transpose(k.selection({3, 1, 1, 0, 3, 3}, 5)),
               k.selection({}, 3),
               k.selection({}, 0),
               k.khatri_rao(3, 2, 4),
               transpose(k.khatri_rao(3, 2, 4)),
               k.khatri_rao(1, 1, 1),
               k.khatri_rao(0, 2, 3),
               k.khatri_rao(2, 0, 3),
               k.khatri_rao(2, 3, 0),
               k.face_splitting(3, 2, 4),
               transpose(k.face_splitting(2, 3, 4)),
               k.face_splitting(2, 3, 0),
               k.function(3, 5),
               transpose(k.function(4, 2)),
               k.function(4, 4)});
  for (const bool lower : {true, false})
    for (const bool diagonal : {true, false})
      for (const Index n : {4, 1, 0, 9}) {
        const Triangle t{lower, diagonal};
        append(all, {k.duplication(n, t), k.duplication_pseudoinverse(n, t), k.elimination(n, t),
                     transpose(k.elimination(n, t)), transpose(k.duplication_pseudoinverse(n, t))});
      }
  return all;
}

template <class T> Cases<T> kronecker_cases(const Kinds<T> &k) {
  return {kron_of<T>({k.dense(3, 4)}),
          kron_of<T>({k.dense(3, 2), k.dense(2, 5)}),
          kron_of<T>({k.dense(2, 3), k.dense(4, 2), k.dense(2, 2)}),
          kron_of<T>({k.dense(2, 1), k.dense(1, 3), k.dense(2, 2), k.dense(3, 2), k.dense(1, 2)}),
          kron_of<T>({transpose(k.dense(2, 3)), k.dense(4, 2)}),
          kron_of<T>({k.identity(3), k.dense(3, 2)}),
          kron_of<T>({k.dense(3, 2), k.identity(3)}),
          kron_of<T>({k.identity(2), k.dense(3, 4), k.identity(3)}),
          kron_of<T>({k.identity(3), k.identity(2)}),
          kron_of<T>({k.identity(1), k.dense(2, 3), k.identity(1)}),
          kron_of<T>({k.diag(3), k.dense(2, 3)}),
          kron_of<T>({k.dense(2, 3), k.diag(3)}),
          kron_of<T>({k.commutation(2, 3), k.dense(2, 1)}),
          kron_of<T>({k.identity(2), k.commutation(2, 3), k.identity(2)}),
          kron_of<T>({k.commutation(3, 2), k.symmetrizer(2)}),
          kron_of<T>({k.duplication(3), k.elimination(2)}),
          kron_of<T>({k.dense(2, 3), k.duplication(2), k.dense(3, 2)}),
          kron_of<T>({k.permutation({1, 2, 0}), k.selection({0, 0, 2}, 4)}),
          kron_of<T>({k.dense(2, 2) + k.dense(2, 2), k.dense(3, 2)}),
          kron_of<T>({k.dense(3, 2), k.dense(2, 4) * k.dense(4, 3)}),
          kron_of<T>({k.dense(2, 2), scaled(-2.5, k.dense(3, 2)), k.identity(2)}),
          kron_of<T>({direct_sum_of<T>({k.dense(2, 1), k.dense(1, 2)}), k.dense(2, 2)}),
          kron_of<T>({k.khatri_rao(2, 2, 3), k.dense(2, 3)}),
          kron_of<T>({k.dense(2, 3), k.face_splitting(2, 2, 3)}),
          kron_of<T>({k.function(2, 3), k.function(3, 2)}),
          kron_of<T>({k.zero(2, 3), k.dense(2, 2)}),
          kron_of<T>({k.dense(2, 2), k.zero(1, 3)}),
          kron_of<T>({k.dense(2, 3), k.dense(0, 2)}),
          kron_of<T>({k.dense(2, 0), k.dense(3, 2)}),
          kron_of<T>({k.identity(0), k.dense(3, 2)}),
          kron_of<T>({k.diag(0), k.dense(3, 2)}),
          kron_of<T>({k.selection({}, 3), k.dense(3, 2)}),
          kron_of<T>({transpose(k.selection({}, 3)), k.dense(3, 2)}),
          kron_of<T>({kron_of<T>({k.dense(2, 2), k.dense(1, 3)}), k.dense(2, 1)}),
          transpose(kron_of<T>({k.dense(2, 3), k.diag(2), k.commutation(2, 2)}))};
}

/// A ⊗ I ⊗ I + I ⊗ B ⊗ I + I ⊗ I ⊗ C, written out.
template <class T> Case<T> kron_sum_of(const Cases<T> &terms) {
  Operators<T> list;
  Definition sum(Table(1, 1));
  for (std::size_t t = 0; t < terms.size(); ++t) {
    Definition term(textbook::identity(1));
    for (std::size_t f = 0; f < terms.size(); ++f)
      term = kron(term, f == t ? terms[f].exact : Definition(textbook::identity(terms[f].op.rows())));
    sum = t == 0 ? term : Definition(sum.value + term.value, sum.magnitude + term.magnitude, sum.roundings + 1);
    list.push_back(terms[t].op);
  }
  return {"Kronecker sum", kronvec::kron_sum(list), sum};
}

/// More factors than an emission has labels for; each factor needs two.
template <class T> Case<T> power_of(const Case<T> &a, int n) {
  Case<T> all = kron_of<T>(Cases<T>(static_cast<std::size_t>(n), a));
  return {"Kronecker power", kronvec::kron_power(a.op, n), std::move(all.exact)};
}

template <class T> Cases<T> composed_cases(const Kinds<T> &k) {
  const textbook::Scalar alpha(-1.5, std::is_floating_point_v<T> ? 0 : 0.25);
  const Case<T> a = k.dense(4, 3), b = k.dense(3, 6), sum = k.dense(5, 5) + k.diag(5);
  return {a * b,
          a * b * k.dense(6, 2),
          k.dense(3, 0) * k.dense(0, 4),
          k.dense(0, 3) * k.dense(3, 0),
          k.commutation(2, 3) * k.commutation(3, 2),
          k.commutation(3, 2) * kron_of<T>({k.dense(3, 2), k.dense(2, 4)}) * k.commutation(2, 4),
          k.duplication_pseudoinverse(3) * kron_of<T>({k.dense(3, 3), k.dense(3, 3)}) * k.duplication(3),
          k.diag(4) * k.dense(4, 4) * k.diag(4),
          sum,
          sum + k.identity(5) + k.zero(5, 5),
          kron_sum_of<T>({k.dense(2, 2), k.diag(3), k.dense(2, 2)}),
          kron_sum_of<T>({k.dense(3, 3)}),
          kron_sum_of<T>({k.dense(2, 2), k.identity(0)}),
          power_of(k.dense(2, 3), 3),
          power_of(k.dense(2, 1), 9),
          power_of(k.dense(1, 1), 10),
          k.commutation(2, 2) + k.permutation({3, 1, 0, 2}) + k.function(4, 4),
          k.khatri_rao(2, 2, 4) + k.symmetrizer(2),
          k.zero(3, 3) + k.dense(3, 3),
          scaled(alpha, k.dense(3, 4)),
          scaled(alpha, k.commutation(3, 2)),
          scaled(alpha, scaled(2, k.diag(3))),
          scaled(0, k.dense(2, 3)),
          scaled(alpha, sum) + scaled(-1, kron_of<T>({k.dense(5, 1), k.dense(1, 5)})),
          scaled(alpha, a * b),
          (a + k.dense(4, 3)) * (b + k.dense(3, 6)),
          direct_sum_of<T>({k.dense(2, 3)}),
          direct_sum_of<T>({k.dense(2, 3), k.dense(4, 1)}),
          direct_sum_of<T>({k.dense(2, 3), k.zero(2, 0), k.zero(0, 3), k.dense(0, 0), k.identity(2)}),
          direct_sum_of<T>({k.diag(2), k.commutation(2, 2), scaled(alpha, k.dense(2, 2)), k.function(1, 2)}),
          direct_sum_of<T>({direct_sum_of<T>({k.dense(1, 2), k.dense(2, 1)}), sum, a * b}),
          direct_sum_of<T>({k.dense(2, 3), kron_of<T>({k.dense(2, 1), k.identity(2)})}) * k.dense(5, 2),
          transpose(direct_sum_of<T>({k.dense(2, 3), k.khatri_rao(1, 2, 3)})),
          transpose(a * b),
          transpose(sum + scaled(alpha, k.dense(5, 5)))};
}

template <class T> Cases<T> all_cases(Device device) {
  const Kinds<T> kinds(device);
  Cases<T> all = simple_cases(kinds);
  append(all, kronecker_cases(kinds)), append(all, composed_cases(kinds));
  if (device == Device::cpu()) append(all, {kron_of<T>({}), direct_sum_of<T>({})}); // without parts they lie on the CPU
  return all;
}

} // namespace kronvec::testing

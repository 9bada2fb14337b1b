/// The rules that merge two neighbours in a chain of matrices.

#include "calculus/derivation/simplifier.hpp"

namespace kronvec::derivation {
namespace {

bool is_kron(const Expression &f) { return is_function(f, "kron"); }
bool is_diag(const Expression &f) { return is_function(f, "diag") && f.cols() > 1; }

/// C if F is vec C, or if F is a column of C's shape.
std::optional<Expression> unstacked(const Expression &f, Shape shape) {
  if (f.cols() != 1) return std::nullopt;
  if (f.shape() == shape) return f;
  if (is(f, Kind::reshape) && argument(f, 0).shape() == shape) return argument(f, 0);
  return std::nullopt;
}

} // namespace

struct Simplifier::ChainRule {
  std::string_view rule, ledger;
  std::optional<Expression> (Simplifier::*merge)(const Expression &a, const Expression &b);
};

const std::vector<Simplifier::ChainRule> &Simplifier::chain_rules() {
  static const std::vector<ChainRule> rules{
      {"K[m,n]·K[n,m] = I", "K6", &Simplifier::merge_commutations},
      {"(A ⊗ B)·(C ⊗ D) = A·C ⊗ B·D", "K3", &Simplifier::merge_kronecker},
      {"(A ⊗ B)·K[n,q] = K[m,p]·(B ⊗ A)", "K7", &Simplifier::move_commutation},
      {"Diag(u)·Diag(v) = Diag(u ⊙ v)", "V4", &Simplifier::merge_diagonals},
      {"A⁻¹·A = A·A⁻¹ = I", "", &Simplifier::cancel_inverse},
      {"(Bᵀ ⊗ A)·vec X = vec(A·X·B)", "V2", &Simplifier::kronecker_on_vec},
      {"K[m,n]·vec A = vec Aᵀ", "V3", &Simplifier::commutation_on_vec},
      {"Diag(vec A)·vec X = vec(A ⊙ X)", "V4", &Simplifier::diagonal_on_vec},
      {"1ᵀ·u = uᵀ·1 = sum u", "T6", &Simplifier::sum_of_column},
      {"(a ⊗ B)·C = a ⊗ B·C, C·(aᵀ ⊗ B) = aᵀ ⊗ C·B", "K3", &Simplifier::absorb},
  };
  return rules;
}

std::optional<Expression> Simplifier::merged(const Expression &a, const Expression &b) {
  for (const ChainRule &rule : chain_rules())
    if (const auto result = (this->*rule.merge)(a, b)) {
      note(rule.rule, rule.ledger, unique(a * b), unique(*result));
      return unique(*result);
    }
  return std::nullopt;
}

Monomial Simplifier::reduced(Monomial m) {
  for (std::size_t i = 0; i + 1 < m.matrices.size();) {
    const auto result = merged(m.matrices[i], m.matrices[i + 1]);
    if (!result) {
      ++i;
      continue;
    }
    const Monomial part = monomial_of(*result);
    const auto at = m.matrices.begin() + static_cast<std::ptrdiff_t>(i);
    m.matrices.insert(m.matrices.erase(at, at + 2), part.matrices.begin(), part.matrices.end());
    m.number *= part.number;
    m.scalars.insert(m.scalars.end(), part.scalars.begin(), part.scalars.end());
    if (i > 0) --i;
  }
  return m;
}

std::optional<Expression> Simplifier::merge_kronecker(const Expression &a, const Expression &b) {
  if (!is_kron(a) || !is_kron(b) || argument(a, 0).cols() != argument(b, 0).rows()) return std::nullopt;
  return kronecker_product(product(argument(a, 0), argument(b, 0)), product(argument(a, 1), argument(b, 1)));
}

/// (A ⊗ B)·C with C = 1 ⊗ C, by K3; and A·(B ⊗ C) likewise.
std::optional<Expression> Simplifier::absorb(const Expression &a, const Expression &b) {
  if (is_kron(a) && argument(a, 0).cols() == 1) return kronecker_product(argument(a, 0), product(argument(a, 1), b));
  if (is_kron(b) && argument(b, 0).rows() == 1) return kronecker_product(argument(b, 0), product(a, argument(b, 1)));
  return std::nullopt;
}

/// Of a row of ones and a column, or a row and a column of ones.
std::optional<Expression> Simplifier::sum_of_column(const Expression &a, const Expression &b) {
  if (a.rows() != 1 || b.cols() != 1) return std::nullopt;
  if (is(a, Kind::filled)) return a.node()->alpha * kronvec::sum(b);
  if (is(b, Kind::filled)) return b.node()->alpha * kronvec::sum(transposed(a));
  return std::nullopt;
}

std::optional<Expression> Simplifier::merge_commutations(const Expression &a, const Expression &b) {
  if (!is(a, Kind::commutation) || !is(b, Kind::commutation)) return std::nullopt;
  if (a.node()->middle.m != b.node()->middle.n) return std::nullopt;
  return eye(a.rows());
}

std::optional<Expression> Simplifier::move_commutation(const Expression &a, const Expression &b) {
  if (!is_kron(a) || !is(b, Kind::commutation)) return std::nullopt;
  const Expression left = argument(a, 0), right = argument(a, 1);
  if (left.cols() != b.node()->middle.m || right.cols() != b.node()->middle.n) return std::nullopt;
  return product(unique(commutation_matrix(left.rows(), right.rows())), kronecker_product(right, left));
}

std::optional<Expression> Simplifier::merge_diagonals(const Expression &a, const Expression &b) {
  if (!is_diag(a) || !is_diag(b)) return std::nullopt;
  const Expression u = argument(a, 0), v = argument(b, 0);
  const bool stacked = is(u, Kind::reshape) && is(v, Kind::reshape) && argument(u, 0).shape() == argument(v, 0).shape();
  if (!stacked) return diagonal(entrywise_product(u, v));
  return diagonal(unique(vec(entrywise_product(argument(u, 0), argument(v, 0)))));
}

std::optional<Expression> Simplifier::cancel_inverse(const Expression &a, const Expression &b) {
  const auto is_inverse_of = [&](const Expression &u, const Expression &v) {
    if (is(u, Kind::inverse)) return same(argument(u, 0), v);
    const bool transposed_inverse = is(u, Kind::transpose) && is(argument(u, 0), Kind::inverse);
    return transposed_inverse && same(transposed(argument(argument(u, 0), 0)), v);
  };
  if (is_inverse_of(a, b) || is_inverse_of(b, a)) return eye(a.rows());
  return std::nullopt;
}

std::optional<Expression> Simplifier::kronecker_on_vec(const Expression &a, const Expression &b) {
  if (!is_kron(a)) return std::nullopt;
  const Expression left = argument(a, 0), right = argument(a, 1);
  const auto x = unstacked(b, {right.cols(), left.cols()});
  if (!x) return std::nullopt;
  return reshaped(product(product(right, *x), transposed(left)), {a.rows(), 1});
}

std::optional<Expression> Simplifier::commutation_on_vec(const Expression &a, const Expression &b) {
  if (!is(a, Kind::commutation)) return std::nullopt;
  const auto x = unstacked(b, {a.node()->middle.m, a.node()->middle.n});
  if (!x) return std::nullopt;
  return reshaped(transposed(*x), {a.rows(), 1});
}

std::optional<Expression> Simplifier::diagonal_on_vec(const Expression &a, const Expression &b) {
  if (!is_diag(a) || b.cols() != 1) return std::nullopt;
  const Expression d = argument(a, 0);
  const bool stacked = is(d, Kind::reshape) && is(b, Kind::reshape) && argument(d, 0).shape() == argument(b, 0).shape();
  if (!stacked) return entrywise_product(d, b);
  return reshaped(entrywise_product(argument(d, 0), argument(b, 0)), {a.rows(), 1});
}

} // namespace kronvec::derivation
